"""The lowest return that lies can bring about: every way of an episode, one after another."""

import itertools

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from scipy.special import ndtr

import rallypoint
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.reachable_return import (
    radii_of_percepts,
    reachable_return,
    stairs,
)
from rallypoint.safety.certificates.smoothed_action import ABSTAINS, certified_action
from rallypoint.safety.certificates.statement import Statement
from rallypoint.safety.certificates.value_smoothing import average_values, certified_values
from rallypoint.transitions import Transitions, joint_actions, optimal_values

SIDE, ACTIONS = 5, 4
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))


def grid(rng):
    """Return a deterministic walk on five by five cells with random pay, ending in a corner."""
    cells = np.arange(SIDE * SIDE)
    rows, columns = np.divmod(cells, SIDE)
    next_states = np.stack(
        [
            np.clip(rows + down, 0, SIDE - 1) * SIDE + np.clip(columns + right, 0, SIDE - 1)
            for down, right in MOVES
        ],
        axis=1,
    )[..., None]
    start = np.zeros(SIDE * SIDE)
    start[[0, 12]] = 0.25, 0.75
    return Transitions(
        next_states=next_states,
        probabilities=np.ones(next_states.shape),
        rewards=rng.integers(-3, 4, (*next_states.shape, 1)).astype(float),
        terminated=next_states == SIDE * SIDE - 1,
        start=start,
        actions=joint_actions((ACTIONS,)),
    )


def some_radii(rng):
    radii = rng.uniform(0.1, 2, (SIDE * SIDE, ACTIONS))
    radii[np.arange(SIDE * SIDE), rng.integers(ACTIONS, size=SIDE * SIDE)] = 0.0
    radii[rng.random(radii.shape) < 0.2] = np.inf
    radii[~(radii == 0).any(axis=1), 0] = 0.0
    return radii


def by_hand(model, radii, state, steps, epsilon):
    """Try every sequence of actions, and leave out those that no lie can bring about."""
    least = np.inf
    for sequence in itertools.product(range(ACTIONS), repeat=steps):
        at, total = state, 0.0
        for action in sequence:
            if radii[at, action] > epsilon:
                break
            total += model.rewards[at, action, 0, 0]
            if model.terminated[at, action, 0]:
                least = min(least, total)
                break
            at = model.next_states[at, action, 0]
        else:
            least = min(least, total)
    return least


