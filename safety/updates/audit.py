"""An audit of recorded updates: could a threat model have done just this?

Who could be spoken for in which round is worked out again, from the declaration, the seed and who
took part; whose update was changed is in the recording.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.draws import Floats, Integers
from rallypoint.safety.limits import as_budget, as_schedule
from rallypoint.safety.receipts import Receipt, Seen
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates.recording import NOBODY, UpdateRecording
from rallypoint.safety.updates.turns import Turns, is_lie, liars_of, turns_of

_ROUNDING = 1e-5  # of a length, relatively
_SMALL = 1e-35  # lengths of which numbers of 32 bits hold but a few digits
_NEVER = -1


class _Account:
    """What one threat could do so far, and what was seen of it."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.spent = np.zeros(len(turns.victims), dtype=np.int64)  # (N,) rounds
        self.occasions = 0
        self.steps = 0
        self.first = self.last = _NEVER
        self.largest_norm: float | None = None  # of what was sent in its place, where it is finite
        self._largest_seen = 0.0  # likewise, where it is another than before
        self._undue = 0  # updates that became others in rounds that are none of its schedule
        self._seen_first = self._seen_last = _NEVER
        self._changed = np.zeros_like(self.spent)  # (N,) rounds in which an update became another

    def open(self, part: UpdateRecording) -> Mask:
        """Go on with a part; return whom it may speak for in each round: (C, N)."""
        due = self.turns.due(part.there, part.numbers)
        self.occasions += int(np.count_nonzero(due))
        may = np.zeros_like(due)
        for place in np.flatnonzero(due.any(axis=1)).tolist():  # what is spent rules what may be
            number = int(part.numbers[place])
            may[place] = self.turns.may(due[place], self.spent, number)
            self.spent += may[place]
        acted = part.numbers[may.any(axis=1)]
        self.steps += len(acted)
        if len(acted):
            self.first = int(acted.min() if self.first == _NEVER else min(self.first, acted.min()))
            self.last = max(self.last, int(acted.max()))
        self._see(part)
        return may

    def hear(self, norms: Floats) -> None:
        """Go on with the lengths of what was sent in the place of updates, changed or not."""
        finite = norms[np.isfinite(norms)]
        if len(finite):
            self.largest_norm = float(finite.max(initial=self.largest_norm or 0.0))

    def _see(self, part: UpdateRecording) -> None:
        """Go on with whom somebody would have seen become another."""
        changed = part.touched_by(self.turns.index)
        self._changed += np.count_nonzero(changed, axis=0)
        is_due = as_schedule(self.turns.threat.when).due(part.numbers)
        self._undue += int(np.count_nonzero(changed[~is_due]))
        norms = part.norms_sent[part.threats == self.turns.index]
        self._largest_seen = float(norms[np.isfinite(norms)].max(initial=self._largest_seen))
        if len(rounds := part.numbers[changed.any(axis=1)]):
            first, last = int(rounds.min()), int(rounds.max())
            self._seen_first = first if self._seen_first == _NEVER else min(first, self._seen_first)
            self._seen_last = max(last, self._seen_last)

    def facts(self, receipt: Receipt, contributors: Sequence[str]) -> dict[str, tuple[Any, Any]]:
        """Return what follows from the recording, and what a receipt says, by name."""
        applications = _counted(contributors, self.spent)
        changed = Seen(
            rounds=_counted(contributors, self._changed),
            first=_round(self._seen_first),
            last=_round(self._seen_last),
            undue=self._undue,
            largest_norm=self._largest_seen,
        )
        told = receipt.seen
        if told is not None and _alike(told.largest_norm, self._largest_seen):
            told = replace(told, rounds=dict(told.rounds), largest_norm=self._largest_seen)
        norm = receipt.largest_norm
        return {
            "all contributors": (tuple(contributors), receipt.agents),
            "site": (self.turns.threat.site, receipt.site),
            "runs": ((1, 1), (receipt.episodes, receipt.repeats)),
            "changed": (changed, told),
            "occasions": (self.occasions, receipt.occasions),
            "opportunities": (sum(applications.values()), receipt.opportunities),
            "applications": (applications, dict(receipt.applications)),
            "rounds": (self.steps, receipt.steps),
            "first round": (_round(self.first), receipt.first_step),
            "last round": (_round(self.last), receipt.last_step),
            "most rounds": (int(self.spent.max(initial=0)), receipt.most_steps),
            "contributors": (int(np.count_nonzero(self.spent)), receipt.most_agents),
            "largest norm": (
                self.largest_norm,
                self.largest_norm if _alike(norm, self.largest_norm) else norm,
            ),
        }


