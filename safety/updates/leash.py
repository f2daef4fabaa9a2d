"""Keeps one threat to updates to its victims, schedule and budget."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import places_of
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.proposals import check_initial_state
from rallypoint.safety.enforcement.tally import Deed, Tally
from rallypoint.safety.limits import as_budget
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import State
from rallypoint.safety.threats.update import Combine, Updates, UpdateThreat
from rallypoint.safety.updates.asking import ask
from rallypoint.safety.updates.directions import lengths_of, shortened
from rallypoint.safety.updates.known import KnownUpdates, Places
from rallypoint.safety.updates.turns import Turns

_ALL = slice(None)


class Round(NamedTuple):
    """What is the same for all threats in a round."""

    number: int
    members: NDArray[np.int64]  # (n,) the contributor that each row is of
    is_liar: Mask  # (n,) Byzantine, or the victim of some threat
    aggregator: Combine | None
    parts: int = 1  # messages of one length that a row consists of


class Sent(NamedTuple):
    """Extremes of what was sent in the place of updates, so far."""

    largest_norm: float = -np.inf
    least_strength: float = np.inf
    largest_strength: float = -np.inf
    clipped: int = 0

    def and_(self, other: "Sent") -> "Sent":
        """Return the extremes of both."""
        return Sent(
            max(self.largest_norm, other.largest_norm),
            min(self.least_strength, other.least_strength),
            max(self.largest_strength, other.largest_strength),
            self.clipped + other.clipped,
        )


class UpdateLeash:
    """One threat: whose updates it may replace, what it remembers, what it sent."""

    def __init__(self, turns: Turns, contributors: tuple[str, ...]) -> None:
        """Take a threat on the leash.

        Args:
            turns: the threat to updates, whose it is, and when.
            contributors: all N, by name.
        """
        assert isinstance(turns.threat, UpdateThreat), "the frame refuses others"
        self.threat = turns.threat
        self.label = turns.label
        self.victims = turns.victims
        self.index = turns.index
        self._turns = turns
        self._contributors = contributors
        self._budget = as_budget(turns.threat.budget)
        self._row = np.cumsum(turns.victims) - 1  # (N,) of each victim, in the state
        self._state: State | None = None
        self._columns = 0
        self._tally = self._opened()
        self._sent = Sent()
        # One copy, whose agents are the contributors and whose steps are rounds.
        self._tally.begin(np.ones(1, dtype=bool), turns.seed)

    def lie(self, updates: Updates, now: Round) -> tuple[Updates, Receipt]:
        """Return updates (n, d) with what this threat puts in their place, and what it did."""
        places = self._places(now)
        there = np.zeros(len(self._contributors), dtype=bool)
        there[now.members] = True
        due = self._turns.due(there, np.array(now.number))  # (N,)
        may = self._turns.may(due, self._tally.spent[0], now.number)  # (N,)
        of_round, sent = self._opened(), Sent()
        lied = False
        if len(places.own):
            where = may[now.members[places.own]]  # (f_real,)
            lies, strength = self._ask(updates, places, now, where)
            if lied := bool(where.any()):
                told, sent = self._within_budget(lies[where])
                sent = sent.and_(_strengths(strength, where))
                updates = updates.copy()
                updates[places.own[where]] = told
        deed = self._deed_of(due, may, lied=lied)
        for tally in (self._tally, of_round):
            tally.count(deed, now.number, now.number)
        self._sent = self._sent.and_(sent)
        return updates, self._receipt(of_round, sent)

    def receipt(self) -> Receipt:
        """Write down what it did so far."""
        return self._receipt(self._tally, self._sent)

    def snapshot(self) -> Snapshot:
        """Return everything it goes on from."""
        kept = nested("tally", self._tally.snapshot()) | {"sent": np.array(self._sent)}
        for name, array in (self._state or {}).items():
            kept[f"state/{name}"] = array.copy()
        return kept | {"columns": np.array(self._columns if self._state is not None else -1)}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        self._tally.restore(part_of(snapshot, "tally"))
        largest_norm, least, largest, clipped = snapshot["sent"].tolist()
        self._sent = Sent(largest_norm, least, largest, int(clipped))
        columns = int(snapshot["columns"])
        self._columns = max(columns, 0)
        state = {name: array.copy() for name, array in part_of(snapshot, "state").items()}
        self._state = None if columns < 0 else state

    def _places(self, now: Round) -> Places:
        order = np.argsort(now.members)  # in which rows arrive makes no difference
        mine, is_liar = self.victims[now.members][order], now.is_liar[order]
        return Places(order[mine], order[is_liar & ~mine], order[~is_liar])

    def _opened(self) -> Tally:
        return Tally(1, len(self._contributors))

    def _ask(
        self, updates: Updates, places: Places, now: Round, may: Mask
    ) -> tuple[Updates, NDArray[Any] | None]:
        """Ask the threat for lies (f_real, d), and for their strength (f_real,) if it tells."""
        known = KnownUpdates(
            self.threat,
            updates,
            places,
            opportunities=may,
            members=now.members,
            round_number=now.number,
            aggregator=now.aggregator,
            parts=now.parts,
        )
        whole = self._remembered(updates.shape[1])
        rows = self._row[known.contributors]
        channel = f"threats/{self.threat.kind}/own"
        rngs = tuple(
            stream(self._turns.seed, channel, self._turns.place, now.number, int(contributor))
            for contributor in known.contributors
        )
        before = {name: array[rows] for name, array in whole.items()}
        try:
            lies, after = ask(self.threat, self.label, before, known, rngs, found=updates)
        finally:
            self._tally.violate("knowledge", known.refused)
        for name, array in whole.items():
            array[rows] = after[name]
        return lies, after.get("strength")

    def _remembered(self, columns: int) -> State:
        if self._state is None:
            victims = int(np.count_nonzero(self.victims))
            initial = self.threat.init(victims, columns)
            check_initial_state(self.label, victims, initial)
            self._state = {name: array.copy() for name, array in initial.items()}
            self._columns = columns
        if columns != self._columns:
            raise InvalidConfig(
                f"updates have {columns} columns, and had {self._columns} in earlier rounds; one "
                "frame is for one model"
            )
        return self._state

    def _within_budget(self, lies: Updates) -> tuple[Updates, Sent]:
        """Return lies no longer than the budget lets them be, and how long they are."""
        lengths, limit = lengths_of(lies), self._budget.norm
        long = np.zeros(len(lies), dtype=bool)
        if limit is not None:
            # A length may be infinite where no number is.
            long = np.isfinite(lies).all(axis=1) & (lengths > limit)
            lies = lies.copy()
            lies[long] = shortened(lies[long], limit)
            lengths[long] = np.minimum(lengths_of(lies[long]), limit)
        largest = float(lengths[np.isfinite(lengths)].max(initial=-np.inf))
        return lies, Sent(largest_norm=largest, clipped=int(np.count_nonzero(long)))

    def _deed_of(self, due: Mask, may: Mask, *, lied: bool) -> Deed:
        """Return what is to be counted of a round: the one copy, whose agents are contributors."""
        return Deed(
            rows=_ALL,
            occasions=int(np.count_nonzero(due)),
            opportunities=int(np.count_nonzero(may)),
            charged=(places_of(may[None]),) if lied else (),
            copies=np.array([lied]),
            number=int(lied),
        )

    def _receipt(self, tally: Tally, sent: Sent) -> Receipt:
        receipt = tally.receipt(self.threat, self.index, self._contributors)
        told = np.isfinite(sent.least_strength)
        return replace(
            receipt,
            largest_norm=sent.largest_norm if np.isfinite(sent.largest_norm) else None,
            strengths=(sent.least_strength, sent.largest_strength) if told else None,
            clipped=sent.clipped,
        )


def _strengths(strength: NDArray[Any] | None, where: Mask) -> Sent:
    told = np.array([]) if strength is None else strength[where]
    told = told[np.isfinite(told)]
    if not len(told):
        return Sent()
    return Sent(least_strength=float(told.min()), largest_strength=float(told.max()))
