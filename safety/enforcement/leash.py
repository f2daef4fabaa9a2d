"""Keeps one threat to its victims, schedule and budget."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask, Snapshot, anybody
from rallypoint.safety.cells import number_of, places_of, spread, taken
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.chances import Chances, Told
from rallypoint.safety.enforcement.changes import Changes, kept, proposed
from rallypoint.safety.enforcement.memory import Memory
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.occasions import Allowed, Due, Occasions
from rallypoint.safety.enforcement.proposals import (
    ForbidsWriting,
    Form,
    check_answer,
    check_proposal,
    check_values,
)
from rallypoint.safety.enforcement.steady import is_steady
from rallypoint.safety.enforcement.tally import Deed, Tally
from rallypoint.safety.enforcement.touch import Done, Touch
from rallypoint.safety.known import Known, Moment, Rows, Span, sealed
from rallypoint.safety.limits import as_budget, as_victims
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.room import Room
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import Proposal, Threat
from rallypoint.safety.views import Shown


class Leash:
    """One threat in E copies: whom it may touch, what it remembers, what it did."""

    def __init__(
        self,
        threat: Threat,
        env: BatchEnv,
        spans: Sequence[Span],
        byzantine: Ballot,
        *,
        index: int,
        place: int,
        label: str,
    ) -> None:
        """Take a threat on the leash.

        Args:
            threat: the threat, fitted to the world.
            env: the world.
            spans: its groups.
            byzantine: who lies.
            index: which of the model's threats it is.
            place: which of those of its kind; its draws are keyed by it, so that another kind of
                threat shifts nobody's numbers.
            label: how messages name it.
        """
        self.threat = threat
        self.label = label
        self.chances = Chances()
        self._index = index
        self._env = env
        self._spans = spans
        concerned = groups_concerned(threat, env) if threat.idle_elsewhere else env.groups
        self._asked_about = [span for span in spans if span.group in concerned]
        victims = as_victims(threat.victims)
        self._is_byzantine = victims == "byzantine"
        self._ballot = byzantine
        if not self._is_byzantine:
            channel = f"threats/{threat.kind}/victims"
            self._ballot = Ballot(
                victims, env.agents, env.copies, channel=channel, index=place, label=self.label
            )
        self._forms = {span.group.name: Form.of(threat.site, span.group) for span in spans}
        self._forbids_writing = ForbidsWriting(label)
        self._tally = Tally(env.num_copies, env.num_agents)
        self._memory = Memory(threat, env, spans, place=place, label=label)
        self._occasions = Occasions(
            threat, env, ballot=self._ballot, tally=self._tally, memory=self._memory
        )
        self._done: Done | None = None  # to be done again
        reach = as_budget(threat.budget).reach
        groups = groups_concerned(threat, env)
        shape = (env.num_copies, env.num_agents)
        self._ledger = None if reach is None else Ledger(reach, shape, groups, label)
        self._is_steady = is_steady(threat)
        self._goes_on = self._is_steady and self._occasions.unlimited and reach is None
        self._foretold: Mask | None = None  # of a threat whose state lasts for an episode
        self._deed: Deed | None = None  # the last one

    @property
    def victims(self) -> Mask:
        """Whom it is meant for, in each copy: (E, N)."""
        return self._ballot.chosen

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Begin episodes in the masked copies; a seed starts all draws anew."""
        own = seed if seed is None or self.threat.seed is None else self.threat.seed
        if not self._is_byzantine:
            self._ballot.begin(rows, own)
        self._tally.begin(rows, own)
        if self._memory.remembers:  # of the others, what an episode begins with is nothing new
            self._done = None
        if self._ledger is not None:
            self._ledger.begin(rows)
        self._memory.begin(rows, own)
        self._foretold = None

    @property
    def foretold(self) -> Mask | None:
        """Whom it is set to touch in this episode, wherever it may: (E, N); None if open."""
        if self._foretold is not None:
            return self._foretold
        said = []
        for span in self._spans:
            if (part := self._memory.foretold(span)) is None:
                return None
            said.append(part)
        foretold = sealed(self.victims & (said[0] if len(said) == 1 else np.hstack(said)))
        if self._is_steady:
            self._foretold = foretold
        return foretold

    def touch(self, moment: Moment) -> list[Touch]:
        """Ask the threat what it does now, group by group, and allow what is allowed."""
        done = self._done
        if done is None or self._occasions.last(moment) is not done.due:
            strays = self._tally.violations
            done = self._asked(moment, self._occasions.at(moment))
            lasts = self._goes_on and self._occasions.last(moment) is done.due
            self._done = None
            if lasts and strays == self._tally.violations:
                self._done = done._replace(touches=[touch.kept() for touch in done.touches])
        if moment.clock is not None:
            self._tally.count(done.deed, moment.clock, moment.clock)
        elif done.deed.number:
            steps = moment.time[done.deed.copies]
            self._tally.count(done.deed, int(steps.min()), int(steps.max()))
        else:
            self._tally.count(done.deed, 0, 0)
        return done.touches

    def _asked(self, moment: Moment, due: Due) -> Done:
        rows = moment.rows
        moment.victims = due.victims
        touches = []
        opportunities = 0
        told = []
        if self._ledger is not None:
            self._ledger.open(rows)
        for span in self._asked_about:
            allowed = self._occasions.of(due, rows, span)
            known = Known(
                self.threat,
                opportunities=allowed.opportunities,
                places=allowed.places,
                allowance=allowed.allowance,
                touched=allowed.touched,
                time=moment.time,
                copies=moment.copies,
                span=span,
                show=(show := Shown(moment, span, due.victims[:, span.columns])),
                few=show.few,
                reach=self._room(rows, span),
            )
            proposal = self._ask(rows, span, known)
            if span is not self._asked_about[-1]:  # the next answer may come in the same arrays
                proposal = kept(proposal)
            opportunities += allowed.number
            if self.threat.site == "interruption":
                told.append(Told(span.columns, allowed.opportunities, proposal.odds))
            where = self._granted(proposal, due, allowed, span.columns)
            places = allowed.places if where is allowed.opportunities else places_of(where)
            if not number_of(places):
                continue
            touch = Touch(span, where, places, None)
            touches.append(touch._replace(values=self._said(moment, touch, proposal, known)))
            if not self._occasions.unlimited:  # what is spent here the next group lacks
                self._tally.charge(rows, span.columns, where)
        if self.threat.site == "interruption":
            self.chances.tell(due.candidates.shape, told)
        return Done(due, touches, self._deed_of(due, rows, opportunities, touches))

    def _said(
        self, moment: Moment, touch: Touch, proposal: Proposal, known: Known
    ) -> Array | Changes | None:
        """Return what it says of those whom it touches; nothing at site presence."""
        form, where = self._forms[touch.span.group.name], touch.where
        if proposal.values is None:
            return None
        if callable(proposal.values) and self._ledger is None:
            return Changes(self.label, form, where, proposal.values)
        values = proposed(self.label, proposal, form, where, touch.places, known=known)
        check_values(self.label, form, values, where)
        if self._ledger is None:
            return values
        true = moment.observations[touch.span.group.name][moment.rows]
        lies = spread(values, where)
        settled = self._ledger.settle(moment.rows, touch.span, where, lies, true)
        return taken(settled, touch.places)

    def _granted(self, proposal: Proposal, due: Due, allowed: Allowed, columns: slice) -> Mask:
        """Return what it may do of what it proposes: (e, n); the rest is counted.

        It is kept, so it is never the threat's own array, which that may write to again.
        """
        if proposal.where is allowed.opportunities and allowed.touched is None:
            return proposal.where
        wanted = proposal.where & allowed.opportunities
        if np.count_nonzero(proposal.where) > np.count_nonzero(wanted):
            self._tally.count_strays(proposal.where & ~allowed.opportunities, due.reasons(columns))
        where = allowed.within(wanted)
        if where is not wanted:
            self._tally.violate("budget", int(np.count_nonzero(wanted & ~where)))
        return where

    def _deed_of(self, due: Due, rows: Rows, opportunities: int, touches: list[Touch]) -> Deed:
        """Return what is to be counted: the deed before, where it is the same once more."""
        masks = [touch.where for touch in touches]
        if self._deed is not None and self._deed.touches(rows, masks):
            counts = (self._deed.occasions, self._deed.opportunities)
            if counts != (due.occasions, opportunities):
                self._deed = self._deed._replace(
                    occasions=due.occasions, opportunities=opportunities
                )
            return self._deed
        where = masks[0] if len(masks) == 1 else np.hstack([due.candidates[:, :0], *masks])
        copies = anybody(where)
        num_agents = due.candidates.shape[1]
        self._deed = Deed(
            rows=rows,
            occasions=due.occasions,
            opportunities=opportunities,
            masks=masks,
            charged=[touch.among_all(rows, num_agents) for touch in touches]
            if self._occasions.unlimited
            else [],  # charged already
            copies=copies,
            number=int(np.count_nonzero(copies)),
        )
        return self._deed

    def receipt(self) -> Receipt:
        """Write down what it did so far."""
        receipt = self._tally.receipt(self.threat, self._index, self._env.agents)
        if self._ledger is not None:
            receipt = replace(receipt, **self._ledger.told())
        given = self._ballot.given
        if given is None:
            return receipt
        meant = np.flatnonzero(given.any(axis=0)).tolist()
        return replace(receipt, meant=tuple(self._env.agents[index] for index in meant))

    def snapshot(self) -> Snapshot:
        """Return everything it goes on from."""
        snapshot = nested("tally", self._tally.snapshot())
        if self._ledger is not None:
            snapshot |= nested("ledger", self._ledger.snapshot())
        if not self._is_byzantine:
            snapshot |= nested("victims", self._ballot.snapshot())
        return snapshot | self._memory.snapshot()

    def restore(self, snapshot: Snapshot, seed: int) -> None:
        """Go on from a snapshot of the same seed."""
        own = seed if self.threat.seed is None else self.threat.seed
        self._tally.restore(part_of(snapshot, "tally"))
        self._done = None
        if self._ledger is not None:
            self._ledger.restore(part_of(snapshot, "ledger"))
        if not self._is_byzantine:
            self._ballot.restore(part_of(snapshot, "victims"), own)
        self._memory.restore(snapshot, own)
        self._foretold = None

    def _room(self, rows: Rows, span: Span) -> Room | None:
        if self._ledger is None or span.group.name not in self._ledger.measures:
            return None
        return Room(self._ledger, self._ledger.measures[span.group.name], rows, span.columns)

    def _ask(self, rows: Rows, span: Span, known: Known) -> Proposal:
        group = span.group.name
        draws = self._memory.draws(f"own/{group}", rows)
        before = self._memory.of(group, rows)
        try:
            with self._forbids_writing:
                answer: Any = self.threat.apply(dict(before), known, draws)
            proposal, state = check_answer(self.label, answer)
            check_proposal(self.label, self._forms[group], known, proposal)
        finally:
            if known.refused:
                self._tally.violate("knowledge", known.refused)
        self._memory.keep(group, rows, before, state)
        checked: Proposal = proposal
        return checked
