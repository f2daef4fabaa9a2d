"""Fitness of hosts and pathogens: values worked out by hand, and what must hold of any."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.coevolution.fitness import Fitness, harm_share, lost_share
from rallypoint.errors import InvalidConfig

SHARES = st.floats(0, 1)
VIRULENCES = st.floats(1.01, 50)


@pytest.mark.parametrize(
    ("lost", "harm", "of_host", "value"),
    [
        (0.0, 0.0, 1.000, 0.050),
        (0.0, 0.01, 0.961, 0.784),
        (0.0, 0.0114, 0.949, 1.013),
        (0.0, 0.05, 0.368, 12.642),
        (0.05, 0.0, 0.368, 0.050),
        (0.05, 0.05, 0.135, 12.642),
        (0.0, 0.5, 0.010, 20.000),
    ],
)
def test_the_table_of_values(lost, harm, of_host, value):
    fitness = Fitness()
    assert fitness.of_hosts(lost, [harm]) == pytest.approx(of_host, abs=5e-4)
    assert fitness.values(harm) == pytest.approx(value, abs=5e-4)


def test_infection_begins_where_it_should():
    assert Fitness().threshold == pytest.approx(0.0113, abs=5e-5)


@given(virulence=VIRULENCES, more=st.floats(1.0001, 3))
def test_a_pathogen_has_more_than_one_exactly_above_the_threshold(virulence, more):
    fitness = Fitness(virulence=virulence)
    assert fitness.values(fitness.threshold * more) > 1
    assert fitness.values(fitness.threshold / more) < 1


@given(lost=SHARES, harms=st.lists(SHARES, min_size=1, max_size=5))
def test_squared_loads_of_all_that_is_carried_add_up(lost, harms):
    fitness = Fitness(autoimmunity=7, virulence=3)
    one_by_one = (7 * lost) ** 2 + sum((3 * harm) ** 2 for harm in harms)
    assert fitness.loads(lost, harms) == pytest.approx(math.sqrt(one_by_one))
    assert fitness.loads(lost, [*harms, np.nan]) == fitness.loads(lost, harms)


@given(lost=SHARES, harm=SHARES, virulence=VIRULENCES)
def test_nobody_is_beyond_its_limits(lost, harm, virulence):
    fitness = Fitness(virulence=virulence)
    assert 0.01 <= fitness.of_hosts(lost, [harm]) <= 1
    assert 0.05 <= fitness.values(harm) <= virulence


def test_a_pathogen_is_as_fit_as_on_the_host_it_has_most_of():
    harms = np.array([[0.02, np.nan, 0.3], [0.05, np.nan, np.nan]])
    fitness = Fitness()
    expected = [fitness.values(0.05), 0.05, fitness.values(0.3)]
    np.testing.assert_allclose(fitness.of_pathogens(harms), expected)


def test_shares_lie_between_nothing_and_everything():
    np.testing.assert_allclose(lost_share([200.0, 150.0, 300.0, -10.0], 200.0), [0, 0.25, 0, 1])
    np.testing.assert_allclose(harm_share([200.0, 100.0], [50.0, 150.0], 200.0), [0.75, 0])


@pytest.mark.parametrize("reference", [0.0, -1.0, np.nan, np.inf])
def test_a_reference_that_nothing_is_a_share_of_is_refused(reference):
    for share in (lambda: lost_share(1.0, reference), lambda: harm_share(1.0, 0.0, reference)):
        with pytest.raises(InvalidConfig, match="reference return > 0"):
            share()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"virulence": 1.0}, "virulence is a finite number > 1"),
        ({"virulence": float("inf")}, "virulence is a finite number > 1"),
        ({"autoimmunity": -1.0}, "autoimmunity is finite and >= 0"),
        ({"autoimmunity": float("nan")}, "autoimmunity is finite and >= 0"),
        ({"least_host": 0.0}, "least_host lies in"),
        ({"least_pathogen": 0.0}, "least_pathogen is > 0"),
        ({"virulence": "high"}, "virulence is a number, got 'high'"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Fitness(**settings)
