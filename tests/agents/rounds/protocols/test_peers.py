"""Peers, told by hand: what they are to do, one thing after another."""

import numpy as np
import pytest

from rallypoint.agents.rounds.protocols import Arrived, Lost, Moved, Work
from rallypoint.agents.rounds.protocols.peers import (
    Exchange,
    Heard,
    Judge,
    Peers,
    Settle,
    Step,
)
from rallypoint.errors import RallypointError

N, D = 6, 2


def arrived(version, contributors, *, speaks=None):
    updates = np.repeat(np.array(contributors, dtype=np.float32)[:, None], D, axis=1)
    said = np.ones(len(contributors), bool) if speaks is None else np.array(speaks)
    return Arrived(version, np.array(contributors), updates, said)


def heard(order):
    """Let everybody hear what was sent."""
    rows = np.repeat(order.rows[None], N, axis=0)
    return Heard(order.version, order.exchange, order.what, rows)


def held():
    return np.arange(N * D, dtype=np.float32).reshape(N, D) ** 2


def kinds(orders):
    return [type(order) for order in orders]


def a_round(protocol, state, told=None):
    """Carry out a round; return the state, and all orders."""
    given = []
    state, orders = protocol.tell(state, told or arrived(state.version, range(N)))
    while not isinstance(orders[0], Work):
        (order,) = orders
        given.append(order)
        match order:
            case Exchange():
                answer = heard(order)
            case Step() | Judge():
                answer = Moved(order.version, held(), opens=False)
            case Settle():
                answer = Moved(order.version + 1, order.parameters, opens=True)
        state, orders = protocol.tell(state, answer)
    return state, given


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [Step, Exchange, Settle]),
        ({"exchanges": 3}, [Step, Exchange, Exchange, Exchange, Settle]),
        ({"mixing": "none"}, [Step, Settle]),
        ({"updates": "shared", "mixing": "mda"}, [Exchange, Judge, Exchange, Settle]),
        ({"updates": "shared", "mixing": "none"}, [Exchange, Judge, Settle]),
    ],
)
def test_a_round_goes_as_it_should_and_then_the_next(settings, expected):
    protocol = Peers(contributors=N, f=1, **settings)
    state, (work,) = protocol.begin()
    assert work.contributors.tolist() == list(range(N))
    for number in range(2):
        assert state.version == number
        state, given = a_round(protocol, state)
        assert kinds(given) == expected
        exchanges = [order for order in given if isinstance(order, Exchange)]
        assert [order.what for order in exchanges][: len(protocol.sends)] == list(protocol.sends)
    tally = protocol.tally(state)
    assert tally["rounds"] == 2
    assert tally["exchanges"] == 2 * len(exchanges)
    assert tally["messages"] == 2 * len(exchanges) * N * (N - 1)
    assert not tally["unheard"] + tally["silent"] + tally["ignored"]


def test_each_goes_on_from_what_it_makes_of_what_it_heard():
    protocol = Peers(contributors=N, f=1, exchanges=2)
    state, _ = protocol.begin()
    state, (_, first, second, settle) = a_round(protocol, state)
    np.testing.assert_array_equal(first.rows, held())
    expected = [  # the five that are nearest
        first.rows[np.argsort(np.linalg.norm(first.rows - row, axis=1))[:5]].mean(axis=0)
        for row in first.rows
    ]
    np.testing.assert_allclose(second.rows, expected)
    assert np.ptp(settle.parameters, axis=0).max() < np.ptp(second.rows, axis=0).max()


def test_updates_may_come_one_by_one_and_in_any_order():
    protocol = Peers(contributors=N, f=1)
    state, _ = protocol.begin()
    for contributor in (3, 0, 5, 1, 4):
        state, orders = protocol.tell(state, arrived(0, [contributor]))
        assert orders == ()
    state, (step,) = protocol.tell(state, arrived(0, [2]))
    assert step.contributors.tolist() == list(range(N))
    np.testing.assert_array_equal(step.updates[:, 0], range(N))


def test_who_finds_nothing_stays_where_it_is_and_listens():
    protocol = Peers(contributors=N, f=1)
    state, _ = protocol.begin()
    state, _ = protocol.tell(state, Lost(0, np.array([4]), is_gone=True, reason="died"))
    told = arrived(0, [0, 1, 2, 3, 5], speaks=[True, False, True, True, True])
    state, (step,) = protocol.tell(state, told)
    assert step.contributors.tolist() == [0, 2, 3, 5]
    state, (exchange,) = protocol.tell(state, Moved(0, held(), opens=False))
    assert exchange.contributors.tolist() == list(range(N))
    assert protocol.tally(state)["silent"] == 2


