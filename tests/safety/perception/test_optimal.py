"""The exact adversary of a policy: below every other, and what theory says of it."""

import itertools

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.optimal import (
    greedy_adversary,
    optimal_adversary,
    values_under,
)
from rallypoint.safety.threats.perception.percept_map import PerceptMap
from rallypoint.transitions import Transitions, optimal_values, policy_values

GAMMA = 0.9


def grid(size=4, seed=0, slip=0.1):
    """A square in which moves slip, one corner pays, and a step costs: (model, neighbours)."""
    rng = np.random.default_rng(seed)
    count = size * size
    rows, columns = np.divmod(np.arange(count), size)
    ways = ((-1, 0), (1, 0), (0, -1), (0, 1))
    to = np.stack(
        [
            np.clip(rows + down, 0, size - 1) * size + np.clip(columns + right, 0, size - 1)
            for down, right in ways
        ],
        axis=1,
    )  # (S, 4)
    next_states = np.broadcast_to(to[:, None, :], (count, 4, 4)).copy()
    probabilities = np.full((count, 4, 4), slip / 4)
    probabilities[:, np.arange(4), np.arange(4)] += 1 - slip
    rewards = np.where(next_states == count - 1, 1.0, -0.05)[..., None]
    rewards = rewards + 0.01 * rng.standard_normal(rewards.shape)
    model = Transitions(
        next_states=next_states,
        probabilities=probabilities,
        rewards=rewards,
        terminated=np.zeros(next_states.shape, dtype=bool),
        start=np.full(count, 1 / count),
        actions=np.arange(4)[:, None],
    )
    neighbours = np.zeros((count, count), dtype=bool)
    neighbours[np.arange(count)[:, None], to] = True
    np.fill_diagonal(neighbours, val=False)
    return model, neighbours


def greedy_policy(model, softness=0.05):
    worths = optimal_values(model, gamma=GAMMA)
    policy = np.full(worths.shape, softness / worths.shape[1])
    policy[np.arange(len(worths)), worths.argmax(axis=1)] += 1 - softness
    return policy, worths


def test_no_heuristic_leaves_less():
    model, neighbours = grid()
    policy, worths = greedy_policy(model)
    percepts = np.arange(16)
    best = optimal_adversary(model, policy, percepts, neighbours, gamma=GAMMA)
    looking_ahead = greedy_adversary(worths, policy, percepts, neighbours)
    rng = np.random.default_rng(1)
    maps = [percepts, looking_ahead]
    for _ in range(300):
        picks = np.where(rng.random((16, 16)) < 0.7, neighbours, False) | np.eye(16, dtype=bool)
        maps.append((picks * rng.random((16, 16))).argmax(axis=1))
    for shows in maps:
        assert (best.values <= values_under(model, policy, shows, gamma=GAMMA) + 1e-9).all()
    anything = neighbours + np.eye(16)
    mixed = anything @ policy / anything.sum(axis=1, keepdims=True)
    at_random = policy_values(model, mixed, gamma=GAMMA)[:, 0]
    honest = values_under(model, policy, percepts, gamma=GAMMA)
    ahead = values_under(model, policy, looking_ahead, gamma=GAMMA)
    assert best.values.mean() < ahead.mean() < at_random.mean() < honest.mean()
    np.testing.assert_allclose(
        best.values, values_under(model, policy, best.shows, gamma=GAMMA), atol=1e-8
    )


def test_it_is_the_best_of_all_maps_where_all_can_be_tried():
    model, neighbours = grid(size=2)
    policy, _ = greedy_policy(model)
    best = optimal_adversary(model, policy, np.arange(4), neighbours, gamma=GAMMA)
    allowed = [[s, *np.flatnonzero(neighbours[s])] for s in range(4)]
    every = [
        values_under(model, policy, np.array(shows), gamma=GAMMA)
        for shows in itertools.product(*allowed)
    ]
    np.testing.assert_allclose(best.values, np.min(every, axis=0), atol=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.9, 0.99])
@pytest.mark.parametrize("seed", range(5))
def test_where_episodes_end_it_is_the_best_of_all_maps_too(seed, gamma):
    rng = np.random.default_rng(seed)
    states, percepts, actions, outcomes = 4, 3, 2, 2
    shape = (states, actions, outcomes)
    model = Transitions(
        next_states=rng.integers(states, size=shape),
        probabilities=rng.dirichlet(np.ones(outcomes), shape[:2]),
        rewards=rng.normal(size=(*shape, 1)),
        terminated=rng.random(shape) < 0.4,
        start=np.full(states, 1 / states),
        actions=np.arange(actions)[:, None],
    )
    policy = rng.dirichlet(np.ones(actions), percepts)
    seen = rng.integers(percepts, size=states)
    neighbours = rng.random((percepts, percepts)) < 0.6
    found = optimal_adversary(model, policy, seen, neighbours, gamma=gamma)
    may_show = [np.flatnonzero(neighbours[p] | (np.arange(percepts) == p)) for p in seen]
    least = np.full(states, np.inf)
    for shows in itertools.product(*may_show):
        # By hand: (I - gamma P) v = r, where P only goes on.
        odds = policy[list(shows)][..., None] * model.probabilities  # (S, A, K)
        onwards = np.zeros((states, states))
        for state, action, outcome in np.argwhere(~model.terminated):
            onwards[state, model.next_states[state, action, outcome]] += odds[
                state, action, outcome
            ]
        paid = (odds * model.rewards[..., 0]).sum(axis=(1, 2))
        least = np.minimum(least, np.linalg.solve(np.eye(states) - gamma * onwards, paid))
    np.testing.assert_allclose(found.values, least, atol=1e-9)


