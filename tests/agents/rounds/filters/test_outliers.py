"""Filters at the workers of replicated servers."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.outliers import Local, reach
from rallypoint.errors import InvalidConfig


@pytest.mark.parametrize(("number", "steps"), [(1, 9.9167), (5, 17.9167), (6, 9.9167)])
def test_ten_contributors_three_liars_and_a_period_of_five(number, steps):
    assert reach(5, number, 10, 3) == pytest.approx(steps, abs=1e-4)


def test_it_is_not_defined_without_liars_or_a_period():
    for period, f in ((5, 0), (0, 3)):
        with pytest.raises(InvalidConfig):
            reach(period, 1, 10, f)


def test_parameters_within_so_many_steps_of_its_guess_pass():
    local = Local(np.zeros(2), np.array([3.0, 4.0]))  # a step of 0.5 at rate 0.1, to (-.3, -.4)
    assert local.guess(0.1) == pytest.approx([-0.3, -0.4])
    for steps, passes in ((1.9, False), (2.1, True)):
        assert local.is_near(np.array([0.3, 0.4]), 0.1, steps) == passes


def test_its_own_gradient_is_smooth_and_a_jump_among_known_coefficients_is_not():
    local = Local(np.zeros(1), np.ones(1), tuple(np.arange(1.0, 6.0)))
    found = local.coefficient(np.array([1.3]), 0.1)
    assert found == pytest.approx(3)
    assert local.is_smooth(found, 4 / 5)
    assert not local.is_smooth(5.0, 4 / 5)
    assert local.is_smooth(None, 4 / 5)
    assert Local(np.zeros(1), np.ones(1)).is_smooth(1e9, 4 / 5)


def test_the_last_fifty_coefficients_are_left_when_a_hundred_are_there():
    local = Local(np.zeros(1), np.ones(1))
    for number in range(120):
        local = local.then(local.model, local.gradient, float(number))
    assert len(local.coefficients) == 70
    assert local.coefficients[-1] == 119