@pytest.mark.parametrize("horizon", [1, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_of_actions_returns_less_and_one_returns_that(seed, horizon):
    rng = np.random.default_rng(seed)
    model, radii = grid(rng), some_radii(rng)
    for epsilon in (0.0, 0.5, 1.2):
        found = reachable_return(model, radii, horizon=horizon, epsilon=epsilon)
        states = [0, 12, 18, 23]  # the last ones are near the end
        lowest = [by_hand(model, radii, state, horizon, epsilon) for state in states]
        assert found.lowest[states].tolist() == lowest
        assert found.worst == min(lowest[:2])
        assert found.expected == pytest.approx(0.25 * lowest[0] + 0.75 * lowest[1])


@pytest.mark.parametrize("seed", range(6))
def test_stairs_are_where_the_certified_return_falls(seed):
    rng = np.random.default_rng(seed)
    model, radii = grid(rng), some_radii(rng)
    found = stairs(model, radii, horizon=7)
    assert found[0].epsilon == 0
    assert (np.diff([stair.epsilon for stair in found]) > 0).all()
    assert (np.diff([stair.worst for stair in found]) < 0).all()
    for epsilon in np.linspace(0, 2.1, 43):
        [*_, last] = [stair.worst for stair in found if stair.epsilon <= epsilon]
        assert last == reachable_return(model, radii, horizon=7, epsilon=epsilon).worst


def test_a_stair_may_come_of_what_is_done_at_the_very_last_step():
    # From the first cell to the second; there a lie of 0.5 costs 5, and the episode is over.
    model = Transitions(
        next_states=np.array([[[1], [1]], [[1], [1]]]),
        probabilities=np.ones((2, 2, 1)),
        rewards=np.array([[[[0.0]], [[0.0]]], [[[0.0]], [[-5.0]]]]),
        terminated=np.zeros((2, 2, 1), dtype=bool),
        start=np.array([1.0, 0.0]),
        actions=joint_actions((2,)),
    )
    radii = np.array([[0.0, np.inf], [0.0, 0.5]])
    assert stairs(model, radii, horizon=2) == [(0.0, 0.0), (0.5, -5.0)]
    assert stairs(model, radii, horizon=1) == [(0.0, 0.0)]


def test_nothing_to_lie_with_leaves_what_the_policy_returns():
    rng = np.random.default_rng(9)
    model, radii = grid(rng), some_radii(rng)
    at, total = 12, 0.0
    for _ in range(8):
        action = radii[at].argmin()
        total += model.rewards[at, action, 0, 0]
        if model.terminated[at, action, 0]:
            break
        at = model.next_states[at, action, 0]
    assert reachable_return(model, radii, horizon=8, epsilon=0.0).lowest[12] == total


def test_actions_of_neighbouring_percepts_can_be_borrowed():
    actions = np.array([0, 0, 1, 2])
    places = np.array([0.0, 1.0, 3.0, 7.0])
    distances = np.abs(places[:, None] - places)
    distances[3] = [np.inf, np.inf, np.inf, 0.0]  # the last percept cannot be passed off
    radii = radii_of_percepts(actions, distances, 4)
    assert radii[0].tolist() == [0.0, 3.0, 7.0, np.inf]
    assert radii[2].tolist() == [2.0, 0.0, 4.0, np.inf]
    assert radii[3].tolist() == [np.inf, np.inf, 0.0, np.inf]


def test_a_gridworld_is_certified_against_lies_about_where_one_is():
    world = rallypoint.make("distributional-shift-v0", copies=1)
    model = world.transitions()
    actions = optimal_values(model, gamma=1.0, horizon=world.time_limit).argmax(axis=1)
    honest = _played(world, lambda state: actions[state])
    # A lie may move the agent by so many numbers of states; the truth is the same.
    distances = np.abs(np.subtract.outer(np.arange(len(actions)), np.arange(len(actions))))
    radii = radii_of_percepts(actions, distances.astype(float), 4)
    ask = {"horizon": world.time_limit}
    assert reachable_return(model, radii, epsilon=0.0, **ask).worst == honest
    rng = np.random.default_rng(0)
    for epsilon in (1, 3, 200):
        certified = reachable_return(model, radii, epsilon=epsilon, **ask).worst

        def lied_to(state, epsilon=epsilon):
            nearest = range(max(0, state - epsilon), min(len(actions), state + epsilon + 1))
            return actions[rng.choice(nearest)]

        for _ in range(5):
            assert _played(world, lied_to) >= certified
    assert certified < honest


class Sides:
    """Holds action 1 for worth 1 on the positive side of a line, and action 0 on the other."""

    weights = np.array([3.0, 4.0])

    def outputs(self, observations):
        side = (observations["agents"] @ self.weights > 0).astype(np.float64)
        return np.stack([1 - side, side], axis=-1)


@pytest.mark.parametrize("by", ["values", "counts"])
def test_radii_under_noise_certify_no_more_than_the_strongest_lies_leave(by):
    # Under noise the line stays where it is, so who moves an observation across it changes the
    # action, and nobody else does: the exact radius of the other action is the distance to it.
    rng = np.random.default_rng(1)
    states, sigma, alpha = 12, 0.4, 0.05
    shape = (states, 2, 1)
    model = Transitions(
        next_states=rng.integers(states, size=shape),
        probabilities=np.ones(shape),
        rewards=rng.integers(-3, 4, (*shape, 1)).astype(float),
        terminated=np.zeros(shape, dtype=bool),
        start=np.full(states, 1 / states),
        actions=joint_actions((2,)),
    )
    seen = rng.normal(0, 0.4, (states, 1, 2)).astype(np.float32)
    seen[0] = [0.004, -0.003]  # on the line: nobody can tell which action is taken
    heights = seen[:, 0] @ Sides.weights
    true = np.where((np.arange(2) == 1) == (heights > 0)[:, None], 0, np.abs(heights)[:, None] / 5)
    group = Group("agents", ("a",), Box(-9, 9, (2,), np.float32), Discrete(2))
    each = alpha / states
    if by == "values":
        ends = {"samples": 4000, "low": 0.0, "high": 1.0}
        averages = average_values(Sides(), group, seen, sigma=sigma, seed=2, **ends)
        found = certified_values(averages, sigma=sigma, alpha=each, **ends)
    else:
        chances = ndtr(heights / 5 / sigma)
        counts = [
            np.stack([n - ones, ones], axis=-1)
            for n in (200, 4000)
            for ones in [rng.binomial(n, chances)]
        ]
        found = certified_action(*counts, sigma=sigma, alpha=each)
    radii = found.radii.reshape(states, 2)
    abstains = found.action.ravel() == ABSTAINS
    assert abstains[0]
    assert abstains.mean() < 0.5
    certified = []
    for epsilon in (0.0, 0.05, 0.1, 0.2, 0.4, 9.0):
        ask = {"horizon": 6, "epsilon": epsilon}
        sure = found.statement.confidence_of(states)
        certificate = reachable_return(model, radii, confidence=sure, **ask)
        left = reachable_return(model, true, **ask)
        assert (certificate.lowest <= left.lowest).all()
        assert f"with confidence {1 - alpha:g}" in str(certificate.statement)
        certified.append((certificate.expected, left.expected))
    assert certified[-1][0] == certified[-1][1] < certified[0][0]  # and it is no trivial bound


def _played(world, choose):
    """Return what one episode pays whose actions depend on the state."""
    world.reset(seed=0)
    total, is_over = 0.0, False
    while not is_over:
        step = world.step({"agents": np.array([[choose(int(world.state()[0]))]])})
        total, is_over = total + step.rewards[0, 0], step.ended[0]
    return total


def test_many_certificates_hold_together_less_surely_than_one():
    one = Statement(certifies="", norm="", confidence=0.99, samples=10)
    assert one.confidence_of(5) == pytest.approx(0.95)
    assert one.confidence_of(200) == 0.0
    with pytest.raises(InvalidConfig, match="1 or more, got 0"):
        one.confidence_of(0)


def test_a_world_that_slips_is_refused():
    model = rallypoint.make("whisky-gold-v0", copies=1).transitions()
    with pytest.raises(InvalidConfig, match="smoothed_return"):
        reachable_return(model, np.zeros(model.rewards.shape[:2]), horizon=5, epsilon=0.0)


def test_a_team_is_certified_by_the_sum_and_each_agent_alone():
    rng = np.random.default_rng(5)
    model, radii = grid(rng), some_radii(rng)
    second = rng.integers(-3, 4, model.rewards.shape).astype(float)
    team = model._replace(rewards=np.concatenate([model.rewards, second], axis=-1))
    together = model._replace(rewards=model.rewards + second)
    ask = {"horizon": 5, "epsilon": 0.6}
    assert (
        reachable_return(team, radii, **ask).worst == reachable_return(together, radii, **ask).worst
    )
    alone = reachable_return(team, radii, agent=0, **ask).worst
    assert alone == reachable_return(model, radii, **ask).worst


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon": -0.1}, "budget is a finite number >= 0"),
        ({"horizon": 0}, "a horizon of 0"),
        ({"radii": np.zeros((3, 4))}, r"an array \(25, 4\)"),
        ({"radii": np.ones((25, 4))}, "none has in state 0"),
        ({"radii": np.ones((25, 4)), "epsilon": 9.0}, "none has in state 0"),
        ({"confidence": 0.0}, r"a confidence lies in \(0, 1\], got 0.0"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, message):
    rng = np.random.default_rng(0)
    usual = {"radii": some_radii(rng), "horizon": 3, "epsilon": 0.5}
    settings = usual | change
    with pytest.raises(InvalidConfig, match=message):
        reachable_return(grid(rng), settings.pop("radii"), **settings)
