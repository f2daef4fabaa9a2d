"""The torus beside its definition, and both ways of counting beside each other."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rallypoint.envs.torus import metrics
from rallypoint.envs.torus.sight_by_grid import SightByGrid
from rallypoint.envs.torus.sight_by_sets import MOST_AGENTS, SightBySets
from tests.envs.torus import definition
from tests.envs.torus.drawn import tori, torus


@settings(max_examples=100)
@given(tori(), st.sampled_from(["sparse", "share", "mix"]), st.integers(0, 2**32))
def test_everybody_sees_and_earns_what_the_definition_says(drawn, kind, seed):
    sizes, start, actions = drawn
    env = torus(sizes, start, reward=kind)
    width, limits = sizes["width"], sizes["limits"]
    gone = np.random.default_rng(seed).random(start.shape[:2]) < 0.3
    gone[:, 0] = False
    env.remove(gone)
    stand = [
        [None if away else tuple(at.tolist()) for at, away in zip(*rows, strict=True)]
        for rows in zip(start, gone, strict=True)
    ]
    step = None
    for chosen in actions:
        step = env.step({"agents": chosen})
        stand = [definition.moved(*rows, width) for rows in zip(stand, chosen, strict=True)]
    for copy, agents in enumerate(stand):
        for agent in range(len(agents)):
            seen = definition.seen(agents, agent, width, limits)
            expected = [
                np.float32(share.numerator) / np.float32(share.denominator) for share in seen
            ]
            assert step.observations["agents"][copy, agent].tolist() == expected
            earned = float(definition.reward(agents, agent, width, limits, kind))
            assert step.rewards[copy, agent] == pytest.approx(earned, abs=1e-15)
    assert env.state().tolist() == [[list(at or (-1, -1)) for at in agents] for agents in stand]


@given(tori(), st.integers(0, 2**32))
def test_metrics_are_what_their_definition_says(drawn, seed):
    sizes, start, _ = drawn
    width = sizes["width"]
    counted = np.random.default_rng(seed).random(start.shape[:2]) < 0.7
    counts = metrics.counts(start, width, counted)
    for copy in range(len(start)):
        agents = [
            tuple(at.tolist()) if counts_too else None
            for at, counts_too in zip(start[copy], counted[copy], strict=True)
        ]
        group = definition.largest_group(agents, width)
        assert metrics.largest_group(counts)[copy] == pytest.approx(float(group))
        assert metrics.is_gathered(counts)[copy] == (group >= Fraction(4, 5))
        distance = definition.mean_pair_distance(agents, width)
        assert metrics.mean_pair_distance(counts)[copy] == pytest.approx(float(distance))


@given(tori(st.integers(1, MOST_AGENTS)), st.integers(0, 2**32))
def test_sets_and_grid_count_the_same(drawn, seed):
    sizes, start, _ = drawn
    width, limits = sizes.values()
    cells = start[..., 0] * width + start[..., 1]
    cells[np.random.default_rng(seed).random(cells.shape) < 0.2] = width**2  # nowhere
    by_sets = SightBySets(cells.shape[1], width, limits).counts(cells)
    np.testing.assert_array_equal(by_sets, SightByGrid(width, limits).counts(cells))


def test_a_crowd_is_counted_to_the_last_agent():
    cells = np.zeros((1, 5000), dtype=np.int64)
    cells[0, 1000:] = 2  # two rows up
    counts = SightByGrid(11, (1, 3, 5)).counts(cells)
    assert counts[0, 0, [12, 13]].tolist() == [1000, 4000]
    assert counts[0, -1, [11, 12]].tolist() == [1000, 4000]
