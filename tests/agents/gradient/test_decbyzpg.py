"""DecByzPG's estimator: beside torch's derivatives, and a plain loop over rounds."""

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators.decbyzpg import DecByzPg
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import DecByzPgLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.returns import returns_to_go
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from tests.agents.gradient.learning import carts, chance_of, gone_on, rounds_of
from tests.agents.gradient.test_estimators import as_torch, flat_gradient

LEARNER = DecByzPgLearner(many=4, few=2, chance=0.4, learning_rate=1e-2)


def team_of(seeds=(0,), ids=None, **settings):
    copies = ids if ids is not None else np.arange(len(seeds) * 12)
    return rounds_of(LEARNER, carts(copies), count=3, seeds=seeds, **settings)


def test_many_come_first_and_then_by_chance_for_each_run():
    team = team_of(seeds=tuple(range(40)))
    memory, large = team.delivery.workshops[0].desks[0].memory, []
    for number in range(30):
        memory = LEARNER.begin(memory, tuple(range(40)), number)
        assert set(memory["episodes"]) <= {2, 4}
        large.append(memory["episodes"] == 4)
    assert np.all(large[0])
    share = np.mean(large[1:])
    assert abs(share - 0.4) < 4 * np.sqrt(0.4 * 0.6 / np.size(large[1:]))


def test_each_round_has_as_many_episodes_as_the_coin_says():
    team = team_of(seeds=(0, 1))
    for _ in range(6):
        report = team.train_round()
        assert (report.episodes == 3 * team.delivery.workshops[0].desks[0].memory["episodes"]).all()


def by_torch(made, weights, lanes, ratios=None):
    """Return the gradient of -mean over episodes of sum(log pi(a) R), each times its ratio."""
    policy = as_torch(made, weights)
    losses = []
    for number, (seen, actions, worth) in enumerate(lanes):
        _, logs, _ = policy.evaluate_actions(torch.from_numpy(seen), torch.from_numpy(actions))
        ratio = 1.0 if ratios is None else ratios[number]
        losses.append(-(logs * torch.from_numpy(worth)).sum() * ratio)
    torch.stack(losses).mean().backward()
    return flat_gradient(made, policy)


def odds(made, weights, lane):
    with torch.no_grad():
        seen, actions = (torch.from_numpy(part) for part in lane[:2])
        return float(as_torch(made, weights).evaluate_actions(seen, actions)[1].double().sum())


def test_updates_are_those_of_a_plain_loop():
    estimator = DecByzPg(many=6, few=3, gamma=0.99)
    world = rallypoint.make("cartpole-v1", copies=12, max_cycles=150)
    made = DecByzPgLearner().architecture(world.groups[0])
    rng = np.random.default_rng(1)
    weights = made.initial(rng, scheme="uniform")[None]
    contributors, networks = Contributors(count=2), ActorCritic(made)
    rollout = Rollout(world, Draws(0, "test/gradient", world.copies))
    memory = estimator.memory(weights, 2)
    known, before = [None, None], None
    for round_number, episodes in enumerate((6, 3, 3)):
        memory = memory | {"episodes": np.array([episodes])}
        copies = contributors.first_copies(12, memory["episodes"])
        policy = GradientPolicy(made, weights, world.groups[0])
        fragment = rollout.episodes(policy, seed=round_number, copies=copies)
        batch = estimator.prepare(networks, weights, fragment, contributors)
        updates, memory = estimator.estimate(networks, weights, batch, memory)
        worth = returns_to_go(fragment, 0.99)
        for i in range(2):
            lanes = []
            for copy in range(6 * i, 6 * i + episodes):
                acting = fragment.acting[:, copy, 0]
                parts = (fragment.seen, fragment.actions, worth)
                lanes.append([part[:, copy, 0][acting] for part in parts])
            found = by_torch(made, weights[0], lanes)
            if round_number:
                ratios = [
                    np.exp(odds(made, before[0], lane) - odds(made, weights[0], lane))
                    for lane in lanes
                ]
                found = known[i] + found - by_torch(made, before[0], lanes, ratios)
            known[i] = found
            size = np.abs(found).max()
            np.testing.assert_allclose(updates[0, i], found, rtol=1e-3, atol=1e-4 * size)
        before = weights
        weights = weights + rng.normal(0, 0.01, weights.shape).astype(np.float32)


