"""Lies are brought within reach exactly: of every norm, unit and type of number."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.perception.geometry import (
    confined,
    neighbours_of,
    sizes,
    uniform_lies,
    units_of,
)
from rallypoint.safety.perception.reach import Reach

norms = pytest.mark.parametrize("norm", ["linf", "l2"])
OPEN = Box(-np.inf, np.inf, (3,), np.float32)


def group_of(space):
    return Group("agents", ("a", "b"), space, Discrete(2))


def test_sizes_are_norms_in_the_unit_of_each_entry():
    truths = np.zeros((1, 1, 3))
    lies = np.array([[[3.0, 4.0, 0.2]]])
    assert sizes(lies, truths, np.array([1.0, 1.0, 0.1]), "linf")[0, 0] == 4.0
    assert sizes(lies, truths, np.array([1.0, 2.0, 0.1]), "l2")[0, 0] == pytest.approx(
        np.sqrt(9 + 4 + 4)
    )
    assert sizes(lies, truths, np.array([1.0, 1.0, 0.0]), "l2")[0, 0] == np.inf
    assert sizes(truths, truths, np.array([1.0, 1.0, 0.0]), "l2")[0, 0] == 0.0


def test_what_is_true_is_no_lie_even_if_it_is_no_number():
    truths = np.array([[[np.inf, -np.inf, np.nan, 0.0]]])
    for norm in ("linf", "l2"):
        assert sizes(truths, truths, np.ones(4), norm)[0, 0] == 0.0
        assert sizes(truths + np.array([0, 0, 0, 5.0]), truths, np.ones(4), norm)[0, 0] == 5.0
        for place, other in enumerate((-np.inf, 3.0, 3.0)):
            lies = truths.copy()
            lies[..., place] = other
            assert sizes(lies, truths, np.ones(4), norm)[0, 0] == np.inf


@norms
@pytest.mark.parametrize("room", [0.5, np.inf])
@pytest.mark.filterwarnings("error")
def test_a_truth_without_end_stays_and_what_lies_beside_it_is_confined(norm, room):
    truths = np.float32([[[np.inf, np.nan, 0.0, 0.0]], [[1.0, 2.0, 0.0, 0.0]]])
    lies = np.float32([[[3.0, 3.0, 0.25, 4.0]], [[np.inf, -np.inf, 0.25, 4.0]]])
    units = np.array([1.0, 1.0, 1.0, 0.0])
    space = Box(-np.inf, np.inf, (4,), np.float32)
    rooms = np.full((2, 1), room)
    shown = confined(lies, truths, rooms, units=units, norm=norm, space=space)
    assert np.array_equal(shown[0, 0, :2], truths[0, 0, :2], equal_nan=True)
    assert (shown[..., 2] == 0.25).all()
    assert (shown[..., 3] == 0.0).all()  # of unit 0, whatever the room is
    assert not np.isnan(shown[1]).any()
    assert (sizes(shown, truths, units, norm) <= rooms).all()


@norms
def test_what_is_no_number_is_not_shown_for_one_that_is(norm):
    lies = np.array([[[np.nan, 5.0]]])
    space = Box(-np.inf, np.inf, (2,), np.float64)
    for unit in (0.0, 1.0):
        settings = {"units": np.array([unit, 1.0]), "norm": norm}
        assert sizes(lies, np.zeros((1, 1, 2)), **settings)[0, 0] == np.inf
        shown = confined(lies, np.zeros((1, 1, 2)), np.full((1, 1), 0.5), space=space, **settings)
        assert shown.tolist() == [[[0.0, 0.5]]]


@settings(max_examples=60, deadline=None)
@given(
    norm=st.sampled_from(["linf", "l2"]),
    kind=st.sampled_from([np.float32, np.float64, np.float16]),
    room=st.floats(0, 10),
    far=st.floats(0.01, 1e4),
    seed=st.integers(0, 1000),
)
def test_what_is_confined_is_within_reach_to_the_last_bit(norm, kind, room, far, seed):
    rng = np.random.default_rng(seed)
    space = Box(-20.0, 20.0, (4,), kind)
    truths = rng.uniform(-20, 20, (5, 2, 4)).astype(kind)
    lies = (truths + far * rng.standard_normal(truths.shape)).astype(kind)
    units = np.array([1.0, 0.3, 7.0, 0.0])
    rooms = np.full((5, 2), room)
    shown = confined(lies, truths, rooms, units=units, norm=norm, space=space)
    assert shown.dtype == kind
    assert (sizes(shown, truths, units, norm) <= rooms).all()
    assert ((shown >= space.low) & (shown <= space.high)).all()
    assert (shown[..., 3] == truths[..., 3]).all()


@norms
def test_a_lie_that_is_small_enough_stays_as_it_is_and_another_keeps_its_direction(norm):
    truths = np.zeros((1, 2, 3), np.float32)
    lies = np.array([[[0.1, -0.2, 0.05], [3.0, -6.0, 0.0]]], np.float32)
    rooms = np.array([[1.0, 2.0]])
    shown = confined(lies, truths, rooms, units=np.ones(()), norm=norm, space=OPEN)
    assert (shown[0, 0] == lies[0, 0]).all()
    expected = [2.0, -2.0, 0.0] if norm == "linf" else 2 / np.sqrt(45) * lies[0, 1]
    np.testing.assert_allclose(shown[0, 1], expected, rtol=1e-6)


@norms
def test_no_room_is_the_truth(norm):
    truths = np.random.default_rng(0).standard_normal((4, 2, 3)).astype(np.float32)
    shown = confined(truths + 1, truths, np.zeros((4, 2)), units=np.ones(()), norm=norm, space=OPEN)
    assert (shown == truths).all()


@norms
def test_uniform_lies_fill_the_ball_uniformly(norm):
    numbers = np.random.default_rng(1).random((1, 20_000, 4))
    truths = np.zeros((1, 20_000, 3))
    rooms = np.full((1, 20_000), 2.0)
    units = np.array([1.0, 3.0, 0.5])
    lies = uniform_lies(truths, rooms, units=units, norm=norm, numbers=numbers)
    size = sizes(lies, truths, units, norm).ravel()
    assert size.max() <= 2.0 + 1e-12
    assert kstest((size / 2) ** 3, "uniform").pvalue > 1e-4  # volume grows as the cube
    signs = (lies[0] > 0).mean(axis=0)
    assert (abs(signs - 0.5) < 0.015).all()


def test_the_unit_can_be_half_the_width_of_the_space():
    space = Box(np.array([-1.0, 0.0], np.float32), np.array([1.0, 10.0], np.float32))
    assert units_of(Reach(scale="range", step=0.1), group_of(space), "it").tolist() == [1.0, 5.0]


@pytest.mark.parametrize(
    ("reach", "space", "message"),
    [
        (Reach(step=1.0), Discrete(4), "which has none; give the numbers .* .neighbours = …"),
        (Reach(step=1.0), MultiBinary(3), "which has none; wrong_observation needs no norm"),
        (Reach(step=1.0), Box(0, 9, (2,), np.int64), "sees whole numbers"),
        (Reach(step=1.0, scale="range"), OPEN, "no bounds in 3 of 3 entries; give the unit"),
        (Reach(step=1.0, scale=(1, 2)), OPEN, "a scale of 2 entries, .* sees has 3"),
    ],
)
def test_what_has_no_such_norm_is_refused(reach, space, message):
    with pytest.raises(InvalidConfig, match=message):
        units_of(reach, group_of(space), "it")


def test_neighbours_come_as_lists_a_word_or_a_function():
    group = group_of(Discrete(3, start=5))
    any_other = neighbours_of(Reach(neighbours="any"), group, "it")
    assert any_other.tolist() == (~np.eye(3, dtype=bool)).tolist()
    listed = neighbours_of(Reach(neighbours=((6,), (5, 6), ())), group, "it")
    assert listed.tolist() == [[False, True, False], [True, False, False], [False] * 3]
    named = neighbours_of(Reach(neighbours=f"{__name__}:beside"), group, "it")
    assert named.tolist() == [[False, True, False], [False, False, True], [False] * 3]


def beside(count):
    return [[5 + k + 1] for k in range(count - 1)]


@pytest.mark.parametrize(
    ("reach", "space", "message"),
    [
        (Reach(neighbours="any"), OPEN, "measure lies by a norm instead"),
        (Reach(neighbours=((9,),)), Discrete(3), r"numbers in 0\.\.2"),
        (Reach(neighbours=((0,),) * 4), Discrete(3), "a list for each of the 3"),
    ],
)
def test_neighbours_that_cannot_be_are_refused(reach, space, message):
    with pytest.raises(InvalidConfig, match=message):
        neighbours_of(reach, group_of(space), "it")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": -0.1}, "step is a finite size >= 0"),
        ({"norm": "l2", "episode": 1e155}, r"episode is a finite size >= 0, of at most 1e\+150"),
        ({"episode": float("nan")}, "episode is a finite size >= 0"),
        ({"norm": "l1"}, "norm is one of 'linf', 'l2', got 'l1'"),
        ({"scale": "bounds"}, 'scale is numbers, or "range"'),
        ({"scale": (0.0, 0.0)}, "not all 0"),
        ({"scale": (1.0, -1.0)}, "finite numbers >= 0"),
        ({"neighbours": "any", "norm": "l2"}, "neither norm nor scale"),
    ],
)
def test_a_reach_that_cannot_be_meant_is_refused(given, message):
    with pytest.raises(InvalidConfig, match=message):
        Reach(**given)
