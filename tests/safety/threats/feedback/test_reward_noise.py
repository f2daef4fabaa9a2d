"""Reward noise: of the distribution that it says."""

import numpy as np
import pytest
from scipy.stats import kstest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.feedback.reward_noise import RewardNoise
from tests.safety.stubs import ground, play


def added(threat, copies=300, steps=10):
    """Return what is added to the rewards of victims who act: (k,)."""
    env = Threatened(ground(copies=copies), [threat])
    parts = []
    for step in play(env, steps):
        lied = step.rewards != step.infos["true_rewards"]
        parts.append((step.rewards - step.infos["true_rewards"])[lied])
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("noise", "law"), [("gaussian", ("norm", (0, 2.0))), ("uniform", ("uniform", (-2.0, 4.0)))]
)
def test_noise_is_of_its_law_and_nothing_else(noise, law):
    name, parameters = law
    found = added(RewardNoise(noise=noise, scale=2.0))
    assert len(found) > 5000
    assert kstest(found, name, args=parameters).pvalue > 1e-4


def test_noise_is_drawn_anew_for_each_agent_and_step():
    found = added(RewardNoise(scale=1.0))
    assert len(np.unique(found)) > 0.999 * len(found)
    correlation = np.corrcoef(found[:-1], found[1:])[0, 1]
    assert abs(correlation) < 4 / np.sqrt(len(found))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"noise": "gausian"}, "got 'gausian'; did you mean 'gaussian'"),
        ({"scale": -1.0}, "a finite number >= 0, got -1.0"),
        ({"scale": np.nan}, "a finite number >= 0, got nan"),
    ],
)
def test_noise_that_cannot_be_drawn_is_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        RewardNoise(**settings)


def test_it_says_how_large_the_noise_is():
    assert "Gaussian noise of standard deviation 0.5" in RewardNoise(scale=0.5).in_words()["does"]
    uniform = RewardNoise(noise="uniform", signal="water").in_words()["does"]
    assert (
        uniform
        == "the learner is told the water with uniform noise of at most 1 to either side added"
    )
