"""Gaussian and uniform noise."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.update.gaussian import Gaussian
from rallypoint.safety.threats.update.uniform import Uniform
from rallypoint.safety.updates import attack

WIDE = np.full((3, 20_000), 7.0)


def test_gaussian_noise_has_its_deviation_in_every_coordinate(rng):
    lies = attack("gaussian", WIDE, 3, rng=rng, deviation=5.0)
    assert lies.mean() == pytest.approx(0, abs=0.1)
    assert lies.std(axis=1) == pytest.approx(5, rel=0.03)


def test_uniform_noise_keeps_to_its_reach(rng):
    lies = attack("uniform", WIDE, 3, rng=rng, reach=5.0)
    assert np.abs(lies).max() <= 5
    assert lies.std(axis=1) == pytest.approx(5 / np.sqrt(3), rel=0.03)


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
def test_each_draws_its_own(kind, rng):
    lies = attack(kind, WIDE, 3, rng=rng)
    assert np.abs(np.corrcoef(lies) - np.eye(3)).max() < 0.05


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
def test_noise_may_be_about_what_was_found(kind, rng):
    lies = attack(kind, WIDE, 3, rng=rng, around_own=True, knowledge=["own_update"])
    assert lies.mean() == pytest.approx(7, abs=20)
    size = {"gaussian": "deviation", "uniform": "reach"}[kind]
    still = {size: 0.0, "around_own": True, "knowledge": ["own_update"]}
    assert (attack(kind, WIDE, 3, rng=rng, **still) == WIDE).all()


@pytest.mark.parametrize("kind", [Gaussian, Uniform])
def test_what_is_found_must_be_known(kind):
    with pytest.raises(InvalidConfig, match="around_own needs knowledge of own_update"):
        kind(around_own=True)


@pytest.mark.parametrize(("kind", "size"), [(Gaussian, "deviation"), (Uniform, "reach")])
def test_a_negative_size_is_refused(kind, size):
    with pytest.raises(InvalidConfig, match=f"{size} is a number >= 0"):
        kind(**{size: -1.0})


def test_noise_may_be_as_many_times_as_long_as_what_was_found(rng):
    own = WIDE * np.array([[1.0], [2.0], [0.0]])
    told = {"deviation": 10.0, "in_own_lengths": True, "knowledge": ["own_update"]}
    lies = attack("gaussian", WIDE, 3, rng=rng, own=own, **told)
    lengths = np.linalg.norm(own, axis=1)
    assert np.linalg.norm(lies, axis=1) == pytest.approx(10 * lengths, rel=0.03)


def test_lengths_of_its_own_update_it_must_know():
    with pytest.raises(InvalidConfig, match="in_own_lengths needs knowledge of own_update"):
        Gaussian(in_own_lengths=True)
