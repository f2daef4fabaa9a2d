"""Runs side by side are attacked each as it would be alone, whoever starts anew when."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Draws
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import threats

COPIES = [[0, 1, 2], [10, 11, 12]]
GROUP = rallypoint.make("cartpole-v1").groups[0]
MADE = architecture_for(GROUP, policy=(8,), value=(8,))
WEIGHTS = np.random.default_rng(0).normal(0, 0.7, (2, MADE.size)).astype(np.float32)
REACH = {"step": 0.4, "scale": [1.0, 1.0, 0.1, 1.0]}


def played(kind, copies, weights, steps=60):
    """Play, attacked; return what is seen and earned: (steps, E, ...)."""
    policy = GradientPolicy(MADE, weights, GROUP)
    threat = threats[kind](budget={"reach": REACH})
    env = Threatened(rallypoint.make("cartpole-v1", copies=copies), threat, policy=policy)
    seen = env.reset(seed=0)
    draws = Draws(0, "test/runs", env.copies)
    rows, resets = [], 0
    for _ in range(steps):
        rows.append(seen["agents"])
        step = env.step(policy.act(seen, draws))
        seen = step.observations
        if step.ended.any():
            resets += not step.ended.all()
            seen = env.reset(mask=step.ended)
            draws.begin_episode(step.ended)
    assert resets  # of some copies and not of others
    return np.array(rows)


@pytest.mark.parametrize("kind", ["pgd", "critic", "robust_sarsa", "smoothed_pgd", "pa_ad"])
def test_a_run_is_attacked_beside_others_as_it_is_alone(kind):
    together = played(kind, [*COPIES[0], *COPIES[1]], WEIGHTS)
    for run in range(2):
        alone = played(kind, COPIES[run], WEIGHTS[run])
        assert (together[:, 3 * run : 3 * run + 3] == alone).all()
