"""Whom one threat may touch at a moment: its victims, where its schedule and budget allow it."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.safety.cells import Places, number_of, places_of
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.memory import Memory
from rallypoint.safety.enforcement.tally import Tally
from rallypoint.safety.known import Moment, Rows, Span, afford, sealed
from rallypoint.safety.limits import EVERY_STEP, as_budget, as_schedule
from rallypoint.safety.threats import Threat


class Allowed(NamedTuple):
    """What a threat may do to one group of n agents in e copies."""

    opportunities: Mask  # (e, n)
    places: Places  # of the opportunities
    number: int  # of them
    allowance: NDArray[np.int64]  # (e,) how many of them may be new agents
    touched: Mask | None  # (e, n) who is no new one; None where their number is not limited

    def within(self, wanted: Mask) -> Mask:
        """Return so much of what is wanted as the number of agents allows."""
        return wanted if self.touched is None else afford(wanted, self.touched, self.allowance)


class Due(NamedTuple):
    """Whom a threat may touch at a moment, its budget aside."""

    victims: Mask  # (e, N)
    present: Mask  # (e, N)
    scheduled: Mask  # (e, 1) or (e, N), coins included
    occasions: int  # before any coin is tossed
    candidates: Mask  # (e, N)

    def reasons(self, columns: slice) -> tuple[tuple[str, Mask], ...]:
        """Return the limits that an attempt may break, in the order in which they are asked."""
        scheduled = np.broadcast_to(self.scheduled, self.victims.shape)
        named = (("victims", self.victims), ("absence", self.present), ("schedule", scheduled))
        return tuple((kind, limit[:, columns]) for kind, limit in named)


class Occasions:
    """Says whom one threat may touch, and says it once as long as nothing changes.

    The same objects come back while victims, those who are there and whether a step is due are
    the same, so that a threat which does always the same need not be asked again.
    """

    def __init__(
        self,
        threat: Threat,
        env: BatchEnv,
        *,
        ballot: Ballot,
        tally: Tally,
        memory: Memory,
    ) -> None:
        """Look at a threat's limits, and at where its books and its draws are kept."""
        schedule, budget = as_schedule(threat.when), as_budget(threat.budget)
        self._schedule = schedule
        self._ballot = ballot
        self._tally = tally
        self._memory = memory
        self._no_limit = sealed(np.full(env.num_copies, env.num_agents))
        self._tosses = schedule.probability < 1
        self._always = schedule == replace(EVERY_STEP, probability=schedule.probability)
        self._steps, self._agents = budget.steps_per_episode, budget.agents
        # Whether what was done before makes no difference.
        self.unlimited = self._steps is None and self._agents is None
        self._last: Due | None = None  # of all copies, on one answer of the schedule
        self._is_due: bool | Mask = False  # that answer
        self._allowed: dict[str, Allowed] = {}  # by group, of the last

    def at(self, moment: Moment) -> Due:
        """Say who is due at a moment."""
        if (last := self.last(moment)) is not None:
            return last
        due = self._due(moment)
        self._allowed = {}
        now = self._anew(moment, np.reshape(due, (-1, 1)))
        self._last = now if isinstance(due, bool) and not self._tosses else None
        self._is_due = due
        return now

    def last(self, moment: Moment) -> Due | None:
        """Return what was said last, if it is what is to be said now."""
        last = self._last
        if (
            last is None
            or last.present is not moment.present
            or last.victims is not self._ballot.chosen
            or (not self._always and self._due(moment) is not self._is_due)
        ):
            return None
        return last

    def of(self, now: Due, rows: Rows, span: Span) -> Allowed:
        """Say what a threat may do to a group."""
        name = span.group.name
        if (known := self._allowed.get(name)) is not None:
            return known
        opportunities = now.candidates[:, span.columns]
        if self._steps is not None:
            spent = self._tally.spent[rows][:, span.columns]
            opportunities = opportunities & (spent < self._steps)
        allowance, touched = self._no_limit[: len(opportunities)], None
        if self._agents is not None:
            known_to = self._tally.spent[rows] > 0  # (e, N)
            allowance = self._agents - np.count_nonzero(known_to, axis=1)
            touched = known_to[:, span.columns]
            opportunities = opportunities & (touched | (allowance > 0)[:, None])
        places = places_of(opportunities)
        number = number_of(places)
        allowed = Allowed(sealed(opportunities), places, number, allowance, touched)
        if self.unlimited and now is self._last:
            self._allowed[name] = allowed
        return allowed

    def _due(self, moment: Moment) -> bool | Mask:
        """Say whether a step is an occasion, in one word where copies need none of their own."""
        if self._always:
            return True
        if moment.clock is None:
            return self._schedule.due(moment.time)
        return bool(self._schedule.due(np.array(moment.clock)))

    def _anew(self, moment: Moment, due: Mask) -> Due:
        chosen = self._ballot.chosen
        victims = chosen if isinstance(moment.rows, slice) else chosen[moment.rows]
        occasions = victims & moment.present & due
        scheduled, candidates = due, occasions
        if self._tosses:
            draws = self._memory.draws("schedule", moment.rows)
            coins = draws.random((victims.shape[1],))
            scheduled = due & (coins < self._schedule.probability)
            candidates = occasions & scheduled
        return Due(victims, moment.present, scheduled, int(np.count_nonzero(occasions)), candidates)
