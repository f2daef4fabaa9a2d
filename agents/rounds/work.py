"""What work is: a task that is given out, and what was found; and who does it, a workshop.

A workshop holds some contributors, a *block*, who are always computed together: each with copies of
its own, or a team in one world. What it finds is a function of the task and of where the fragment
starts, so it can be found again, anywhere.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.protocols import Floats, Integers, Mask
from rallypoint.batch_env import Snapshot
from rallypoint.safety.receipts import Receipt


class Task(NamedTuple):
    """What is wanted at a version: a look at a piece of a round's fragment."""

    round_number: int
    piece: int  # of the fragment, which is looked at several times by some estimators
    opening: Floats  # (R, D) parameters under which the fragment is played
    parameters: Floats  # (R, D) at which updates are wanted; for piece 0 those of the opening


class Filtered(NamedTuple):
    """What became of a contributor's trajectories, where those that stand out are left out."""

    left_out: int
    of: int


class Lived(NamedTuple):
    """What each of k contributors lived in a fragment."""

    returns: NDArray[np.float64]  # (k,) summed, of the episodes that ended in it
    episodes: Integers  # (k,) how many these were
    lengths: Integers  # (k,) of these, summed: agent-steps
    steps: Integers  # (k,) agent-steps in all
    digests: tuple[str, ...] = ()  # of all that was lived, where that is wanted
    filtered: tuple[Filtered, ...] = ()  # of each, where trajectories are filtered
    of_actors: tuple["Lived", ...] = ()  # the same, actor by actor, where there are several

    def among(self, count: int, whose: Integers) -> "Lived":
        """Return what so many contributors lived, of whom these k are some and others nothing."""
        filtered = [Filtered(0, 0)] * count if self.filtered else []
        for one, told in zip(whose.tolist(), self.filtered, strict=False):
            filtered[one] = told
        return Lived(
            _placed(self.returns, count, whose),
            _placed(self.episodes, count, whose),
            _placed(self.lengths, count, whose),
            _placed(self.steps, count, whose),
            filtered=tuple(filtered),
        )

    def plus(self, other: "Lived") -> "Lived":
        """Return what the same contributors lived in both."""
        filtered = zip(self.filtered, other.filtered, strict=True)
        return Lived(
            self.returns + other.returns,
            self.episodes + other.episodes,
            self.lengths + other.lengths,
            self.steps + other.steps,
            filtered=tuple(Filtered(a.left_out + b.left_out, a.of + b.of) for a, b in filtered),
        )


class Found(NamedTuple):
    """What a task brought, for each of k contributors."""

    updates: Floats  # (k, D)
    speaks: Mask  # (k,) who has anything to say
    lived: Lived
    more: bool  # whether the fragment has further pieces
    speaks_of: Mask | None = None  # (k, actors) of which actors; None: of all, whoever speaks


class Workshop(Protocol):
    """Computes the updates of a block of contributors."""

    def compute(self, task: Task, start: Snapshot | None = None) -> Found:
        """Compute everybody's update.

        Args:
            task: which.
            start: where the fragment starts; if not given, where the last one ended or, within a
                round, the fragment that is there already.
        """

    def snapshot(self) -> Snapshot:
        """Return where the last fragment ended: all that is needed to go on, bit for bit."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from where a fragment ended."""

    def receipts(self) -> tuple[Receipt, ...]:
        """Return what threats to this block's world did, as far as ``snapshot`` remembers."""


def _placed(part: NDArray[Any], count: int, whose: Integers) -> NDArray[Any]:
    found = np.zeros(count, dtype=part.dtype)
    found[whose] = part
    return found
