"""The quantile of N(0, 1): SciPy's, whoever computes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

from rallypoint import compiled_normal, normal
from rallypoint.draws import Draws

LEAST, MOST = 2.0**-54, 1 - 2.0**-53
SEAMS = [np.exp(-2), 1 - np.exp(-2), np.exp(-32), 0.5, LEAST, MOST]


def bits_of_both(numbers):
    compiled = numbers.copy()
    compiled_normal.quantiles(compiled)
    return compiled.view(np.int64), ndtri(np.maximum(numbers, LEAST)).view(np.int64)


@pytest.fixture
def asked_for(monkeypatch):
    monkeypatch.setenv("RALLYPOINT_FAST", "1")


@given(st.lists(st.floats(0, MOST, allow_subnormal=True), max_size=30), st.integers(0, 2**32))
def test_compiled_it_has_scipys_bits(numbers, seed):
    drawn = np.random.default_rng(seed).random(np.random.default_rng(seed).integers(2500))
    tails = 2.0 ** (-1 - 53 * drawn)
    for these in (np.array(numbers), drawn, tails, 1 - tails[tails > LEAST]):
        np.testing.assert_array_equal(*bits_of_both(these))


@pytest.mark.parametrize("seam", SEAMS)
def test_on_both_sides_of_a_seam_it_has_scipys_bits(seam):
    near = (np.float64(seam).view(np.int64) + np.arange(-3000, 3001)).view(np.float64)
    np.testing.assert_array_equal(*bits_of_both(near[near < 1]))
    # The numbers that are drawn are further apart there.
    steps = np.clip(np.round(seam * 2.0**53) + np.arange(-3000, 3001), 0, 2.0**53 - 1)
    np.testing.assert_array_equal(*bits_of_both(steps / 2.0**53))


@pytest.mark.usefixtures("asked_for")
def test_it_is_compiled_where_that_is_asked_for(monkeypatch):
    assert normal._is_scipys(compiled_normal)
    monkeypatch.setattr(normal, "_by_scipy", lambda _: pytest.fail("SciPy was asked"))
    assert normal.normal_of(np.full((2, 3), 0.5)).tolist() == [[0, 0, 0]] * 2


@pytest.mark.usefixtures("asked_for")
@pytest.mark.parametrize("place", [0, 20_000, -1])
def test_where_one_bit_differs_scipy_goes_on(monkeypatch, place):
    class OneBitOff:
        @staticmethod
        def quantiles(numbers):
            compiled_normal.quantiles(numbers)
            numbers[place] = np.nextafter(numbers[place], 0)

    monkeypatch.setattr(normal, "compiled_beside", lambda _: OneBitOff)
    drawn = np.random.default_rng(0).random(1000)
    np.testing.assert_array_equal(normal.normal_of(drawn.copy()), ndtri(drawn))


@pytest.mark.parametrize("switch", ["0", "1"])
def test_numbers_are_those_of_a_normal_law_and_the_least_is_finite(monkeypatch, switch):
    monkeypatch.setenv("RALLYPOINT_FAST", switch)
    least, most = normal.normal_of(np.array([0, MOST]))
    assert -8.3 < least < -8.2 < 8.2 < most < 8.3
    drawn = Draws(0, "test/normal", range(10)).normal((5000,))
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-4
    apart = normal.normal_of(np.linspace(0.1, 0.9, 60).reshape(6, 10)[::2].T)
    np.testing.assert_array_equal(apart, ndtri(np.linspace(0.1, 0.9, 60).reshape(6, 10)[::2].T))
