"""Calls spread over a cluster: in order, again where a process dies, and errors in a line."""

import os
import signal

import pytest

from rallypoint.agents.rounds.cluster.errands import spread
from rallypoint.agents.rounds.placement import Placement
from rallypoint.errors import CannotGoOn, InvalidConfig

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
PLACEMENT = Placement(address="auto", cpus=0.5, source="installed")


def squared(number, folder):
    note = folder / str(number)
    if number == 3 and not note.exists():
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 10:
        raise InvalidConfig("ten is too many")
    if number == 11:
        raise ZeroDivisionError("eleven")
    return number**2


def test_results_come_in_order_and_a_killed_process_is_no_loss(tmp_path):
    calls = [(number, tmp_path) for number in range(6)]
    assert list(spread(squared, calls, PLACEMENT)) == [0, 1, 4, 9, 16, 25]
    assert (tmp_path / "3").exists()


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [(10, InvalidConfig, "ten is too many"), (11, CannotGoOn, "on the cluster: eleven")],
)
def test_an_error_is_told_as_it_was_raised(number, kind, says, tmp_path):
    results = spread(squared, [(1, tmp_path), (number, tmp_path)], PLACEMENT)
    assert next(results) == 1
    with pytest.raises(kind, match=says):
        next(results)
