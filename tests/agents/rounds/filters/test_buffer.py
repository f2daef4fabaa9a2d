"""The buffer holds one update of each contributor, and waits for enough of them."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.buffer import Buffer, restored, snapshot
from rallypoint.agents.rounds.filters.memory import Dated
from rallypoint.errors import InvalidConfig


def filled(buffer, n, stream):
    held = buffer.empty(n)
    for contributor, version in stream:
        held = buffer.put(held, contributor, Dated(version, np.array([float(version)])))
    return held


def test_it_waits_for_2f_plus_1_different_contributors():
    buffer = Buffer()
    assert buffer.ready(filled(buffer, 7, [(0, 0)] * 9), 0, f=2) is None
    assert buffer.ready(filled(buffer, 7, [(c, 0) for c in (0, 1, 2, 3, 0)]), 0, f=2) is None
    ready = buffer.ready(filled(buffer, 7, [(c, 0) for c in (4, 1, 2, 3, 0)]), 0, f=2)
    assert list(ready) == [0, 1, 2, 3, 4]


def test_haste_gains_nothing_only_the_newest_is_held():
    buffer = Buffer(size=1)
    held = filled(buffer, 4, [(0, 0), (1, 0), (1, 2), (1, 3)])
    ready = buffer.ready(held, 3, f=0)
    assert {c: one.version for c, one in ready.items()} == {0: 0, 1: 3}


def test_what_is_too_old_leaves():
    buffer = Buffer(keep=3)
    held = filled(buffer, 4, [(0, 0), (1, 1), (2, 2)])
    assert len(buffer.ready(held, 2, f=1)) == 3
    assert buffer.ready(held, 3, f=1) is None


def test_after_a_combination_so_many_must_be_fresh():
    for fresh, needed in ((1, 1), (2, 2), (0, 3)):
        buffer = Buffer(fresh=fresh)
        held = buffer.combined(filled(buffer, 4, [(0, 0), (1, 0), (2, 0)]))
        ready = []
        for contributor in (0, 0, 1, 1, 2):
            held = buffer.put(held, contributor, Dated(0, np.zeros(1)))
            ready.append(buffer.ready(held, 0, f=1) is not None)
        assert ready.index(True) == {1: 0, 2: 2, 3: 4}[needed]


def test_a_snapshot_holds_the_same():
    buffer = Buffer()
    held = filled(buffer, 4, [(0, 0), (3, 1)])
    again = restored(snapshot(held))
    assert again.new == held.new == {0, 3}
    assert [one and one.version for one in again.last] == [0, None, None, 1]
    assert restored(snapshot(buffer.empty(3))) == buffer.empty(3)


def test_a_buffer_that_may_hold_half_liars_is_refused():
    with pytest.raises(InvalidConfig, match="take 5"):
        Buffer(size=4).least(2)
    with pytest.raises(InvalidConfig, match="lower it"):
        Buffer(fresh=6).least(2)
    for settings in ({"size": 0}, {"fresh": -1}, {"keep": 0}):
        with pytest.raises(InvalidConfig):
            Buffer(**settings)
