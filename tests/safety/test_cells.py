"""Cells are replaced as numbers would be, whatever their shape, type and layout in memory."""

import numpy as np
import pytest

from rallypoint.safety.cells import (
    among,
    gathered,
    moved,
    number_of,
    places_of,
    put,
    replaced,
    spread,
    taken,
)

LAYOUTS = {
    "plain": np.ascontiguousarray,
    "by column": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(
    "shape", [(4, 3), (4, 3, 1), (4, 3, 5), (2, 3, 2, 4), (4, 3, 0), (0, 3, 2), (4, 0, 2)]
)
def test_it_is_where_along_the_last_axes(shape, share, layout, rng):
    for kinds in [("f4", "f4"), ("f4", "f8"), ("i8", "i2"), ("u1", "u1"), ("i4", "f4")]:
        values, others = (
            LAYOUTS[layout](rng.integers(0, 100, shape).astype(kind)) for kind in kinds
        )
        where = rng.random(shape[:2]) < share
        wide = where.reshape(*where.shape, *(1,) * (len(shape) - 2))
        before = values.copy()
        found = replaced(values, where, others)
        expected = np.where(wide, others, values)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(values, before)
        assert not np.shares_memory(found, values)


def test_what_is_repeated_is_put_everywhere(rng):
    values = rng.random((5, 3, 4)).astype(np.float32)
    where = rng.random((5, 3)) < 0.5
    one = np.arange(4, dtype=np.float32)
    found = replaced(values, where, np.broadcast_to(one, values.shape))
    np.testing.assert_array_equal(found, np.where(where[..., None], one, values))
    number = np.broadcast_to(np.float32(7), values.shape)
    found = replaced(values, where, number)
    np.testing.assert_array_equal(found, np.where(where[..., None], np.float32(7), values))


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (0,)])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_few_are_spread_where_they_belong(shape, share, rng):
    where = rng.random((5, 3)) < share
    few = rng.random((int(where.sum()), *shape)).astype(np.float32)
    expected = np.zeros((5, 3, *shape), dtype=np.float32)
    expected[where] = few
    found = spread(few, where)
    assert found.dtype == few.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(gathered(found, where), few)


@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 2), (5, 3, 2, 3), (5, 3, 0), (0, 3, 2)])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_few_are_put_where_they_were_taken_from(shape, share, rng):
    values = rng.random(shape).astype(np.float32)
    where = rng.random(shape[:2]) < share
    places = places_of(where)
    few = taken(values, places)
    np.testing.assert_array_equal(few, values[where])
    some = where & (rng.random(shape[:2]) < 0.5)
    np.testing.assert_array_equal(among(few, where, some), values[some])
    assert among(few, where, where) is few
    others = rng.random(few.shape)
    expected = values.copy()
    expected[where] = others
    put(values, places, others)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (4, 3, 2, 3), (4, 3, 0)])
def test_cells_at_even_distances_are_places_as_any_others_are(shape, rng):
    seen = set()
    for number in range(2**12):  # every mask of so many cells
        where = (number >> np.arange(12) & 1).astype(bool).reshape(4, 3)
        numbers = where.reshape(-1).nonzero()[0]
        places = places_of(where)
        seen.add(type(places))
        assert (len(set(np.diff(numbers))) <= 1 and len(numbers) > 0) == isinstance(places, slice)
        np.testing.assert_array_equal(np.arange(12)[places], numbers)
        assert number_of(places) == len(numbers)
        if number % 37 and not isinstance(places, slice):
            continue  # of those that are no slice, a few will do
        values = rng.integers(0, 9, shape)
        np.testing.assert_array_equal(taken(values, places), values[where])
        others = rng.integers(10, 19, values[where].shape).astype(np.int16)
        expected = values.copy()
        expected[where] = others
        put(values, places, others)
        np.testing.assert_array_equal(values, expected)
    assert seen == {slice, np.ndarray}


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_cells_of_a_part_are_the_same_cells_of_the_whole(share, rng):
    whole = rng.random((6, 7))
    for columns in (slice(0, 7), slice(0, 3), slice(2, 5), slice(4, 7), slice(3, 3)):
        for rows in (None, rng.random(6) < 0.5):
            part = whole[:, columns] if rows is None else whole[rows][:, columns]
            where = rng.random(part.shape) < share
            places = moved(places_of(where), part.shape, columns, 7, rows)
            np.testing.assert_array_equal(taken(whole, places), part[where])
