"""Contributors asked one by one in this process."""

import numpy as np
import pytest

from rallypoint.agents.rounds.asking import AskedHere
from rallypoint.agents.rounds.work import Task
from rallypoint.errors import InvalidConfig, NotReset
from tests.agents.rounds.toys import SIZE, Toys

POINT = np.ones((1, SIZE), dtype=np.float32)


def asking(count=3):
    return AskedHere([Toys().workshop([one]) for one in range(count)])


def test_each_is_computed_when_its_answer_is_wanted():
    one = asking()
    one.ask(2, Task(0, 0, POINT, POINT))
    one.ask(0, Task(0, 0, POINT, POINT))
    assert one.first().contributor == 2  # who was asked first
    assert one.ends()[0]["numbers"] == 0  # nobody has played yet
    heard = one.answer(0)
    assert (
        heard.found.updates.tobytes()
        == Toys().workshop([0]).compute(Task(0, 0, POINT, POINT)).updates.tobytes()
    )
    assert one.tally["ordered"] == one.tally["arrived"] == 2


def test_what_it_was_asked_last_counts():
    one = asking(1)
    one.ask(0, Task(0, 0, -POINT, -POINT))
    one.ask(0, Task(0, 0, POINT, POINT))
    other = asking(1)
    other.ask(0, Task(0, 0, POINT, POINT))
    assert one.answer(0).found.updates.tobytes() == other.answer(0).found.updates.tobytes()


@pytest.mark.parametrize("wait", [lambda one: one.first(), lambda one: one.answer(1)])
def test_who_was_asked_nothing_does_not_answer(wait):
    with pytest.raises(NotReset, match="ask first"):
        wait(asking())


def test_it_goes_on_from_a_snapshot_without_what_was_under_way():
    one = asking()
    for contributor in range(3):
        one.ask(contributor, Task(0, 0, POINT, POINT))
    one.answer(1)
    other = asking()
    other.restore(one.snapshot())
    assert other.tally == one.tally
    with pytest.raises(NotReset):
        other.first()
    for each in (one, other):
        each.ask(1, Task(1, 0, POINT, POINT))
    assert one.answer(1).found.updates.tobytes() == other.answer(1).found.updates.tobytes()


def test_a_snapshot_of_others_is_refused():
    with pytest.raises(InvalidConfig):
        asking(2).restore(asking(3).snapshot())
