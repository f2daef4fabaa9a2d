"""Updates of any size that can be squared are combined, and in another unit alike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.safety.aggregation import aggregators
from rallypoint.safety.aggregation.conformance.scenes import fewest, scene
from rallypoint.safety.aggregation.conformance.subject import subjects_of
from rallypoint.safety.aggregation.fermat import fermat_point
from rallypoint.safety.aggregation.least_norm import capped_least_norm
from rallypoint.safety.aggregation.span import in_units

CHAINS = ["nnm+smea", "nnm+caf", "nnm+que", "arc+geometric_median", "nnm+max_min_mix"]
SUBJECTS = [one for name in [*aggregators, *CHAINS] for one in subjects_of(name)]
SMALLEST, LARGEST = -498, 498  # powers of two: from 1e-150 to 1e150

every_aggregator = pytest.mark.parametrize(
    "subject", SUBJECTS, ids=[subject.aggregator.name for subject in SUBJECTS]
)
sizes = st.integers(SMALLEST, LARGEST)
seeds = st.integers(0, 10**6)


def scene_for(subject, seed):
    """Return a scene whose largest number is 1, at the bound of n or a little above it."""
    f = seed % 3
    at = scene(fewest(subject.aggregator, f) + seed // 3 % 3, f, 1 + seed // 9 % 12, seed)
    return at.scaled(1 / np.abs(at.updates).max())


@every_aggregator
@settings(max_examples=20, deadline=None)
@given(size=sizes, seed=seeds)
def test_in_a_unit_however_large_or_small_the_aggregate_is_the_same(subject, size, seed):
    at = scene_for(subject, seed)
    answer = subject(at.scaled(2.0**size))  # and is finite, and nothing warns
    if "scaling" not in subject.lacks:
        assert np.abs(answer / 2.0**size - subject(at)).max() <= 1e-6


@every_aggregator
@settings(max_examples=20, deadline=None)
@given(one=sizes, other=sizes, seed=seeds, by_row=st.booleans())
def test_large_ones_beside_small_ones_are_combined(subject, one, other, seed, by_row):
    at = scene_for(subject, seed)
    rng = np.random.default_rng(seed)
    shape = (len(at.updates), 1) if by_row else at.updates.shape
    subject(replace(at, updates=at.updates * 2.0 ** rng.choice([one, other], shape)))


@pytest.mark.parametrize(("name", "seed"), [("expert_rank", 4), ("max_min_mix", 27)])
def test_where_steps_or_slopes_once_vanished_nothing_does(name, seed):
    [subject] = subjects_of(name)
    at = scene(4, 1, 1, seed)
    at = at.scaled(2.0**SMALLEST / np.abs(at.updates).max())
    larger = at.scaled(2.0**-SMALLEST)
    assert np.abs(subject(at) * 2.0**-SMALLEST - subject(larger)).max() <= 1e-6


@pytest.mark.parametrize("power", [*range(-1024, 1024, 37), 1023])
def test_a_unit_is_a_power_of_four_in_which_the_longest_is_about_1(power):
    one = in_units(np.diag([0.0, np.ldexp(1.0, power)]))[1, 1]
    assert one == (0.5 if power % 2 else 0.25)


def test_the_smallest_number_there_is_has_a_unit_too():
    assert in_units(np.array([[5e-324]])) == 2.0**-52


@pytest.mark.parametrize("size", [SMALLEST, LARGEST])
@pytest.mark.parametrize("columns", [1, 3])
def test_points_of_any_size_are_weighted_by_the_same_bits(size, columns):
    for seed in range(60):
        points = np.random.default_rng(seed).uniform(-1, 1, (4, columns))
        gram = points @ points.T
        for weigh in (
            lambda gram: fermat_point(gram, np.ones(4), tolerance=1e-9, rounds=100),
            lambda gram: capped_least_norm(gram, 3),
        ):
            assert weigh(gram * 4.0**size).tobytes() == weigh(gram).tobytes()
