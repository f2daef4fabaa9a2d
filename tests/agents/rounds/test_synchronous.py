"""The synchronous protocol, driven by hand: no clock, no process, no network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.rounds.protocols import (
    Arrived,
    Combine,
    Due,
    Lost,
    Moved,
    Remind,
    Stop,
    Work,
    protocols,
)
from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from rallypoint.errors import InvalidConfig

SIZE = 3


def update_of(contributor, version):
    return np.arange(SIZE, dtype=np.float32) + 10 * contributor + 1000 * version


def arrived(version, *contributors, speaks=True):
    updates = np.stack([update_of(c, version) for c in contributors])
    return Arrived(version, np.array(contributors), updates, np.full(len(contributors), speaks))


def lost(version, *contributors, is_gone=True):
    return Lost(version, np.array(contributors), is_gone, "for a test")


def moved(version, *, opens=True):
    return Moved(version, np.zeros((1, SIZE), dtype=np.float32), opens)


def told(protocol, state, *messages):
    """Tell one after another; return the state, and all that was ordered."""
    orders = []
    for message in messages:
        state, more = protocol.tell(state, message)
        orders += more
    return state, orders


def as_lists(orders):
    return [
        (type(order).__name__, order.contributors.tolist()) if isinstance(order, Work) else order
        for order in orders
    ]


@given(st.permutations(range(5)), st.integers(1, 5))
def test_the_order_of_arrival_does_not_matter(order, at_a_time):
    protocol = Synchronous()
    state, first = protocol.begin(5)
    assert as_lists(first) == [("Work", [0, 1, 2, 3, 4])]
    parts = [order[i : i + at_a_time] for i in range(0, 5, at_a_time)]
    _, orders = told(protocol, state, *(arrived(0, *part) for part in parts))
    (combine,) = orders
    assert isinstance(combine, Combine)
    assert combine.contributors.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(combine.updates, [update_of(c, 0) for c in range(5)])


def test_all_at_once_is_not_copied():
    protocol = Synchronous()
    state, _ = protocol.begin(3)
    everything = arrived(0, 0, 1, 2)
    _, (combine,) = told(protocol, state, everything)
    assert combine.updates is everything.updates


def test_of_two_from_one_contributor_in_one_message_the_first_counts():
    protocol = Synchronous()
    state, _ = protocol.begin(2)
    told_of = np.array([1, 0, 1])
    rows = np.array([[1.0], [0.0], [9.0]], dtype=np.float32)
    state, (combine,) = protocol.tell(state, Arrived(0, told_of, rows, np.ones(3, dtype=bool)))
    assert combine.contributors.tolist() == [0, 1]
    assert combine.updates.tolist() == [[0.0], [1.0]]
    assert protocol.tally(state)["useless"] == 1


def test_nothing_is_combined_before_the_last_is_there():
    protocol = Synchronous()
    state, _ = protocol.begin(3)
    _, orders = told(protocol, state, arrived(0, 2), arrived(0, 0))
    assert not orders


def test_who_lived_nothing_is_absent_and_not_missing():
    protocol = Synchronous()
    state, _ = protocol.begin(3)
    state, (combine,) = told(protocol, state, arrived(0, 1, speaks=False), arrived(0, 2, 0))
    assert combine.contributors.tolist() == [0, 2]
    assert not len(combine.missing)
    assert protocol.tally(state)["silent"] == 1


def test_a_lost_update_is_ordered_elsewhere_and_the_numbers_do_not_change():
    protocol = Synchronous()
    state, _ = protocol.begin(3)
    state, orders = told(protocol, state, arrived(0, 1), lost(0, 0, 2))
    assert as_lists(orders) == [("Work", [0, 2])]
    assert orders[0].is_again
    state, (combine,) = told(protocol, state, arrived(0, 2), arrived(0, 0))
    assert np.array_equal(combine.updates, [update_of(c, 0) for c in range(3)])
    tally = protocol.tally(state)
    assert (tally["gone"], tally["again"], tally["missing"]) == (2, 2, 0)


def test_only_the_deadline_makes_a_late_one_missing():
    protocol = Synchronous(deadline=5.0)
    state, orders = protocol.begin(3)
    assert orders[1] == Remind(5.0, 0, "deadline")
    state, nothing = told(protocol, state, arrived(0, 0, 2), *[lost(0, 1)] * 4)
    assert not [order for order in nothing if isinstance(order, Combine)]
    state, (combine,) = told(protocol, state, Due(0, "deadline"))
    assert combine.contributors.tolist() == [0, 2]
    assert combine.missing.tolist() == [1]
    assert protocol.tally(state)["missing"] == 1


def test_the_missing_stay_so_until_the_next_fragment():
    protocol = Synchronous(deadline=5.0)
    state, _ = protocol.begin(2)
    state, _ = told(protocol, state, arrived(0, 0), Due(0, "deadline"))
    state, orders = told(protocol, state, moved(1, opens=False))
    assert orders[0].contributors.tolist() == [0]
    state, (combine,) = told(protocol, state, arrived(1, 0))
    assert combine.missing.tolist() == [1]
    state, orders = told(protocol, state, moved(2))
    assert orders[0].contributors.tolist() == [0, 1]
    tally = protocol.tally(state)
    assert (tally["missing"], tally["excused"]) == (1, 1)


def test_the_impatient_ask_elsewhere_and_the_second_answer_counts_for_nothing():
    protocol = Synchronous(patience=1.0, deadline=5.0)
    state, orders = protocol.begin(2)
    assert Remind(1.0, 0, "patience") in orders
    state, (again,) = told(protocol, state, arrived(0, 0), Due(0, "patience"))
    assert again.contributors.tolist() == [1]
    state, _ = told(protocol, state, arrived(0, 1))
    state, orders = told(
        protocol, state, arrived(0, 1), moved(1), arrived(0, 1), Due(0, "deadline")
    )
    assert [type(order) for order in orders] == [Work, Remind, Remind]
    assert protocol.tally(state)["useless"] == 2


def test_who_fails_again_and_again_is_missing():
    protocol = Synchronous(failures=2)
    state, _ = protocol.begin(2)
    state, orders = told(protocol, state, arrived(0, 0), lost(0, 1, is_gone=False))
    assert as_lists(orders) == [("Work", [1])]
    state, (combine,) = told(protocol, state, lost(0, 1, is_gone=False))
    assert combine.missing.tolist() == [1]


def test_it_stops_when_nobody_is_left():
    protocol = Synchronous(deadline=1.0)
    state, _ = protocol.begin(2)
    _, (stop,) = told(protocol, state, Due(0, "deadline"))
    assert isinstance(stop, Stop)


events = st.lists(
    st.tuples(st.sampled_from(["arrive", "gone", "fail", "patience"]), st.integers(0, 3)),
    max_size=40,
)


@given(st.lists(events, min_size=1, max_size=4))
def test_every_update_ordered_is_accounted_for_once(versions):
    protocol = Synchronous(patience=1.0, deadline=2.0, failures=3)
    state, _ = protocol.begin(4)
    combined = 0
    for version, happening in enumerate(versions):
        under_way = [*happening, ("arrive", 0), ("deadline", 0)]
        for what, whom in under_way:
            message = {
                "arrive": arrived,
                "gone": lost,
                "fail": lambda v, w: lost(v, w, is_gone=False),
            }.get(what, lambda v, _, what=what: Due(v, what))(version, whom)
            state, orders = protocol.tell(state, message)
            combined += sum(isinstance(order, Combine) for order in orders)
            if any(isinstance(order, Stop) for order in orders):
                return
        assert combined == version + 1
        tally = protocol.tally(state)
        assert tally["ordered"] == tally["arrived"] + tally["silent"] + tally["missing"]
        assert tally["ordered"] + tally["excused"] == 4 * (version + 1)
        state, _ = protocol.tell(state, moved(version + 1))


def test_telling_changes_nothing_that_was_there():
    protocol = Synchronous()
    state, _ = protocol.begin(2)
    before = (state.waits.copy(), state.tries.copy(), dict(state.came), state.tally)
    told(protocol, state, lost(0, 0, is_gone=False), arrived(0, 1), arrived(0, 0))
    after = (state.waits, state.tries, state.came, state.tally)
    for mine, theirs in zip(before, after, strict=True):
        assert np.all(mine == theirs)


def test_a_snapshot_goes_on_where_it_was_with_everything_ordered_anew():
    protocol = Synchronous(deadline=5.0)
    state, _ = protocol.begin(3)
    state, _ = told(protocol, state, arrived(0, 0, 1), Due(0, "deadline"), moved(1, opens=False))
    state, _ = told(protocol, state, arrived(1, 0))
    again, orders = protocol.restore(protocol.snapshot(state))
    assert orders[0].version == 1
    assert orders[0].contributors.tolist() == [0, 1]
    assert protocol.tally(again) == protocol.tally(state)
    _, (combine,) = told(protocol, again, arrived(1, 1), arrived(1, 0))
    assert combine.missing.tolist() == [2]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"deadline": 0}, "deadline is a number of seconds > 0"),
        ({"patience": -1.0}, "patience is a number of seconds > 0"),
        ({"patience": 2.0, "deadline": 2.0}, "lower it"),
        ({"failures": 0}, "failures"),
    ],
)
def test_times_that_cannot_be_meant_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Synchronous(**settings)


def test_it_is_found_by_its_name():
    assert protocols["synchronous"] is Synchronous
