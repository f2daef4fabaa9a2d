"""Every threat to a world keeps the contract in worlds of several kinds, other people's too."""

import pytest

import rallypoint
from rallypoint.envs.views.adapter import adapt
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.threats import from_dict

SPREAD = "mpe2.simple_spread_v3:parallel_env"
WORLDS = {
    "ring": lambda: rallypoint.make("gathering-v0", copies=3),
    "torus": lambda: rallypoint.make("torus-v0", copies=3),
    "island": lambda: rallypoint.make("island-navigation-v0", copies=3),
    "cartpole": lambda: rallypoint.make("cartpole-v1", copies=3),
    "spread": lambda: adapt(SPREAD, copies=3),
    "continuous_spread": lambda: adapt(SPREAD, copies=3, continuous_actions=True),
    "pendulum": lambda: adapt("gymnasium:Pendulum-v1", copies=3),
}
ANYWHERE = [
    {"kind": "reward_flip", "factor": 2.0},
    {"kind": "reward_constant", "value": -1.0},
    {"kind": "reward_noise", "noise": "uniform"},
    {"kind": "reward_shuffle", "kept": 4},
    {"kind": "random_action"},
    {"kind": "noisy_action", "epsilon": 0.5},
    {"kind": "constant_action"},
    {"kind": "wrong_observation", "mode": "zeros"},
    {"kind": "wrong_observation", "mode": "freeze"},
]
SOMEWHERE = [
    ("island", {"kind": "reward_flip", "signal": "water"}),
    ("island", {"kind": "reward_shuffle", "signal": "water"}),
    *((world, {"kind": "wrong_observation"}) for world in ("ring", "torus", "spread")),
    *(
        (world, {"kind": "observation_noise", "scale": 0.5})
        for world in WORLDS
        if world != "island"  # where agents see a number
    ),
]


def name_of(table):
    return "-".join(str(value) for value in table.values())


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("table", ANYWHERE, ids=name_of)
def test_a_threat_keeps_the_contract_in_a_world(world, table):
    assert_is_threat(from_dict(table), env=WORLDS[world]())


@pytest.mark.parametrize(("world", "table"), SOMEWHERE, ids=str)
def test_a_threat_keeps_the_contract_where_it_can_be(world, table):
    assert_is_threat(from_dict(table), env=WORLDS[world]())


@pytest.mark.parametrize("table", ANYWHERE, ids=name_of)
def test_a_threat_keeps_the_contract_within_limits_and_by_the_byzantine(table):
    assert_is_threat(from_dict({**table, "victims": "byzantine", "when": {"every": 2}}))
    assert_is_threat(from_dict({**table, "victims": {"count": 2}, "budget": {"agents": 1}}))