class UpdateAudit:
    """Keeps account of what recordings show of each threat to updates, part by part."""

    def __init__(self, model: ThreatModel, contributors: Sequence[str], seed: int) -> None:
        """Begin with nothing recorded of these contributors under the threats of a frame."""
        self._contributors, self._seed = tuple(contributors), seed
        self._byzantine = liars_of(model, contributors, seed)
        turns = turns_of(model, contributors, seed)
        acting = sorted(turns, key=lambda each: not is_lie(each.threat))
        self._accounts = {each.index: _Account(each) for each in acting}
        self._strays: dict[str, tuple[int, str]] = {}  # how many, and which was the first
        self._odd: list[str] = []

    def add(self, part: UpdateRecording) -> None:
        """Go on with the next part of a recording."""
        if (part.contributors, part.seed) != (self._contributors, self._seed):
            self._odd.append("the recording is of other contributors, or of another seed")
            return
        others = np.flatnonzero(part.byzantine != self._byzantine)
        self._odd += [f"{part.contributors[i]} is not what [byzantine] makes it" for i in others]
        self._odd += contradictions(part)
        norms = np.full(part.there.shape, np.nan)  # of each update, as the threats so far left it
        norms[part.rounds, part.senders] = part.norms
        for index, account in self._accounts.items():
            may = account.open(part)
            self._note(part, part.touched_by(index) & ~may, account.turns.label)
            rows = part.rows[mine := part.threats == index]
            norms[part.rounds[rows], part.senders[rows]] = part.norms_sent[mine]
            account.hear(norms[may])
        for other in set(np.unique(part.threats).tolist()) - set(self._accounts):
            who = "nobody" if other == NOBODY else f"threats[{other}], which is none of these"
            self._note(part, part.touched_by(other), who)

    def faults(self, receipts: Sequence[Receipt]) -> list[str]:
        """Say, in sentences, where recordings show what the threats cannot have done, or did not.

        Args:
            receipts: of these threats, about all that was recorded.
        """
        found = [
            f"{count} {'update' if count == 1 else 'updates'} in the recording changed by {who} "
            f"out of turn, the first {first}"
            for who, (count, first) in self._strays.items()
        ]
        for receipt in receipts:
            if (account := self._accounts.get(receipt.index)) is not None:
                label = f"threats[{receipt.index}] ({receipt.kind})"
                found += [
                    f"{label}: {fault}" for fault in _faults(account, receipt, self._contributors)
                ]
        return [*dict.fromkeys(self._odd), *found]

    def _note(self, part: UpdateRecording, strays: Mask, who: str) -> None:
        count = int(np.count_nonzero(strays))
        if count:
            place, contributor = np.argwhere(strays)[0]
            where = f"of {part.contributors[contributor]} in round {part.numbers[place]}"
            before, first = self._strays.get(who, (0, where))
            self._strays[who] = (before + count, first)


def _counted(contributors: Sequence[str], counts: Integers) -> dict[str, int]:
    """Return counts by name, where they are not 0."""
    told = zip(contributors, counts.tolist(), strict=True)
    return {name: count for name, count in told if count}


def _faults(account: _Account, receipt: Receipt, contributors: Sequence[str]) -> list[str]:
    found = [
        f"{what}: {seen} by the recording, {said} in its receipt"
        for what, (seen, said) in account.facts(receipt, contributors).items()
        if seen != said
    ]
    budget = as_budget(account.turns.threat.budget).norm
    if budget is not None and (account.largest_norm or 0.0) > budget * (1 + _ROUNDING):
        found.append(f"sent {account.largest_norm:g} in the recording, of {budget:g} at most")
    return found


def _round(number: int) -> int | None:
    return None if number == _NEVER else number


def _alike(one: float | None, other: float | None) -> bool:
    """Tell whether two lengths, if they are any, are the same but for rounding."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_SMALL)


def contradictions(part: UpdateRecording) -> list[str]:
    """Say where numbers of a recording cannot be true together: it was written otherwise.

    A change moves a vector from one length to another, which no distance but one between their
    difference and their sum can do.
    """
    before = _lengths_before(part)
    after, apart = part.norms_sent, part.distances
    with np.errstate(over="ignore", invalid="ignore"):
        # Of the smallest numbers there is no part: each of three lengths is off by half of one.
        room = _ROUNDING * (before + after) + 2 * np.finfo(np.float64).smallest_subnormal
        wrong = (apart < np.abs(after - before) - room) | (apart > after + before + room)
    wrong &= np.isfinite(before) & np.isfinite(after)
    found = []
    if wrong.any():
        row = part.rows[np.flatnonzero(wrong)[0]]
        who, number = part.contributors[part.senders[row]], part.numbers[part.rounds[row]]
        found.append(f"lengths and distance of {who} in round {number} contradict each other")
    return found


def _lengths_before(part: UpdateRecording) -> Any:
    """Return how long each changed update was just before: (K,)."""
    before = part.norms[part.rows].copy()
    order = np.argsort(part.rows, kind="stable")  # changes of one update, one after another
    again = np.flatnonzero(part.rows[order][1:] == part.rows[order][:-1]) + 1
    before[order[again]] = part.norms_sent[order[again - 1]]
    return before
