"""Asynchronous protocols, told by hand."""

import numpy as np
import pytest

from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.protocols import (
    Arrived,
    Combine,
    Due,
    Follow,
    Lost,
    Moved,
    Stop,
    Work,
    protocols,
)
from rallypoint.agents.rounds.protocols.buffered import BufferedRounds
from rallypoint.agents.rounds.protocols.kardam import KardamRounds
from rallypoint.errors import InvalidConfig, TooManyByzantine

ASYNCHRONOUS = [name for name in protocols if getattr(protocols[name], "is_asynchronous", False)]
every_one = pytest.mark.parametrize("name", ASYNCHRONOUS)
START = np.zeros((1, 3), dtype=np.float32)


def arrived(version, *contributors, value=1.0, speaks=True):
    updates = np.full((len(contributors), 3), value, dtype=np.float32)
    return Arrived(version, np.array(contributors), updates, np.full(len(contributors), speaks))


def moved(version):
    return Moved(version, np.full((1, 3), version, dtype=np.float32), opens=True)


def asked(orders):
    """Return whose updates are ordered, at which versions."""
    return [(o.version, o.contributors.tolist()) for o in orders if isinstance(o, Work)]


def moves(orders):
    return [order for order in orders if isinstance(order, Follow | Combine)]


def driven(protocol, told, n=4):
    """Tell a protocol one thing after another; return the state and all orders in turn."""
    state, orders = protocol.begin(n, parameters=START)
    given = [orders]
    for one in told:
        state, orders = protocol.tell(state, one)
        given.append(orders)
    return state, given


def test_kardam_and_the_buffer_are_asynchronous():
    assert ASYNCHRONOUS == ["buffered", "kardam"]


@every_one
def test_everybody_is_asked_at_first_and_again_as_soon_as_it_has_spoken(name):
    protocol = protocols[name](f=1)
    _, (first, one, two) = driven(protocol, [arrived(0, 2), moved(1)])
    assert asked(first) == [(0, [0, 1, 2, 3])]
    if moves(one):
        assert asked(one) == []
        assert asked(two) == [(1, [2])]
    else:
        assert asked(one) == [(0, [2])]


def test_kardam_follows_a_gradient_times_its_factor():
    protocol = KardamRounds(f=1, dampening=Dampening(way="inverse"), coefficient="off")
    told = [arrived(0, 0), moved(1), arrived(0, 1, value=3.0)]
    _, given = driven(protocol, told)
    (order,) = moves(given[-1])
    assert order.version == 1
    assert (order.aggregate == 1.5).all()


def test_the_buffer_combines_the_newest_of_each_when_enough_are_there():
    protocol = BufferedRounds(f=1)
    told = [arrived(0, 0), arrived(0, 0, value=5.0), arrived(0, 3), arrived(0, 1, value=2.0)]
    _, given = driven(protocol, told)
    assert not any(moves(orders) for orders in given[:-1])
    (order,) = moves(given[-1])
    assert order.contributors.tolist() == [0, 1, 3]
    assert order.updates[:, 0].tolist() == [5, 2, 1]


@every_one
def test_what_comes_while_the_server_moves_is_heard_when_it_has(name):
    protocol = protocols[name](f=0)
    told = [arrived(0, 0), arrived(0, 1), arrived(0, 2), moved(1), moved(2), moved(3)]
    _, given = driven(protocol, told)
    assert [len(moves(orders)) for orders in given] == [0, 1, 0, 0, 1, 1, 0]
    assert [order.version for orders in given for order in moves(orders)] == [0, 1, 2]
    everybody = [c for orders in given[1:] for _, whom in asked(orders) for c in whom]
    assert sorted(everybody) == [0, 1, 2]


@every_one
def test_several_that_come_at_once_are_heard_one_by_one(name):
    protocol = protocols[name](f=0)
    together = driven(protocol, [arrived(0, 0, 1), moved(1), moved(2)])
    apart = driven(protocol, [arrived(0, 0), arrived(0, 1), moved(1), moved(2)])
    assert protocol.tally(together[0]) == protocol.tally(apart[0])
    assert together[1][-1] == apart[1][-1] or asked(together[1][-1]) == asked(apart[1][-1])


