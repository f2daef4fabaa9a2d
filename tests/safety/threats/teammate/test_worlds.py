"""Broken and hostile teammates in other people's environments: mpe2 and magent2."""

import numpy as np
import pytest

from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import NotOffered
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import from_dict

SPREAD = "mpe2.simple_spread_v3:parallel_env"
BATTLE = "magent2.environments.battle_v4:parallel_env"
WORLDS = {
    "spread": lambda: adapt(SPREAD, copies=3, noop=0),
    "continuous_spread": lambda: adapt(SPREAD, copies=3, noop=[0.0] * 5, continuous_actions=True),
    "battle": lambda: adapt(BATTLE, copies=2, noop=6, map_size=12, max_cycles=20),
}
THREATS = [
    {"kind": "stutter", "epsilon": 0.5},
    {"kind": "traitor", "policy": "freeze"},
    {"kind": "traitor", "policy": "uniform", "when": {"probability": 0.3}},
    {"kind": "random_action"},
    {"kind": "constant_action"},
    {"kind": "noisy_action", "epsilon": 0.5},
    {"kind": "crash", "mode": "frozen", "when": {"from": 3}},
    {"kind": "one_of", "types": [{"kind": "stutter"}, {"kind": "traitor"}], "probability": 0.5},
]


def name_of(table):
    return f"{table['kind']}-{table.get('policy', '')}"


@pytest.mark.parametrize("world", ["spread", "continuous_spread"])
@pytest.mark.parametrize("table", THREATS, ids=name_of)
def test_a_threat_keeps_the_contract(world, table):
    assert_is_threat(from_dict(table), env=WORLDS[world]())


@pytest.mark.parametrize("world", WORLDS)
def test_all_at_once_do_what_their_receipts_say(world):
    env = WORLDS[world]()
    victims = {"counts": [1, 2]}
    model = ThreatModel.from_dict({"threats": [{**table, "victims": victims} for table in THREATS]})
    threatened = Threatened(env, model, seed=1)
    actor = Actor(threatened)
    threatened.reset(seed=0)
    for _ in range(12):
        step = threatened.step(actor.choose())
        if step.ended.any():
            threatened.reset(mask=step.ended)
    receipts = threatened.receipts()
    assert disagreements(model, receipts) == []
    # By chance, nobody may be of one of the types.
    idle = {receipt.kind for receipt in receipts if not sum(receipt.applications.values())}
    assert idle <= {"one_of"}


@pytest.mark.parametrize(("world", "still"), [("spread", 0), ("battle", 6)])
def test_who_freezes_for_a_while_goes_on_afterwards(world, still):
    env = WORLDS[world]()
    victim = env.agents[0]
    freeze = {"kind": "traitor", "victims": [victim], "when": {"from": 2, "until": 5}}
    threatened = Threatened(env, ThreatModel.from_dict({"threats": [freeze]}), seed=1)
    threatened.reset(seed=0)
    actor = Actor(threatened)
    for step in range(8):
        infos = threatened.step(actor.choose()).infos
        executed, proposed = infos["executed/agents"][:, 0], infos["proposed/agents"][:, 0]
        expected = still if 2 <= step < 5 else proposed
        np.testing.assert_array_equal(executed, np.broadcast_to(expected, executed.shape))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", ["anti_goal", "lossy_sight", "spoofed_sight"])
def test_where_nobody_says_who_is_where_that_is_the_reason(world, kind):
    with pytest.raises(NotOffered, match=f"the threat '{kind}' .*needs geometry"):
        Threatened(WORLDS[world](), ThreatModel.from_dict({"threats": [{"kind": kind}]}))
