"""Updates of any size that can be squared are combined, and in another unit alike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.safety.aggregation import aggregators
from rallypoint.safety.aggregation.conformance.scenes import fewest, scene
from rallypoint.safety.aggregation.conformance.subject import subjects_of

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
