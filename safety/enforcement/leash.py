"""Keeps one threat to its victims, schedule and budget."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, BatchEnv, Mask, Snapshot
from rallypoint.draws import Draws
from rallypoint.errors import NotConformant
from rallypoint.safety.enforcement.ballot import Ballot
from rallypoint.safety.enforcement.feasibility import refuse_impossible
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.enforcement.proposals import (
    check_answer,
    check_initial_state,
    check_proposal,
    check_state,
    check_values,
)
from rallypoint.safety.enforcement.tally import Tally
from rallypoint.safety.known import Known, Moment, Rows, Span, afford, sealed, views_of
from rallypoint.safety.limits import as_budget, as_schedule, as_victims
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal, State, Threat


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
    ) -> None:
        """Take a threat on the leash.

        Args:
            threat: the threat.
            env: the world.
            spans: its groups.
            byzantine: who lies.
            index: which of the model's threats it is.
            place: which of those of its kind; its draws are keyed by it, so that another kind of
                threat shifts nobody's numbers.
        """
        self.threat = threat
        self.label = f"the threat {threat.kind!r} (threats[{index}])"
        self._index = index
        self._place = place
        self._env = env
        self._spans = spans
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
        self._no_limit = np.full(env.num_copies, env.num_agents)
        self._draws: dict[str, Draws] = {}
        self._states: dict[str, State] = {}

    @property
    def victims(self) -> Mask:
        """Whom it is meant for, in each copy: (E, N)."""
        return self._ballot.chosen

    def begin(self, rows: Mask, seed: int | None) -> None:
        """Begin episodes in the masked copies; a seed starts all draws anew."""
        if not self._is_byzantine:
            self._ballot.begin(rows, seed)
        if seed is not None:
            self._open(seed)
        else:
            for draws in self._draws.values():
                draws.begin_episode(rows)
        self._tally.begin(rows)
        for span in self._spans:
            initial = self._initial_state(span)
            old = self._states.get(span.group.name, initial)
            self._states[span.group.name] = _overlaid(old, rows, _rows_of(initial, rows))

    def touch(self, moment: Moment) -> list[Touch]:
        """Ask the threat what it does now, group by group, and allow what is allowed."""
        rows = moment.rows
        victims = self.victims[rows]  # (e, N)
        scheduled = self._scheduled(moment)  # (e, 1) or (e, N)
        candidates = victims & moment.present & scheduled
        touches = []
        for span in self._spans:
            opportunities, allowance, touched = self._within_budget(rows, span, candidates)
            known = Known(
                self.threat,
                opportunities=opportunities,
                allowance=allowance,
                touched=touched,
                time=moment.time,
                span=span,
                views=views_of(moment, span, victims[:, span.columns]),
            )
            proposal = self._ask(rows, span, known, len(moment.time))
            where = proposal.where & opportunities
            if (proposal.where & ~opportunities).any():
                reasons = (victims, moment.present, np.broadcast_to(scheduled, victims.shape))
                limits = [reason[:, span.columns] for reason in reasons]
                self._count_strays(proposal.where & ~opportunities, *limits)
            if touched is not None:
                wanted = where
                where = afford(wanted, touched, allowance)
                self._tally.violate("budget", int(np.count_nonzero(wanted & ~where)))
            self._tally.offer(opportunities)
            if where.any():
                values = proposal.values
                if values is not None:
                    check_values(self.label, self.threat.site, span.group, values, where)
                self._tally.charge(rows, span.columns, where)
                touches.append(Touch(span, where, values))
        if touches:
            anywhere = np.concatenate([touch.where for touch in touches], axis=1)
            self._tally.pass_step(moment.time, np.any(anywhere, axis=1))
        return touches

    def receipt(self) -> Receipt:
        """Write down what it did so far."""
        return self._tally.receipt(self.threat, self._index, self._env.agents)

    def snapshot(self) -> Snapshot:
        """Return everything it goes on from."""
        snapshot = nested("tally", self._tally.snapshot())
        if not self._is_byzantine:
            snapshot |= nested("victims", self._ballot.snapshot())
        for name, draws in self._draws.items():
            snapshot |= nested(f"draws/{name}", draws.snapshot())
        for group, state in self._states.items():
            kept = {name: array.copy() for name, array in state.items()}
            snapshot |= nested(f"state/{group}", kept)
        return snapshot

    def restore(self, snapshot: Snapshot, seed: int) -> None:
        """Go on from a snapshot of the same seed."""
        self._tally.restore(part_of(snapshot, "tally"))
        if not self._is_byzantine:
            self._ballot.restore(part_of(snapshot, "victims"), seed)
        self._open(seed)
        for name, draws in self._draws.items():
            draws.restore(part_of(snapshot, f"draws/{name}"))
        for span in self._spans:
            state = part_of(snapshot, f"state/{span.group.name}")
            self._states[span.group.name] = {k: v.copy() for k, v in state.items()}

    def _open(self, seed: int) -> None:
        channels = {f"own/{span.group.name}": span for span in self._spans}
        names = [*channels, "schedule"]
        self._draws = {
            name: Draws(
                seed, f"threats/{self.threat.kind}/{name}", self._env.copies, index=self._place
            )
            for name in names
        }

    def _initial_state(self, span: Span) -> State:
        num_copies = self._env.num_copies
        state = self.threat.init(num_copies, len(span.group.agents))
        check_initial_state(self.label, num_copies, state)
        return state

    def _scheduled(self, moment: Moment) -> Mask:
        due = self._when.due(moment.time)[:, None]
        if self._when.probability == 1:
            return due
        draws = _draws_of(self._draws["schedule"], moment.rows)
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
        before = _rows_of(self._states[group], rows)
        try:
            answer: Any = self.threat.apply(
                {name: sealed(array) for name, array in before.items()},
                known,
                _draws_of(self._draws[f"own/{group}"], rows),
            )
        except ValueError as error:
            if "read-only" in str(error):
                raise NotConformant(
                    f"{self.label} must not write to what it is given, and tried: {error}"
                ) from error
            raise
        finally:
            self._tally.violate("knowledge", known.refused)
        proposal, state = check_answer(self.label, answer)
        check_proposal(self.label, self.threat.site, span.group, num_copies, proposal)
        check_state(self.label, before, state)
        self._states[group] = (
            state if isinstance(rows, slice) else _overlaid(self._states[group], rows, state)
        )
        checked: Proposal = proposal
        return checked

    def _count_strays(self, strays: Mask, victims: Mask, present: Mask, scheduled: Mask) -> None:
        """Count attempts that were dropped, each by the first limit it breaks."""
        for kind, limit in (("victims", victims), ("absence", present), ("schedule", scheduled)):
            self._tally.violate(kind, int(np.count_nonzero(strays & ~limit)))
            strays = strays & limit
        self._tally.violate("budget", int(np.count_nonzero(strays)))


def leashed(
    model: ThreatModel, env: BatchEnv, spans: Sequence[Span], byzantine: Ballot
) -> list[Leash]:
    """Take all threats of a model on the leash.

    Raises:
        InvalidConfig: a threat that cannot be meant for this world; says why.
        NotOffered: a threat needs a part that this world does not have.
        UnknownName: a victim that is no agent; names the nearest.
    """
    places: Counter[str] = Counter()
    leashes = []
    for index, threat in enumerate(model.threats):
        place = places[threat.kind]
        leash = Leash(threat, env, spans, byzantine, index=index, place=place)
        refuse_impossible(threat, env, leash.label)
        places[threat.kind] += 1
        leashes.append(leash)
    return leashes


def _draws_of(draws: Draws, rows: Rows) -> Draws:
    return draws if isinstance(rows, slice) else draws.rows(rows)


def _rows_of(state: State, rows: Rows) -> State:
    return {name: array[rows] for name, array in state.items()}


def _overlaid(state: State, rows: Mask, news: State) -> State:
    """Return a state with some copies' rows replaced."""
    overlaid = {name: array.copy() for name, array in state.items()}
    for name, array in overlaid.items():
        array[rows] = news[name]
    return overlaid
