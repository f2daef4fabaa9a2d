"""Keeps one threat to its victims, schedule and budget."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, BatchEnv, Mask, Snapshot
from rallypoint.draws import Floats
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.memory import Memory
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.proposals import (
    ForbidsWriting,
    check_answer,
    check_proposal,
    check_values,
)
from rallypoint.safety.enforcement.tally import Tally
from rallypoint.safety.known import (
    Known,
    Moment,
    Rows,
    Span,
    afford,
    sealed,
    views_of,
)
from rallypoint.safety.limits import as_budget, as_schedule, as_victims
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.room import Room
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import Proposal, Threat


class Touch(NamedTuple):
    """What a threat does to a group: its proposal, cut to what is allowed."""

    span: Span
    where: Mask  # (e, n), true somewhere
    values: Array | None  # (e, n, …)


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
        self.odds: Floats = np.zeros(())  # (e, N) of touching each at the last moment
        self._index = index
        self._env = env
        self._spans = spans
        concerned = groups_concerned(threat, env) if threat.idle_elsewhere else env.groups
        self._asked_about = [span for span in spans if span.group in concerned]
        self._when = as_schedule(threat.when)
        self._budget = as_budget(threat.budget)
        victims = as_victims(threat.victims)
        self._is_byzantine = victims == "byzantine"
        self._ballot = byzantine
        if not self._is_byzantine:
            channel = f"threats/{threat.kind}/victims"
            self._ballot = Ballot(
                victims, env.agents, env.copies, channel=channel, index=place, label=self.label
            )
        self._tally = Tally(env.num_copies, env.num_agents)
        self._no_limit = sealed(np.full(env.num_copies, env.num_agents))
        self._memory = Memory(threat, env, spans, place=place, label=label)
        reach = self._budget.reach
        groups = groups_concerned(threat, env)
        shape = (env.num_copies, env.num_agents)
        self._ledger = None if reach is None else Ledger(reach, shape, groups, label)

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
        if self._ledger is not None:
            self._ledger.begin(rows)
        self._memory.begin(rows, own)

    @property
    def foretold(self) -> Mask | None:
        """Whom it is set to touch in this episode, wherever it may: (E, N); None if open."""
        said = []
        for span in self._spans:
            if (part := self._memory.foretold(span)) is None:
                return None
            said.append(part)
        foretold: Mask = self.victims & np.concatenate(said, axis=1)
        return foretold

    def touch(self, moment: Moment) -> list[Touch]:
        """Ask the threat what it does now, group by group, and allow what is allowed."""
        rows = moment.rows
        victims = self.victims[rows]  # (e, N)
        occasions = victims & moment.present & self._when.due(moment.time)[:, None]
        self._tally.meet(occasions)
        scheduled = self._scheduled(moment)  # (e, 1) or (e, N)
        candidates = occasions & scheduled
        moment = moment._replace(victims=victims)
        touches = []
        self.odds = np.zeros(candidates.shape)
        anywhere = np.zeros(candidates.shape, dtype=bool)
        if self._ledger is not None:
            self._ledger.open(rows)
        for span in self._asked_about:
            opportunities, allowance, touched = self._within_budget(rows, span, candidates)
            known = Known(
                self.threat,
                opportunities=opportunities,
                allowance=allowance,
                touched=touched,
                time=moment.time,
                copies=moment.copies,
                span=span,
                views=views_of(moment, span, victims[:, span.columns]),
                reach=self._room(rows, span),
            )
            proposal = self._ask(rows, span, known, len(moment.time))
            if self.threat.site == "interruption":  # of others nobody asks
                said = np.nan if proposal.odds is None else proposal.odds
                np.copyto(self.odds[:, span.columns], said, where=opportunities)
            where = proposal.where & opportunities
            if np.count_nonzero(proposal.where) > np.count_nonzero(where):
                reasons = (victims, moment.present, np.broadcast_to(scheduled, victims.shape))
                limits = [reason[:, span.columns] for reason in reasons]
                self._count_strays(proposal.where & ~opportunities, *limits)
            if touched is not None:
                wanted = where
                where = afford(wanted, touched, allowance)
                self._tally.violate("budget", int(np.count_nonzero(wanted & ~where)))
            self._tally.offer(opportunities)
            if np.count_nonzero(where):
                values = proposal.values
                if values is not None:
                    check_values(self.label, self.threat.site, span.group, values, where)
                    if self._ledger is not None:
                        true = moment.observations[span.group.name][rows]
                        values = self._ledger.settle(rows, span, where, values, true)
                self._tally.charge(rows, span.columns, where)
                touches.append(Touch(span, where, values))
                anywhere[:, span.columns] = where
        if touches:
            self._tally.pass_step(moment.time, np.logical_or.reduce(anywhere, axis=1))
        return touches

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
        if self._ledger is not None:
            self._ledger.restore(part_of(snapshot, "ledger"))
        if not self._is_byzantine:
            self._ballot.restore(part_of(snapshot, "victims"), own)
        self._memory.restore(snapshot, own)

    def _room(self, rows: Rows, span: Span) -> Room | None:
        if self._ledger is None or span.group.name not in self._ledger.measures:
            return None
        return Room(self._ledger, self._ledger.measures[span.group.name], rows, span.columns)

    def _scheduled(self, moment: Moment) -> Mask:
        due = self._when.due(moment.time)[:, None]
        if self._when.probability == 1:
            return due
        draws = self._memory.draws("schedule", moment.rows)
        coins = draws.random((self.victims.shape[1],))
        scheduled: Mask = due & (coins < self._when.probability)
        return scheduled

    def _within_budget(
        self, rows: Rows, span: Span, candidates: Mask
    ) -> tuple[Mask, NDArray[np.int64], Mask | None]:
        """Return opportunities, how many new agents they may hold, and who is no new one."""
        opportunities = candidates[:, span.columns]
        if self._budget.steps_per_episode is not None:
            spent = self._tally.spent[rows][:, span.columns]
            opportunities = opportunities & (spent < self._budget.steps_per_episode)
        if self._budget.agents is None:
            return opportunities, self._no_limit[: len(opportunities)], None
        touched = self._tally.spent[rows] > 0  # (e, N)
        allowance = self._budget.agents - np.count_nonzero(touched, axis=1)
        mine = touched[:, span.columns]
        return opportunities & (mine | (allowance > 0)[:, None]), allowance, mine

    def _ask(self, rows: Rows, span: Span, known: Known, num_copies: int) -> Proposal:
        group = span.group.name
        draws = self._memory.draws(f"own/{group}", rows)
        before = self._memory.of(group, rows)
        try:
            with ForbidsWriting(self.label):
                answer: Any = self.threat.apply(dict(before), known, draws)
        finally:
            if known.refused:
                self._tally.violate("knowledge", known.refused)
        proposal, state = check_answer(self.label, answer)
        check_proposal(self.label, self.threat.site, span.group, num_copies, proposal)
        self._memory.keep(group, rows, before, state)
        checked: Proposal = proposal
        return checked

    def _count_strays(self, strays: Mask, victims: Mask, present: Mask, scheduled: Mask) -> None:
        """Count attempts that were dropped, each by the first limit it breaks."""
        for kind, limit in (("victims", victims), ("absence", present), ("schedule", scheduled)):
            self._tally.violate(kind, int(np.count_nonzero(strays & ~limit)))
            strays = strays & limit
        self._tally.violate("budget", int(np.count_nonzero(strays)))
