"""Exact values of small tasks, beside what can be worked out in the head or by playing them."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.transitions import (
    Transitions,
    check_transitions,
    joint_actions,
    optimal_values,
    policy_values,
)


def random_task(seed, num_states=5, counts=(2, 3), outcomes=3, ends=0.2):
    rng = np.random.default_rng(seed)
    actions = joint_actions(counts)
    shape = (num_states, len(actions), outcomes)
    return Transitions(
        next_states=rng.integers(num_states, size=shape),
        probabilities=rng.dirichlet(np.ones(outcomes), size=shape[:2]),
        rewards=rng.normal(size=(*shape, len(counts))),
        terminated=rng.random(shape) < ends,
        start=rng.dirichlet(np.ones(num_states)),
        actions=actions,
    )


def corridor(length):
    """Walk left or right for -1 a step; the last state pays 10 more and ends."""
    states = np.arange(length)
    to = np.stack([np.maximum(states - 1, 0), states + 1], axis=1)
    ends = to >= length - 1
    return Transitions(
        next_states=np.minimum(to, length - 1)[..., None],
        probabilities=np.ones((length, 2, 1)),
        rewards=(np.where(ends, 10.0, 0.0) - 1)[..., None, None],
        terminated=ends[..., None],
        start=np.eye(length)[0],
        actions=joint_actions((2,)),
    )


def by_hand(model, gamma, horizon, weights):
    """Bellman's recursion, spelled out."""
    values = [0.0] * model.num_states
    for _ in range(horizon):
        worth = np.zeros(model.next_states.shape[:2])
        for s, a, k in np.ndindex(model.next_states.shape):
            after = 0.0 if model.terminated[s, a, k] else values[model.next_states[s, a, k]]
            paid = sum(w * r for w, r in zip(weights, model.rewards[s, a, k], strict=True))
            worth[s, a] += model.probabilities[s, a, k] * (paid + gamma * after)
        values = [max(row) for row in worth]
    return worth


@pytest.mark.parametrize("seed", range(3))
def test_a_horizon_is_so_many_sweeps_of_the_recursion(seed):
    model, weights = random_task(seed), (0.3, 2.0)
    values = optimal_values(model, gamma=0.9, horizon=4, weights=weights)
    np.testing.assert_allclose(values, by_hand(model, 0.9, 4, weights), atol=1e-12)


def test_without_a_horizon_values_solve_bellmans_equation():
    model = random_task(0)
    values = optimal_values(model, gamma=0.9)
    long = by_hand(model, 0.9, 400, (1, 1))
    np.testing.assert_allclose(values, long, atol=1e-9)


def test_the_way_out_of_a_corridor_needs_no_discount():
    values = optimal_values(corridor(5), gamma=1)
    assert values.max(axis=1).tolist() == [6, 7, 8, 9, 9]
    assert values[:4].argmax(axis=1).tolist() == [1, 1, 1, 1]
    assert optimal_values(corridor(5), gamma=1, horizon=3)[0].tolist() == [-3, -3]
    assert not optimal_values(corridor(5), gamma=1, horizon=0).any()


def test_what_pays_without_end_is_refused_not_returned():
    model = random_task(0, ends=0)
    with pytest.raises(InvalidConfig, match="pays without end"):
        optimal_values(model._replace(rewards=np.abs(model.rewards)), gamma=1)


def test_following_the_best_policy_is_worth_what_it_says():
    model = random_task(1)
    values = optimal_values(model, gamma=0.9)
    greedy = np.eye(len(model.actions))[values.argmax(axis=1)]
    team = policy_values(model, greedy, gamma=0.9).sum(axis=1)
    np.testing.assert_allclose(team, values.max(axis=1), atol=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.8, 1.0])
def test_a_policy_is_worth_the_limit_of_its_horizons(gamma):
    model = random_task(2)
    rng = np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(len(model.actions)), size=model.num_states)
    exact = policy_values(model, policy, gamma=gamma)
    long = policy_values(model, policy, gamma=gamma, horizon=500)
    np.testing.assert_allclose(exact, long, atol=1e-9)
    assert exact.shape == (5, 2)


def test_a_policy_that_may_go_on_for_ever_has_no_value_without_discount():
    model = corridor(4)
    left = np.eye(2)[np.zeros(4, dtype=int)]
    with pytest.raises(InvalidConfig, match="go on for ever"):
        policy_values(model, left, gamma=1)
    assert policy_values(model, left, gamma=1, horizon=7)[0].tolist() == [-7]
    # A coin ends it sooner or later, however it begins: hitting time by the textbook formula.
    coin = policy_values(model, np.full((4, 2), 0.5), gamma=1)
    assert coin[0, 0] == pytest.approx(10 - 3 * 4)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda m: m._replace(next_states=m.next_states[:, :2]), r"shape \(S, A, K\)"),
        (lambda m: m._replace(terminated=m.terminated[..., :1]), "terminated has shape"),
        (lambda m: m._replace(rewards=m.rewards[..., 0]), "rewards has shape"),
        (lambda m: m._replace(next_states=m.next_states + 1), r"lie in 0\.\.4, got 1\.\.5"),
        (lambda m: m._replace(probabilities=m.probabilities * 0.9), r"in \[0, 0\]"),
        (lambda m: m._replace(start=m.start * np.nan), "start are >= 0"),
        (lambda m: m._replace(rewards=m.rewards / 0), r"\(s, a, k, agent\) = \[0, 0, 0, 0\]"),
        (lambda m: m._replace(actions=m.actions[::-1]), "every combination once"),
    ],
)
def test_a_model_that_is_none_is_refused(broken, sentence):
    model = random_task(0)
    check_transitions(model)
    with np.errstate(divide="ignore"), pytest.raises(InvalidConfig, match=sentence):
        check_transitions(broken(model))


def test_policies_and_discounts_that_are_none_are_refused():
    model = random_task(0)
    with pytest.raises(InvalidConfig, match=r"\(S, A\) = \(5, 6\), got \(5, 2\)"):
        policy_values(model, np.ones((5, 2)) / 2, gamma=0.9)
    with pytest.raises(InvalidConfig, match="policy are >= 0 and sum to one"):
        policy_values(model, np.ones((5, 6)), gamma=0.9)
    with pytest.raises(InvalidConfig, match=r"gamma lies in \[0, 1\], got 1.5"):
        optimal_values(model, gamma=1.5)
