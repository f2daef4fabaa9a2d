"""Contributors that are computed in no time, and go wrong when they are told to."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rallypoint.agents.rounds.protocols import Combine, Moved, Remind, Stop, Work
from rallypoint.agents.rounds.work import Found, Lived, Task

SIZE = 7


@dataclass(frozen=True)
class Toys:
    """A recipe: faults are (round, contributor, what), each of which happens once.

    Or every time, if its name ends in "!".
    """

    faults: tuple[tuple[int, int, str], ...] = ()
    folder: Path | None = None  # for notes of what has happened already
    seconds: float = 0.0  # that a block takes

    def workshop(self, whom):
        return ToyWorkshop(self, whom)

    def due(self, round_number, contributor):
        """Return what is to go wrong here and now, if anything is."""
        for at, who, what in self.faults:
            if (at, who) == (round_number, contributor):
                if what.endswith("!"):
                    return what.rstrip("!")
                try:
                    (self.folder / f"{at}-{who}").touch(exist_ok=False)
                except FileExistsError:
                    return None
                return what
        return None


class ToyWorkshop:
    """Each contributor has a number that grows, and finds an update by it."""

    def __init__(self, recipe, whom):
        self.recipe, self.whom = recipe, np.array(whom)
        self.numbers = self.whom.astype(float)
        self.opened = None

    def compute(self, task, start=None):
        if start is not None:
            self.restore(start)
        if self.opened != task.round_number:
            self.opened = task.round_number
            self.numbers = 0.9 * self.numbers + task.opening[0, :1] + 0.01 * task.round_number
        time.sleep(self.recipe.seconds)
        updates = np.sin(self.numbers[:, None] + task.parameters + task.piece, dtype=np.float32)
        count = len(self.whom)
        returns = np.ones(count)
        for row, contributor in enumerate(self.whom.tolist()):
            what = self.recipe.due(task.round_number, contributor)
            updates = gone_wrong(what, updates, row)
            if what == "lived":
                returns = returns[1:]
        lived = Lived(returns, *np.ones((3, count), int))
        return Found(updates, np.ones(count, bool), lived, task.piece < 1)

    def snapshot(self):
        return {"numbers": self.numbers.copy()}

    def restore(self, snapshot):
        self.numbers, self.opened = snapshot["numbers"].copy(), None

    def receipts(self):
        return ()


def gone_wrong(what, updates, row):
    match what:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3600)
        case "raise":
            raise ValueError("told to")
        case "nan":
            updates[row, 0] = np.nan
        case "shape":
            return updates[:, :-1]
        case "dtype":
            return updates.astype(float)
        case "nothing":
            return None
    return updates


def learned(delivery, protocol, rounds, *, before_round=lambda number: None, stop=lambda: False):
    """Train, two pieces to a round; return parameters, the tally, and who was missing when."""
    parameters = np.zeros((1, SIZE), dtype=np.float32)
    state, orders = protocol.begin(delivery.count)
    missing = []
    for number in range(rounds):
        if stop():
            break
        before_round(number)
        opening = parameters
        for piece in range(2):
            version = 2 * number + piece
            delivery.announce(version, Task(number, piece, opening, parameters))
            state, combine = carried_out(delivery, protocol, state, orders)
            missing += [(version, c) for c in combine.missing.tolist()]
            assert delivery.brought().more == (piece == 0)
            mean = combine.updates.mean(axis=0, dtype=np.float64)
            parameters = (parameters - 0.1 * mean).astype(np.float32)
            moved = Moved(version + 1, parameters, opens=piece == 1)
            state, orders = protocol.tell(state, moved)
    return parameters, protocol.tally(state), missing


def carried_out(delivery, protocol, state, orders):
    """Carry out orders until there is something to combine."""
    queue = list(orders)
    while True:
        while queue:
            match queue.pop(0):
                case Combine() as combine:
                    return state, combine
                case Work() as work:
                    delivery.order(work)
                case Remind() as reminder:
                    delivery.remind(reminder)
                case Stop(reason=reason):
                    raise AssertionError(reason)
        state, more = protocol.tell(state, delivery.next())
        queue += more