def test_without_neighbours_it_shows_the_truth():
    model, neighbours = grid()
    policy, _ = greedy_policy(model)
    best = optimal_adversary(model, policy, np.arange(16), np.zeros_like(neighbours), gamma=GAMMA)
    assert (best.shows == np.arange(16)).all()
    honest = values_under(model, policy, np.arange(16), gamma=GAMMA)
    np.testing.assert_allclose(best.values, honest, atol=1e-9)


@pytest.mark.parametrize("softness", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_bounded_by_the_change_of_the_actions_law(softness, seed):
    """As in arXiv:2003.08938, and by hand.

    The loss in a state is what the first action loses and gamma times the loss in the next one. By
    its law the first action loses at most 2 TV times the most that an action can be worth more or
    less than a constant: max |R| + gamma max |V|, max |V| <= max |R| / (1 - gamma). Summed up that
    is 2 TV max |R| / (1 - gamma)^2, which is the larger; that of the paper is held as well.
    """
    model, neighbours = grid(seed=seed)
    policy, _ = greedy_policy(model, softness)
    best = optimal_adversary(model, policy, np.arange(16), neighbours, gamma=GAMMA)
    honest = values_under(model, policy, np.arange(16), gamma=GAMMA)
    apart = 0.5 * np.abs(policy[:, None] - policy[None]).sum(axis=-1)
    most = np.where(neighbours, apart, 0).max()
    alpha = 2 * (1 + GAMMA / (1 - GAMMA) ** 2) * np.abs(model.rewards).max()
    assert (honest - best.values).max() <= alpha * most


def test_the_truth_may_always_be_shown_also_where_it_is_nobodys_neighbour():
    # What is done on the first percept is the worst there is, and on the second the best.
    policy, worths = np.eye(2), np.array([[-1.0, 1.0], [-1.0, 1.0]])
    others = ~np.eye(2, dtype=bool)
    assert greedy_adversary(worths, policy, np.arange(2), others).tolist() == [0, 0]


def test_in_a_world_it_earns_what_was_computed():
    world = rallypoint.make("island-navigation-v0", copies=400)
    model = world.transitions()
    num_percepts = int(world.groups[0].observation_space.n)
    percepts = world.percepts(np.arange(model.num_states))
    rng = np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(4), size=num_percepts)
    near = np.abs(np.subtract.outer(np.arange(num_percepts), np.arange(num_percepts))) == 1
    best = optimal_adversary(model, policy, percepts, near, gamma=1.0)
    lists = [np.flatnonzero(row).tolist() for row in near]
    threat = PerceptMap(
        table=tuple(best.shows.tolist()), of="state", budget={"reach": {"neighbours": lists}}
    )
    env = Threatened(world, threat)
    seen = env.reset(seed=0)["agents"]
    draws = Draws(0, "test/optimal", world.copies)
    expected = float(model.start @ best.values)
    returns, running = np.zeros(400), np.ones(400, dtype=bool)
    for _ in range(world.time_limit):
        law = policy[seen[:, 0]].cumsum(axis=1)
        actions = (law < draws.random()[:, None]).sum(axis=1)
        step = env.step({"agents": np.minimum(actions, 3)[:, None]})
        returns += np.where(running, step.rewards[:, 0], 0)
        running &= ~step.ended
        seen = (
            env.reset(mask=step.ended)["agents"]
            if step.ended.any()
            else step.observations["agents"]
        )
        if not running.any():
            break
    assert not running.any()
    assert abs(returns.mean() - expected) < 4 * returns.std() / np.sqrt(400)
    assert env.receipts()[0].clipped == 0


def test_what_does_not_fit_is_refused():
    model, neighbours = grid()
    policy, _ = greedy_policy(model)
    states = np.arange(16)
    with pytest.raises(InvalidConfig, match="chooses among 4 actions, got 3"):
        optimal_adversary(model, policy[:, :3], states, neighbours, gamma=GAMMA)
    with pytest.raises(InvalidConfig, match="one for each of 16 states"):
        optimal_adversary(model, policy, states[:3], neighbours, gamma=GAMMA)
    with pytest.raises(InvalidConfig, match=r"neighbours are \(16, 16\)"):
        optimal_adversary(model, policy, states, neighbours[:3], gamma=GAMMA)
    two = rallypoint.make("corridor-v0").transitions()
    with pytest.raises(NotOffered, match="train one with adversary_view"):
        optimal_adversary(two, policy, states, neighbours, gamma=GAMMA)