def test_products_of_hundreds_of_probabilities_do_not_vanish():
    estimator = DecByzPg(many=2, few=2)
    world = rallypoint.make("cartpole-v1", copies=2)
    made = DecByzPgLearner().architecture(world.groups[0])
    weights = np.zeros((1, made.size), dtype=np.float32)  # probabilities of 1/2, each step
    memory = estimator.memory(weights, 1) | {"episodes": np.array([1])}
    fragment = Rollout(world, Draws(0, "test/gradient", world.copies)).episodes(
        GradientPolicy(made, weights, world.groups[0]), seed=0
    )
    # Nine thousand steps of probability 1/2, far below the smallest float64.
    names = ("seen", "actions", "rewards", "acting", "terminated", "truncated")
    times = 9000 // len(fragment.seen) + 1
    parts = {name: getattr(fragment, name) for name in names}
    long = fragment._replace(
        **{name: np.tile(part, (times, *[1] * (part.ndim - 1))) for name, part in parts.items()}
    )
    networks = ActorCritic(made)
    batch = estimator.prepare(networks, weights, long, Contributors(count=1))
    updates, _ = estimator.estimate(networks, weights, batch, memory)
    # Where nothing has moved, g and g' are one, and the update is the one before: nothing.
    assert (
        np.abs(updates).max() <= 1e-6 * np.abs(estimator.gradient(networks, weights, batch)).max()
    )


def test_whoever_has_no_rows_keeps_its_update(rng):
    team = team_of()
    team.train_round()
    (workshop,) = team.delivery.workshops
    known = workshop.desks[0].memory["updates"].copy()
    policy = GradientPolicy(team.architecture, team.weights, workshop.rollout.group)
    fragment = workshop.rollout.episodes(policy, seed=1)
    networks = ActorCritic(team.architecture)
    acting = fragment.acting.copy()
    acting[:, :4] = False
    batch = LEARNER.prepare(
        networks, team.weights, fragment._replace(acting=acting), Contributors(count=3)
    )
    updates, _ = LEARNER.estimate(networks, team.weights, batch, workshop.desks[0].memory)
    assert (updates[0, 0] == known[0, 0]).all()
    assert (updates[0, 1] != known[0, 1]).any()


def test_a_run_learns_the_same_bits_whoever_runs_beside_it():
    together = team_of(seeds=(7, 8))
    list(together.run(5))
    alone = team_of(seeds=(8,), ids=np.arange(12, 24))
    alone.delivery.workshops[0]._world_seed = 7  # of the world, which is the first run's
    list(alone.run(5))
    assert alone.server.parameters[0].tobytes() == together.server.parameters[1].tobytes()


@pytest.mark.parametrize("liars", [None, "average_zero"])
def test_going_on_from_a_snapshot_is_bit_for_bit(liars):
    settings = {"rule": "geometric_median", "f": 1, "liars": liars, "seeds": (1, 2)}
    whole, second = gone_on(lambda: team_of(**settings), 6, at=3)
    assert second.server.parameters.tobytes() == whole.server.parameters.tobytes()


def test_it_learns_to_balance_with_liars():
    learner = DecByzPgLearner(many=8, few=2, chance=0.3, learning_rate=1e-2)
    world = rallypoint.make("cartpole-v1", copies=8 * 40, max_cycles=60)
    team = rounds_of(
        learner,
        world,
        count=5,
        seeds=tuple(range(8)),
        rule="geometric_median",
        f=1,
        liars="sign_flip",
        factor=2.5,
    )
    returns = np.array([report.returns for report in team.run(20)])
    assert chance_of(returns[-5:].mean(axis=0) - returns[:5].mean(axis=0)) < 0.02


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DecByzPg(few=9, many=4), "few"),
        (lambda: DecByzPg(few=0), "few"),
        (lambda: DecByzPg(chance=0.0), "chance"),
        (lambda: team_of(ids=np.arange(9)), "take 4 copies for each"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()
