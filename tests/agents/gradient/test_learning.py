"""Every learner of contributors gets better, and more than chance would have it."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import (
    A2cLearner,
    GpomdpLearner,
    PpoLearner,
    ReinforceLearner,
)
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Draws
from tests.agents.gradient.learning import carts, chance_of, rounds_of

SEEDS = tuple(range(8))
_SMALL = {"policy": (16, 16), "initial": "uniform", "learning_rate": 1e-2}
LEARNERS = {
    "gpomdp": (GpomdpLearner(**_SMALL), 15),
    "reinforce": (ReinforceLearner(**_SMALL), 15),
    "a2c": (A2cLearner(**_SMALL, value=(16,), steps=16), 60),
    "ppo": (PpoLearner(**_SMALL, value=(16,), steps=32, minibatch=64, epochs=3), 12),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_runs_end_better_than_they_began(name):
    learner, count = LEARNERS[name]
    rounds = rounds_of(learner, carts(len(SEEDS) * 12, max_cycles=60), count=3, seeds=SEEDS)
    returns = np.array([report.returns for report in rounds.run(count)])
    third = len(returns) // 3
    gains = np.nanmean(returns[-third:], axis=0) - np.nanmean(returns[:third], axis=0)
    # Of eight runs that had not learned, each would be better late than early with 1/2.
    assert chance_of(gains) < 0.01


def test_a_trimmed_mean_learns_from_a_team_with_a_liar_what_a_mean_does_not():
    learner, count = LEARNERS["gpomdp"]
    ends = {}
    for rule in ("mean", "trimmed_mean"):
        world = carts(len(SEEDS) * 20, max_cycles=60)
        lies = {"liars": "sign_flip", "factor": 20.0, "f": 1}
        rounds = rounds_of(learner, world, count=5, seeds=SEEDS, rule=rule, **lies)
        if rule == "mean":
            rounds.server.rules._f = 0  # it tolerates nobody
        returns = np.array([report.returns for report in rounds.run(count)])
        ends[rule] = np.nanmean(returns[-count // 3 :], axis=0)
    assert chance_of(ends["trimmed_mean"] - ends["mean"]) < 0.01


@pytest.mark.parametrize("count", [2, 6])
def test_the_mean_of_honest_updates_is_the_gradient_of_all_their_rows(count):
    learner = PpoLearner(policy=(8,), value=(8,), whiten=False)
    world = rallypoint.make("torus-small-v0", copies=6, num_agents=2)
    networks = ActorCritic(learner.architecture(world.groups[0]))
    start = networks.architecture.initial(np.random.default_rng(0))[None]
    rollout = Rollout(world, Draws(0, "test/mean", world.copies))
    fragment = rollout.steps(
        GradientPolicy(networks.architecture, start, rollout.group), 20, seed=0
    )
    moved = start + np.float32(0.01)
    found = []
    for n in (count, 1):
        batch = learner.prepare(networks, start, fragment, Contributors(count=n))
        found.append(learner.gradient(networks, moved, batch).mean(axis=1))
    np.testing.assert_allclose(*found, atol=1e-5)