def test_who_finds_nothing_is_no_part_of_what_is_shared():
    protocol = Peers(contributors=N, f=1, updates="shared", mixing="mda")
    state, _ = protocol.begin()
    told = arrived(0, range(N), speaks=[True, False, True, True, True, True])
    state, (exchange,) = protocol.tell(state, told)
    assert exchange.contributors.tolist() == exchange.rows[:, 0].tolist() == [0, 2, 3, 4, 5]
    rows = np.arange(N * 5 * D, dtype=np.float32).reshape(N, 5, D)
    state, (judge,) = protocol.tell(state, Heard(*exchange[:3], rows))
    assert judge.contributors.tolist() == [0, 2, 3, 4, 5]
    np.testing.assert_array_equal(judge.heard, rows[[0, 2, 3, 4, 5]])
    assert protocol.tally(state)["messages"] == 5 * 5


def test_if_nobody_finds_anything_nobody_steps():
    protocol = Peers(contributors=N, f=1, updates="shared", mixing="mda")
    state, _ = protocol.begin()
    told = arrived(0, range(N), speaks=[False] * N)
    state, given = a_round(protocol, state, told)
    assert kinds(given) == [Step, Exchange, Settle]
    assert not len(given[0].contributors)


def test_who_hears_only_nonsense_from_some_goes_by_the_others():
    protocol = Peers(contributors=N, f=1)
    state, _ = protocol.begin()
    state, _ = protocol.tell(state, arrived(0, range(N)))
    state, (exchange,) = protocol.tell(state, Moved(0, held(), opens=False))
    told = heard(exchange)
    told.rows[:5, 5] = np.nan
    state, (settle,) = protocol.tell(state, told)
    np.testing.assert_allclose(settle.parameters[:5], np.tile(held()[:5].mean(axis=0), (5, 1)))
    assert protocol.tally(state)["unheard"] == 5


def test_what_nobody_waits_for_changes_nothing():
    protocol = Peers(contributors=N, f=1)
    state, _ = protocol.begin(version=3)
    assert protocol.tell(state, arrived(2, range(N)))[1] == ()
    state, _ = protocol.begin()
    state, _ = protocol.tell(state, arrived(0, range(N)))
    state, (exchange,) = protocol.tell(state, Moved(0, held(), opens=False))
    for late in (arrived(0, [2]), heard(exchange._replace(exchange=1)), arrived(7, [1])):
        state, orders = protocol.tell(state, late)
        assert orders == ()
    assert protocol.tally(state)["ignored"] == 3
    assert protocol.tell(state, heard(exchange))[1]


def test_telling_changes_no_state_that_was_told_before():
    protocol = Peers(contributors=N, f=1)
    state, _ = protocol.begin()
    first = protocol.tell(state, arrived(0, [1, 2]))[0]
    protocol.tell(first, arrived(0, [0, 3, 4, 5]))
    assert first.waits.tolist() == [True, False, False, True, True, True]
    assert protocol.tell(first, arrived(0, [0, 3, 4, 5]))[1][0].contributors.tolist() == [*range(N)]


def test_a_state_is_restored_between_rounds():
    protocol = Peers(contributors=N, f=1)
    state, _ = a_round(protocol, protocol.begin()[0])
    again, (work,) = protocol.restore(protocol.snapshot(state))
    assert (again.version, work.version) == (1, 1)
    assert protocol.tally(again) == protocol.tally(state)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"contributors": 1}, "at least 2"),
        ({"f": -1}, "f is a number >= 0"),
        ({"exchanges": 0}, "exchanges one >= 1"),
        ({"f": 2}, "n >= 11"),
        ({"f": 2, "mixing": "mda"}, "n >= 9"),
        ({"f": 2, "mixing": "trimmed_mean"}, "n >= 7"),
        ({"mixing": "monnna"}, "monna"),
        ({"mixing": "none", "exchanges": 2}, "no exchanges"),
        ({"updates": "share"}, "shared"),
        ({"mixing": "zeno"}, "needs"),
    ],
)
def test_what_cannot_be_meant_or_tolerated_is_refused(settings, why):
    with pytest.raises(RallypointError, match=why):
        Peers(**{"contributors": N, "f": 1, **settings})