@every_one
def test_whoever_has_nothing_to_say_is_asked_again(name):
    protocol = protocols[name](f=1)
    _, given = driven(protocol, [arrived(0, 3, speaks=False)])
    assert asked(given[-1]) == [(0, [3])]
    assert not moves(given[-1])


@every_one
def test_whoever_computed_may_be_gone_often_and_a_contributor_may_not_fail_often(name):
    protocol = protocols[name](f=1, failures=2)
    gone, failed = (Lost(0, np.array([1]), is_gone=gone, reason="") for gone in (True, False))
    state, given = driven(protocol, [gone] * 5 + [failed])
    assert [asked(orders) for orders in given[1:]] == [[(0, [1])]] * 6
    assert protocol.tally(state)["given_up"] == 0
    state, orders = protocol.tell(state, failed)
    assert orders == ()
    assert protocol.tally(state)["given_up"] == 1


@every_one
def test_an_update_makes_up_for_failures_before_it(name):
    protocol = protocols[name](f=1, failures=2)
    failed = Lost(0, np.array([1]), is_gone=False, reason="")
    told = [failed, arrived(0, 1, speaks=False), failed]
    assert asked(driven(protocol, told)[1][-1]) == [(0, [1])]


@every_one
def test_it_stops_when_all_have_failed(name):
    protocol = protocols[name](f=0, failures=1)
    _, given = driven(protocol, [Lost(0, np.arange(4), is_gone=False, reason="")])
    assert isinstance(given[-1][0], Stop)


@every_one
def test_reminders_are_nobodys_business(name):
    protocol = protocols[name](f=0)
    assert driven(protocol, [Due(0, "deadline")])[1][-1] == ()


@every_one
def test_a_snapshot_goes_on_alike_and_orders_everybody_anew(name):
    protocol = protocols[name](f=1)
    told = [arrived(0, c) for c in (0, 1, 2)]
    state, _ = protocol.begin(4, parameters=START)
    version = 0
    for one in told:
        state, orders = protocol.tell(state, one)
        if moves(orders):
            version += 1
            state, _ = protocol.tell(state, moved(version))
    again, orders = protocol.restore(protocol.snapshot(state))
    assert asked(orders) == [(version, [0, 1, 2, 3])]
    assert protocol.tally(again) == protocol.tally(state)
    for one in (arrived(version, 3), arrived(version, 0)):
        (state, mine), (again, its) = protocol.tell(state, one), protocol.tell(again, one)
        assert [type(order) for order in mine] == [type(order) for order in its]
        assert protocol.tally(again) == protocol.tally(state)
        if moves(mine):
            version += 1
            state, _ = protocol.tell(state, moved(version))
            again, _ = protocol.tell(again, moved(version))


@every_one
def test_telling_changes_no_state(name):
    protocol = protocols[name](f=1)
    state, _ = protocol.begin(4, parameters=START)
    before = protocol.snapshot(state)
    for contributor in range(4):
        protocol.tell(state, arrived(0, contributor))
    after = protocol.snapshot(state)
    assert all(np.array_equal(before[key], after[key], equal_nan=True) for key in before)


@every_one
def test_more_liars_than_can_be_waited_out_are_refused(name):
    with pytest.raises(TooManyByzantine, match=name):
        protocols[name](f=2).begin(6, parameters=START)
    with pytest.raises(InvalidConfig):
        protocols[name](failures=0).begin(6, parameters=START)


def test_kardam_counts_why_gradients_are_refused():
    protocol = KardamRounds(f=1)
    told = [arrived(0, 0), moved(1), arrived(0, 0), arrived(0, 1, value=np.nan)]
    state, _ = driven(protocol, told)
    tally = protocol.tally(state)
    assert (tally["accepted"], tally["frequency"], tally["non_finite"]) == (1, 1, 1)
    assert tally["stalled"] == tally["longest_stall"] == 2
