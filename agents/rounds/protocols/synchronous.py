"""The synchronous protocol: everybody computes at one version, then the server moves, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rallypoint.agents.rounds.protocols import (
    Arrived,
    Combine,
    Due,
    Floats,
    Integers,
    Lost,
    Mask,
    Moved,
    Order,
    Orders,
    Remind,
    RoundProtocol,
    Stop,
    Told,
    Work,
    protocols,
)
from rallypoint.batch_env import Snapshot
from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig

_PATIENCE, _DEADLINE = "patience", "deadline"


class Tally(NamedTuple):
    """What has been counted: every update that was ordered is in exactly one of the last four."""

    versions: int = 0  # that were combined
    ordered: int = 0  # updates, each counted once
    again: int = 0  # orders beyond the first for an update
    useless: int = 0  # answers that nobody waited for: a second one, or one too late
    gone: int = 0  # of whoever computed, with work under way
    failed: int = 0  # answers that were no update, or an error instead of one
    arrived: int = 0
    silent: int = 0  # that had nothing to say
    missing: int = 0  # that the deadline or too many failures took
    excused: int = 0  # not asked again in a round of which they had missed the beginning

    def plus(self, **more: int) -> "Tally":
        """Return the tally with more counted."""
        return self._replace(**{name: getattr(self, name) + by for name, by in more.items()})


class Waiting(NamedTuple):
    """Where the rounds stand."""

    version: int
    waits: Mask  # (n,) for whose update
    missing: Mask  # (n,) whose there will not be, in this round
    tries: Integers  # (n,) failures in this version
    came: Mapping[int, Floats]  # updates that are there, by contributor
    is_closed: bool  # all is combined, and the server has not said yet that it moved
    tally: Tally


@protocols.register("synchronous")
@dataclass(frozen=True, kw_only=True)
class Synchronous(RoundProtocol[Waiting]):
    """Wait for everybody, then combine.

    An update is a pure function of what its contributor is told, so one that was lost is computed
    again, elsewhere, to the same bits; the order in which they come is nobody's business. Whoever
    is not there at the deadline is missing, for the rest of the round, which counts against f.
    """

    deadline: float | None = None  # seconds for a version; without one, waits as long as it takes
    patience: float | None = None  # seconds until whoever is late is asked elsewhere as well
    failures: int = 3  # of an update's computation, after which it is missing

    def __post_init__(self) -> None:
        """Refuse times that cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        for name in (_DEADLINE, _PATIENCE):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise InvalidConfig(f"{name} is a number of seconds > 0, or none, got {seconds}")
        if self.deadline and self.patience and self.patience >= self.deadline:
            raise InvalidConfig(
                f"patience = {self.patience} ends before deadline = {self.deadline}, or nothing "
                "could be asked elsewhere in time; lower it"
            )
        check_least(self, 1, "failures")

    def begin(self, count: int, version: int = 0) -> tuple[Waiting, Orders]:
        """Order everybody's update."""
        return self._open(version, np.zeros(count, dtype=bool), Tally())

    def tell(self, state: Waiting, told: Told) -> tuple[Waiting, Orders]:
        """Go on."""
        if isinstance(told, Moved):
            missing = np.zeros_like(state.missing) if told.opens else state.missing
            return self._open(told.version, missing, state.tally)
        if told.version != state.version or state.is_closed:
            late = len(told.contributors) if isinstance(told, Arrived) else 0
            return state._replace(tally=state.tally.plus(useless=late)), ()
        match told:
            case Arrived():
                return self._arrived(state, told)
            case Lost():
                return self._lost(state, told)
            case Due(about="patience"):
                return self._again(state, np.flatnonzero(state.waits), ())
            case Due():
                return self._given_up(state, state.waits)

    def tally(self, state: Waiting) -> Mapping[str, int]:
        """Return what has been counted; of what is under way, nothing."""
        under_way = int(np.count_nonzero(state.waits))
        return state.tally.plus(ordered=-under_way)._asdict()

    def snapshot(self, state: Waiting) -> Snapshot:
        """Return a state as arrays: what was on its way is ordered, and counted, anew."""
        under_way, excused = (int(np.count_nonzero(of)) for of in (state.waits, state.missing))
        return {
            "version": np.array(state.version),
            "missing": state.missing.copy(),
            "tally": np.array(state.tally.plus(ordered=-under_way, excused=-excused)),
        }

    def restore(self, snapshot: Snapshot) -> tuple[Waiting, Orders]:
        """Return the state of a snapshot, and order everybody's update."""
        tally = Tally._make(snapshot["tally"].tolist())  # all of them, or it is refused
        return self._open(int(snapshot["version"]), snapshot["missing"].copy(), tally)

    def _open(self, version: int, missing: Mask, tally: Tally) -> tuple[Waiting, Orders]:
        asked = np.flatnonzero(~missing)
        tally = tally.plus(ordered=len(asked), excused=len(missing) - len(asked))
        state = Waiting(version, ~missing, missing, np.zeros(len(missing), int), {}, False, tally)
        reminders: list[Order] = [
            Remind(seconds, version, about)
            for seconds, about in ((self.patience, _PATIENCE), (self.deadline, _DEADLINE))
            if seconds is not None
        ]
        if not len(asked):
            return state, (Stop("every contributor is missing"),)
        return state, (Work(version, asked), *reminders)

    def _arrived(self, state: Waiting, told: Arrived) -> tuple[Waiting, Orders]:
        if _is_everybody(state, told):  # nothing has to be kept until others come
            tally = state.tally.plus(arrived=len(state.waits), versions=1)
            nobody = np.zeros_like(state.waits)
            closed = state._replace(waits=nobody, is_closed=True, tally=tally)
            return closed, (Combine(state.version, told.contributors, told.updates),)
        wanted = state.waits[told.contributors]
        if not _is_rising(told.contributors):  # one may be there twice, of which the first counts
            _, firsts = np.unique(told.contributors, return_index=True)
            wanted &= np.bincount(firsts, minlength=len(wanted)) > 0
        waits = state.waits.copy()
        waits[told.contributors] = False
        heard = wanted & told.speaks
        came = dict(state.came)
        came.update(zip(told.contributors[heard].tolist(), told.updates[heard], strict=True))
        tally = state.tally.plus(
            arrived=int(heard.sum()),
            silent=int((wanted & ~told.speaks).sum()),
            useless=int((~wanted).sum()),
        )
        return self._closed(state._replace(waits=waits, came=came, tally=tally))

    def _lost(self, state: Waiting, told: Lost) -> tuple[Waiting, Orders]:
        lost = told.contributors[state.waits[told.contributors]]
        count = len(lost)
        if told.is_gone:
            return self._again(state._replace(tally=state.tally.plus(gone=count)), lost, ())
        tries = state.tries.copy()
        tries[lost] += 1
        state = state._replace(tries=tries, tally=state.tally.plus(failed=count))
        hopeless = np.zeros_like(state.waits)
        hopeless[lost] = tries[lost] >= self.failures
        state, orders = self._given_up(state, hopeless) if hopeless.any() else (state, ())
        return self._again(state, lost[~hopeless[lost]], orders)

    def _again(self, state: Waiting, whom: Integers, orders: Orders) -> tuple[Waiting, Orders]:
        if not len(whom):
            return state, orders
        work = Work(state.version, whom, is_again=True)
        return state._replace(tally=state.tally.plus(again=len(whom))), (*orders, work)

    def _given_up(self, state: Waiting, whom: Mask) -> tuple[Waiting, Orders]:
        given_up = whom & state.waits
        tally = state.tally.plus(missing=int(given_up.sum()))
        return self._closed(
            state._replace(
                waits=state.waits & ~given_up, missing=state.missing | given_up, tally=tally
            )
        )

    def _closed(self, state: Waiting) -> tuple[Waiting, Orders]:
        """Combine, if nobody is waited for any more."""
        if state.waits.any():
            return state, ()
        tally = state.tally.plus(versions=1)
        closed = state._replace(is_closed=True, came={}, tally=tally)
        if not state.came:
            return closed, (Stop("no contributor has sent an update"),)
        rows = np.array(sorted(state.came))
        updates = np.stack([state.came[contributor] for contributor in rows.tolist()])
        return closed, (Combine(state.version, rows, updates, np.flatnonzero(state.missing)),)


def _is_everybody(state: Waiting, told: Arrived) -> bool:
    """Say whether all are waited for, and all have come at once, each with something to say."""
    is_all = len(told.contributors) == len(state.waits) and bool(told.speaks.all())
    return is_all and bool(state.waits.all()) and _is_rising(told.contributors)


def _is_rising(numbers: Integers) -> bool:
    return bool((numbers[1:] > numbers[:-1]).all())
