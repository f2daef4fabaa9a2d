"""Look-ahead beside a world rolled forward by hand, and what it can do that others cannot."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.rules import CircularMean
from rallypoint.batch_env import Geometry
from rallypoint.draws import Draws
from rallypoint.envs.gathering import metrics
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.teammate.anti_goal import AntiGoal
from rallypoint.safety.threats.teammate.look_ahead import LookAhead
from rallypoint.safety.whereabouts import away_from_all, counted, togetherness

POLICY = CircularMean()
NO_DRAWS = Draws(0, "test/look-ahead", [0])  # the policy draws nothing


def seen_from(positions, cells=13):
    ahead = (positions[None, :] - positions[:, None]) % cells
    return (ahead[..., None] == np.arange(cells)).sum(axis=1).astype(np.float32)


def by_hand(geometry, positions, liars, chosen, depth):
    """Try each action of each liar in turn, in one copy, with plain loops."""
    honest = np.ones((1, len(positions)), dtype=bool)
    honest[0, liars] = False

    def away(places):
        return away_from_all(geometry._replace(positions=places[None, :, None]), honest)[0]

    now = chosen.copy()
    now[liars] = away(positions)[liars]
    for liar in liars:
        worth = []
        for action in range(3):
            places, actions, total = positions.copy(), now.copy(), 0.0
            actions[liar] = action
            for _ in range(depth):
                places = (places + np.array([0, 1, -1])[actions]) % 13
                there = geometry._replace(positions=places[None, :, None])
                total += togetherness(counted(there, honest), geometry.distances)[0]
                actions = POLICY.act({"agents": seen_from(places)[None]}, NO_DRAWS)["agents"][0]
                actions[liars] = away(places)[liars]
            worth.append(total)
        now[liar] = int(np.argmin(worth))
    return now


@pytest.mark.parametrize("depth", [1, 3])
def test_it_takes_what_trying_everything_by_hand_finds_worst(depth):
    env = Threatened(
        rallypoint.make("gathering-v0", copies=12),
        [LookAhead(victims=[2, 5], depth=depth)],
        policy=POLICY,
    )
    seen = env.reset(seed=1)
    for _ in range(3):
        geometry: Geometry = env.geometry()
        chosen = POLICY.act(seen, NO_DRAWS)
        step = env.step(chosen)
        for row in range(12):
            positions = geometry.positions[row, :, 0]
            expected = by_hand(geometry, positions, [2, 5], chosen["agents"][row], depth)
            np.testing.assert_array_equal(step.infos["executed/agents"][row], expected)
        seen = step.observations


def held_apart(threat, copies=40):
    env = Threatened(rallypoint.make("gathering-v0", copies=copies), [threat], policy=POLICY)
    seen, apart = env.reset(seed=0), 0.0
    for _ in range(30):
        seen = env.step(POLICY.act(seen, NO_DRAWS)).observations
        honest = np.arange(10) > 1
        counts = metrics.counts(env.state(), 13, np.broadcast_to(honest, (copies, 10)))
        apart += 1 - metrics.is_gathered(counts).mean()
    return apart / 30


def test_it_does_no_less_harm_than_the_anti_goal():
    assert held_apart(LookAhead(victims=[0, 1])) >= held_apart(AntiGoal(victims=[0, 1]))


class First:
    """Does the first action."""

    def act(self, observations, draws):
        return {k: np.zeros(seen.shape[:2], dtype=int) for k, seen in observations.items()}


def test_with_the_aim_of_their_return_it_works_without_a_geometry():
    threat = LookAhead(victims=[1], depth=1, objective="return")
    game = rallypoint.make("coordination-toy-v0", copies=6)
    env = Threatened(game, [threat], policy=First())
    seen = env.reset(seed=0)
    for _ in range(20):
        step = env.step(First().act(seen, NO_DRAWS))
        # State 0 pays equal actions and state 1 unequal ones: the liar denies both.
        assert not step.rewards[:, 0].any()
        seen = step.observations


def test_what_comes_after_the_end_of_an_episode_does_not_count():
    env = Threatened(
        rallypoint.make("gathering-v0", copies=3, max_cycles=2),
        [LookAhead(victims=[0], depth=6)],
        policy=POLICY,
    )
    seen = env.reset(seed=0)
    for _ in range(2):
        geometry = env.geometry()
        chosen = POLICY.act(seen, NO_DRAWS)
        step = env.step(chosen)
    for row in range(3):
        positions = geometry.positions[row, :, 0]
        expected = by_hand(geometry, positions, [0], chosen["agents"][row], 1)
        np.testing.assert_array_equal(step.infos["executed/agents"][row], expected)


def test_a_copy_is_attacked_alike_whoever_is_beside_it():
    def course(ids):
        ring = rallypoint.make("gathering-v0", copies=ids)
        # As many liars as is drawn: others look ahead for more of them, or for fewer.
        threat = LookAhead(victims={"counts": [0, 1, 3]}, depth=2)
        policy = Coin()
        env = Threatened(ring, [threat], policy=policy)
        draws = Draws(5, "test/coin", ids)
        seen, states = env.reset(seed=4), []
        for _ in range(12):
            seen = env.step(policy.act(seen, draws)).observations
            states.append(env.state())
        return np.array(states)

    whole = course(range(8))
    np.testing.assert_array_equal(course([5]), whole[:, [5]])
    np.testing.assert_array_equal(course([2, 3]), whole[:, 2:4])


class Coin:
    """Walks by coins."""

    def act(self, observations, draws):
        return {k: draws.integers(3, seen.shape[1:2]) for k, seen in observations.items()}


@pytest.mark.parametrize("objective", ["together", "return"])
def test_it_keeps_the_contract(objective):
    threat = LookAhead(victims={"count": 2}, depth=2, objective=objective)
    assert_is_threat(threat, env=rallypoint.make("gathering-v0", copies=3))
    assert_is_threat(threat, env=rallypoint.make("torus-v0", copies=3))


def test_a_policy_that_remembers_is_refused():
    class Remembers(CircularMean):
        def begin_episode(self, mask):
            """Forget."""

    ring = rallypoint.make("gathering-v0")
    env = Threatened(ring, [LookAhead(victims=[0])], policy=Remembers())
    seen = env.reset(seed=0)
    with pytest.raises(InvalidConfig, match="remembers from step to step"):
        env.step(POLICY.act(seen, NO_DRAWS))


def test_worlds_in_which_it_cannot_look_ahead_are_refused():
    threat = LookAhead(victims=[0], objective="return")
    with pytest.raises(NotOffered, match="does not offer"):
        Threatened(adapt("mpe2.simple_spread_v3:parallel_env"), [threat], policy=POLICY)
    with pytest.raises(NotOffered, match="the frame was given none"):
        Threatened(rallypoint.make("gathering-v0"), [threat])


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="depth is a number of steps >= 1, got 0"):
        LookAhead(depth=0)
    with pytest.raises(InvalidConfig, match="'retrun'; did you mean 'return'"):
        LookAhead(objective="retrun")
