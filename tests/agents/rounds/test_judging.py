"""What is an update, when a job is refused, and when it is time: all without a cluster."""

import numpy as np
import pytest

from rallypoint.agents.rounds.host import BEFORE_ALL, Answer, Host, Job
from rallypoint.agents.rounds.judging import Doubts, fault_of
from rallypoint.agents.rounds.protocols import Arrived, Due, Remind
from rallypoint.agents.rounds.reminders import Reminders
from rallypoint.agents.rounds.work import Filtered, Found, Lived
from tests.agents.rounds.toys import SIZE, Toys

LIVED = Lived(np.ones(2), *np.ones((3, 2), dtype=np.int64))
OF_TWO = LIVED._replace(of_actors=(LIVED, LIVED))


def answer(updates=None, speaks=None, lived=LIVED, speaks_of=None):
    updates = np.zeros((2, SIZE), dtype=np.float32) if updates is None else updates
    speaks = np.ones(2, dtype=bool) if speaks is None else speaks
    return Answer(Found(updates, speaks, lived, False, speaks_of), None, ())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(), None),
        (answer(np.full((2, SIZE), np.nan, dtype=np.float32)), None),  # numbers are not its matter
        (answer(np.zeros((3, SIZE), dtype=np.float32)), "updates are float32 (2, 7), got"),
        (answer(np.zeros((2, SIZE))), "got float64 (2, 7)"),
        (answer([[0.0] * SIZE] * 2), "got <class 'list'>"),
        (answer(speaks=np.ones(2)), "speaks are bool (2,)"),
        (answer(speaks_of=np.ones((2, 1), dtype=bool)), None),
        (answer(speaks_of=np.ones((3, 1), dtype=bool)), "speaks_of are bool (2, 1), got bool (3"),
        (answer(speaks_of=[[True]] * 2), "speaks_of are bool (2, 1), got <class 'list'>"),
        (answer(lived=None), "lived is a Lived, got <class 'NoneType'>"),
        (answer(lived=LIVED._replace(returns=np.ones(3))), "lived.returns are float64 (2,)"),
        (answer(lived=LIVED._replace(steps=np.ones(2))), "lived.steps are int64 (2,), got float64"),
        (answer(lived=OF_TWO), "lived.of_actors are 0, got 2"),
        (
            answer(lived=LIVED._replace(filtered=(Filtered(0, 3),))),
            "lived.filtered are 2 or none, got 1",
        ),
        (answer(lived=LIVED._replace(filtered=(0, 3))), "lived.filtered are a tuple of Filtered"),
        (answer(lived=LIVED._replace(digests=None)), "lived.digests are a tuple of str, got"),
        (answer(lived=LIVED._replace(of_actors=None)), "lived.of_actors are a tuple of Lived, got"),
        (answer(lived=LIVED._replace(of_actors=(None,))), "lived.of_actors are a tuple of Lived"),
        (answer(lived=LIVED._replace(digests=("",) * 3)), "lived.digests are 2 or none, got 3"),
        (Answer(None, None, ()), "does not know where the fragment starts"),
        ("yes", "answered a str, no Answer"),
    ],
)
def test_an_answer_is_judged_by_its_form(given, says):
    fault = fault_of(given, 2, SIZE, parts=1)
    assert fault is says or says in fault


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(lived=OF_TWO), None),
        (answer(lived=OF_TWO, speaks_of=np.ones((2, 2), dtype=bool)), None),
        (answer(lived=OF_TWO, speaks_of=np.ones((2, 1), dtype=bool)), "speaks_of are bool (2, 2)"),
        (answer(), "lived.of_actors are 2, got 0"),
        (answer(speaks_of=np.ones((2, 1), dtype=bool)), "lived.of_actors are 2, got 0"),
        (answer(lived=LIVED._replace(of_actors=(LIVED,) * 9)), "lived.of_actors are 2, got 9"),
        (
            answer(lived=LIVED._replace(of_actors=(LIVED, LIVED._replace(episodes=None)))),
            "lived.episodes are int64 (2,), got <class 'NoneType'>",
        ),
    ],
)
def test_an_answer_tells_of_as_many_actors_as_are_learned(given, says):
    fault = fault_of(given, 2, SIZE, parts=2)
    assert fault is says or says in fault


def test_what_is_not_finite_is_doubted_until_it_comes_again():
    doubts = Doubts()
    updates = np.zeros((3, 4), dtype=np.float32)
    updates[1, 2], updates[2, 0] = np.inf, np.nan
    arrived = Arrived(0, np.array([4, 5, 6]), updates, np.array([True, True, False]))
    assert doubts.about(arrived).tolist() == [False, True, False]  # the silent say nothing
    assert doubts.about(arrived).tolist() == [False, False, False]
    doubts.clear()
    assert doubts.about(arrived).tolist() == [False, True, False]


def test_a_host_does_not_guess_where_a_fragment_starts():
    host = Host(Toys(), "a host")
    parameters = np.zeros((1, SIZE), dtype=np.float32)
    first = Job(0, (0, 1), 0, 0, BEFORE_ALL)
    assert host.compute(first, parameters, None, None).found is None
    begun = host.compute(first, parameters, None, {})
    assert begun.found is not None
    assert begun.ends is not None
    # It goes on from its own, or from what it is told: the same.
    second = Job(0, (0, 1), 1, 0, 0)
    here = host.compute(second, parameters, None, None)
    elsewhere = Host(Toys(), "another").compute(second, parameters, None, begun.ends)
    assert here.found.updates.tobytes() == elsewhere.found.updates.tobytes()
    # Two rounds later it knows nothing of the one between.
    assert host.compute(Job(0, (0, 1), 3, 0, 2), parameters, None, None).found is None


def test_a_later_piece_elsewhere_needs_the_parameters_of_the_opening():
    opening = np.zeros((1, SIZE), dtype=np.float32)
    moved = opening + 1
    host, other = Host(Toys(), "a host"), Host(Toys(), "another")
    host.compute(Job(0, (0,), 0, 0, BEFORE_ALL), opening, None, {})
    piece = Job(0, (0,), 0, 1, BEFORE_ALL)
    here = host.compute(piece, moved, None, None).found.updates
    assert other.compute(piece, moved, opening, {}).found.updates.tobytes() == here.tobytes()
    assert other.compute(piece, moved, None, {}).found.updates.tobytes() != here.tobytes()


def test_reminders_come_in_time_and_in_order():
    reminders = Reminders()
    reminders.add(Remind(5.0, 0, "deadline"), now=10.0)
    reminders.add(Remind(1.0, 0, "patience"), now=10.0)
    assert reminders.seconds(10.0, at_most=60.0) == 1.0
    assert reminders.take(10.9) is None
    assert reminders.take(11.0) == Due(0, "patience")
    reminders.postpone(3.0)
    assert reminders.take(17.9) is None
    assert reminders.take(18.0) == Due(0, "deadline")
    assert reminders.seconds(18.0, at_most=60.0) == 60.0
