"""The hand rules of the torus, and how well they were found to gather."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.rules import OmniscientMean, SeenMean, UniformRandom
from rallypoint.draws import Draws
from rallypoint.envs.torus import metrics
from rallypoint.errors import InvalidConfig

COPIES = 300


def outcome(id, make_policy):
    """Return the mean in-group share and first step of a rule, over some hundred episodes."""
    env = rallypoint.make(id, copies=COPIES)
    policy = make_policy(env)
    gathered = np.array(
        [
            metrics.is_gathered(metrics.counts(env.state(), env.width))
            for _ in play(env, policy, Draws(0, "test/rule", env.copies), seed=1)
        ]
    )
    return metrics.in_group(gathered).mean(), metrics.first_gathered(gathered).mean()


# Within four standard errors of the values of 800 other episodes, in-group share and first step.
@pytest.mark.parametrize(
    ("id", "make_policy", "share", "first"),
    [
        ("torus-small-v0", OmniscientMean, (1.0, 1.0), (3.1, 3.7)),
        ("torus-v0", OmniscientMean, (0.99, 1.0), (4.8, 5.5)),
        ("torus-hard-v0", OmniscientMean, (0.99, 1.0), (7.4, 8.6)),
        ("torus-small-v0", lambda env: SeenMean(width=env.width), (0.99, 1.0), (3.2, 3.9)),
        ("torus-v0", lambda _: SeenMean(), (0.91, 1.0), (5.5, 11.0)),
        ("torus-v0", lambda _: SeenMean(wander=True), (0.98, 1.0), (6.5, 8.5)),
        ("torus-hard-v0", lambda _: SeenMean(), (0.3, 0.55), (50, 72)),
        ("torus-hard-v0", lambda _: SeenMean(wander=True), (0.52, 0.74), (42, 62)),
        ("torus-v0", lambda env: UniformRandom(env.groups), (0.0, 0.003), (49.5, 50)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_rules_gather_as_well_as_they_were_found_to(id, make_policy, share, first):
    in_group, first_gathered = outcome(id, make_policy)
    assert share[0] <= in_group <= share[1]
    assert first[0] <= first_gathered <= first[1]


def act(policy, seen):
    shares = np.zeros((1, 1, 25), dtype=np.float32)
    for entry, share in seen.items():
        shares[0, 0, entry] = share
    return int(policy.act({"agents": shares}, Draws(0, "test/rule", [0]))["agents"][0, 0])


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        ({12: 0.1}, 0),
        ({12: 0.1, 17: 0.4}, 1),
        ({12: 0.1, 2: 0.4}, 2),
        ({12: 0.1, 13: 0.4}, 3),
        ({12: 0.1, 10: 0.4}, 4),
        ({12: 0.1, 17: 0.1, 10: 0.4}, 4),  # the longer axis first
        ({12: 0.5, 17: 0.1}, 0),  # less than half a cell away
        ({12: 0.6, 2: 0.2, 22: 0.2}, 0),
        ({}, 0),
    ],
    ids=str,
)
def test_the_seen_mean_is_walked_to_along_the_longer_axis(seen, action):
    assert act(SeenMean(), seen) == action
    assert act(SeenMean(width=11), seen) == action


def test_who_sees_enough_does_not_wander_and_who_sees_little_does():
    shares = np.zeros((1000, 1, 25), dtype=np.float32)
    policy, draws = SeenMean(wander=True), Draws(0, "test/rule", range(1000))
    for seen, wandering in ((0.8, 0.0), (0.1, 0.7)):
        shares[..., 12] = seen
        moves = policy.act({"agents": shares}, draws)["agents"]
        assert (moves > 0).mean() == pytest.approx(wandering, abs=0.06)
    assert set(moves.ravel().tolist()) == {0, 1, 2, 3, 4}


def test_the_omniscient_rule_sees_round_the_torus_and_past_those_who_are_gone():
    start = np.array([[14, 0], [1, 0], [0, 7], [7, 7]])
    env = rallypoint.make("torus-v0", num_agents=4, start=start)
    env.reset(seed=0)
    env.remove(np.array([[False, False, True, True]]))
    actions = OmniscientMean(env).act({}, Draws(0, "test/rule", env.copies))["agents"]
    assert actions.tolist() == [[1, 2, 0, 0]]


def test_the_omniscient_rule_stays_where_the_torus_is_balanced():
    everywhere = np.stack(np.divmod(np.arange(25), 5), axis=1)
    env = rallypoint.make(
        "torus-v0", num_agents=25, width=5, limits=(0, 1, 2), start=everywhere, copies=2
    )
    env.reset(seed=0)
    assert not OmniscientMean(env).act({}, Draws(0, "test/rule", env.copies))["agents"].any()


def test_the_omniscient_rule_needs_a_world_of_two_coordinates():
    with pytest.raises(InvalidConfig, match="gathering-v0 has no rows"):
        OmniscientMean(rallypoint.make("gathering-v0"))


@pytest.mark.parametrize("make_policy", [OmniscientMean, lambda _: SeenMean(wander=True)])
def test_a_rule_acts_the_same_in_any_batch(make_policy):
    def actions(copies):
        env = rallypoint.make("torus-v0", copies=copies, max_cycles=6)
        draws = Draws(0, "test/rule", env.copies)
        return np.stack(
            [m.actions["agents"] for m in play(env, make_policy(env), draws, seed=1)], axis=1
        )

    np.testing.assert_array_equal(actions([70, 3]), actions(90)[[70, 3]])
