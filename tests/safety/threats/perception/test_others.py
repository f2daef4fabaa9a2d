"""Attacks that look into nothing: random, fixed, learned; and all kinds in other worlds."""

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats import from_dict, threats

REACH = {"step": 0.2}
ARRAYS = ["fgsm", "pgd", "mad", "critic", "robust_sarsa", "smoothed_pgd", "pa_ad"]
ANYTHING = ["random_percept", "learned_percept"]
WORLDS = {
    "torus": lambda: rallypoint.make("torus-v0", copies=3),
    "cartpole": lambda: rallypoint.make("cartpole-v1", copies=3),
    "pendulum": lambda: adapt("gymnasium:Pendulum-v1", copies=3),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("kind", [*ARRAYS, *ANYTHING])
def test_a_kind_keeps_the_contract_in_a_world_of_arrays(world, kind):
    table = {"kind": kind, "budget": {"reach": {**REACH, "norm": "l2", "shared": True}}}
    assert_is_threat(from_dict(table), env=WORLDS[world]())


@pytest.mark.parametrize("kind", [*ANYTHING, "percept_map"])
def test_a_kind_keeps_the_contract_where_a_number_is_seen(kind):
    table = {"kind": kind, "budget": {"reach": {"neighbours": "any", "episode": 4}}}
    assert_is_threat(from_dict(table), env=rallypoint.make("island-navigation-v0", copies=3))


@pytest.mark.parametrize("kind", [*ARRAYS, *ANYTHING])
def test_a_kind_keeps_the_contract_within_limits(kind):
    table = {"kind": kind, "victims": {"count": 2}, "when": {"every": 2}, "at_most": 1}
    assert_is_threat(from_dict({**table, "by": "harm" if threats[kind].weighs_harm else "order"}))
    assert_is_threat(from_dict({**table, "by": "random", "budget": {"reach": REACH, "agents": 1}}))


def island(threat, copies=4000):
    env = Threatened(rallypoint.make("island-navigation-v0", copies=copies), threat)
    return env, env.reset(seed=0)["agents"][:, 0], env.true_observations["agents"][:, 0]


def test_any_neighbour_is_as_likely_as_another():
    count = int(rallypoint.make("island-navigation-v0").groups[0].observation_space.n)
    near = [[k for k in (n - 2, n - 1, n + 1) if 0 <= k < count] for n in range(count)]
    threat = threats["random_percept"](budget={"reach": {"neighbours": near}})
    _, seen, true = island(threat)
    counts = np.array([(seen - true == off).sum() for off in (-2, -1, 1)])
    assert counts.sum() == 4000
    assert (abs(counts / 4000 - 1 / 3) < 0.03).all()


def test_two_percepts_are_swapped_and_others_are_not():
    env, seen, true = island(threats["percept_map"](swap=(3, 7)), copies=2)
    table = threats["percept_map"](shows=[[int(true[0]), 5]])
    assert (seen == true).all()
    env, seen, _ = island(table, copies=2)
    assert (seen == 5).all()
    assert env.receipts()[0].steps == 2
    swapped = threats["percept_map"](swap=(int(true[0]), 5))
    _, seen, _ = island(swapped, copies=2)
    assert (seen == 5).all()


def test_a_map_of_nothing_is_said_to_do_nothing():
    assert threats["percept_map"]().in_words()["does"].startswith("nothing, without a map; give")
    for told in ({"shows": ((1, 2),)}, {"table": (1, 2)}, {"swap": (1, 2)}):
        assert "nothing" not in threats["percept_map"](**told).in_words()["does"]


def test_a_table_may_go_by_the_true_state():
    world = rallypoint.make("island-navigation-v0", copies=5)
    model = world.transitions()
    space = world.groups[0].observation_space
    table = tuple(int(s) for s in (np.arange(model.num_states) + 1) % int(space.n))
    env = Threatened(world, threats["percept_map"](table=table, of="state"))
    seen = env.reset(seed=0)["agents"][:, 0]
    assert (seen == np.array(table)[world.state()]).all()
    assert disagreements(env.model, env.receipts()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"swap": (1, 2), "shows": ((1, 2),)}, "give one"),
        ({"of": "state"}, "a map of true states is a table"),
        ({"of": "place"}, "of is one of 'percept', 'state', got 'place'"),
        ({"swap": (0, 9999)}, "sees numbers in"),
        ({"table": (1, 2)}, "a table of percepts has"),
    ],
)
def test_a_map_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        island(threats["percept_map"](**settings), copies=1)


def test_an_array_is_not_mapped():
    with pytest.raises(InvalidConfig, match='mode = "swap" or "freeze"'):
        Threatened(rallypoint.make("cartpole-v1"), threats["percept_map"](swap=(1, 2)))


class Always:
    """An attacker that always does the same."""

    def __init__(self, action):
        self.action = np.asarray(action)

    def act(self, observations, draws):
        del draws
        return {
            name: np.broadcast_to(self.action, (*seen.shape[:2], *self.action.shape))
            for name, seen in observations.items()
        }


@pytest.mark.parametrize(("norm", "size"), [("linf", 1.0), ("l2", 0.5)])
def test_an_attacker_pushes_in_shares_of_the_reach(norm, size):
    reach = {"step": 0.2, "scale": [1.0, 1.0, 0.1, 1.0], "norm": norm}
    attacker = Always(np.float32([1.0, -1.0, 1.0, -1.0]))
    threat = threats["learned_percept"](budget={"reach": reach}, attacker=attacker)
    env = Threatened(rallypoint.make("cartpole-v1", copies=9), threat)
    lies = env.reset(seed=0)["agents"].astype(np.float64) - env.true_observations["agents"]
    wanted = size * 0.2 * np.array([1.0, -1.0, 0.1, -1.0])
    np.testing.assert_allclose(lies[:, 0], np.broadcast_to(wanted, (9, 4)), atol=1e-6)


def test_an_attacker_names_a_neighbour_or_leaves_the_truth():
    count = int(rallypoint.make("island-navigation-v0").groups[0].observation_space.n)
    near = [[k for k in (n - 2, n - 1, n + 1) if 0 <= k < count] for n in range(count)]
    for action, off in ((0, 0), (1, -2), (2, -1), (3, 1)):
        threat = threats["learned_percept"](
            budget={"reach": {"neighbours": near}}, attacker=Always(np.int64(action))
        )
        _, seen, true = island(threat, copies=3)
        assert (seen - true == off).all()


@pytest.mark.parametrize("action", [np.float32([0.0]), np.float32([2.0, 0, 0, 0])])
def test_an_attacker_of_another_world_is_refused(action):
    threat = threats["learned_percept"](budget={"reach": REACH}, attacker=Always(action))
    with pytest.raises(InvalidConfig, match="train it on adversary_view with the same reach"):
        Threatened(rallypoint.make("cartpole-v1"), threat)
