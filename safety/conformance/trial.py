"""Trying a threat by hand, outside the frame, where more can be asked of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats
from rallypoint.errors import NotConformant, NotKnown, NotOffered
from rallypoint.safety.cells import among, places_of
from rallypoint.safety.conformance.scenes import COPIES, Scene, scene_of
from rallypoint.safety.enforcement.changes import proposed
from rallypoint.safety.enforcement.proposals import (
    ForbidsWriting,
    Form,
    check_answer,
    check_proposal,
    check_state,
    check_values,
)
from rallypoint.safety.enforcement.steady import is_steady
from rallypoint.safety.known import Known, Span, afford, sealed, spans_of
from rallypoint.safety.limits import as_budget
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.room import Room
from rallypoint.safety.threats import Proposal, State, Threat


class Answer(NamedTuple):
    """What a threat returned to one call."""

    where: Mask  # (e, n)
    values: Array | None  # (k, …) of these cells alone
    odds: Floats | None  # (e, n)
    state: State


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A threat, a group, and some steps in a row: all may be touched, none, and some."""

    threat: Threat
    label: str
    span: Span
    scenes: tuple[Scene, ...]

    @classmethod
    def all_of(cls, threat: Threat, env: BatchEnv, label: str) -> "Iterator[Trial]":
        """Yield a trial for each group of a world that was reset."""
        for span in spans_of(env):
            told = span if "noop" in threat.needs else span._replace(noop=None)
            odds = (1.0, 0.0, 0.5, 0.5, 0.5)  # of being an opportunity, step by step
            scenes = tuple(scene_of(threat, env, span, step, p) for step, p in enumerate(odds))
            yield cls(threat=threat, label=label, span=told, scenes=scenes)

    def proposes_within_its_opportunities(self) -> None:
        """Proposals have the right form and go no further than the frame would let them."""
        for scene, answer in zip(self.scenes, self._answers(self.scenes), strict=True):
            where = answer.where
            if (where & ~scene.opportunities).any():
                raise NotConformant(
                    f"{self.label} must touch only its opportunities, and reaches for others: "
                    "take known.affordable, or a part of it"
                )
            if (afford(where, scene.touched, scene.allowance) != where).any():
                raise NotConformant(
                    f"{self.label} must touch no more new agents than known.allowance: "
                    "take known.affordable, or a part of it"
                )
            if answer.values is not None:
                check_values(self.label, self._form, answer.values, where)

    def is_pure(self) -> None:
        """The same comes of the same."""
        difference = _first_difference(self._answers(self.scenes), self._answers(self.scenes))
        if difference:
            raise NotConformant(
                f"{self.label} must do the same with the same inputs and draws, and {difference}; "
                "all it remembers is its state, all its randomness is its draws"
            )

    def treats_each_copy_alone(self) -> None:
        """What happens in a copy does not depend on the others."""
        together = self._answers(self.scenes)
        for row in range(COPIES):
            ours = [_row_of(answer, row) for answer in together]
            if difference := _first_difference(ours, self._answers(self.scenes, rows=[row])):
                raise NotConformant(
                    f"{self.label} must treat each copy as if it were alone, and {difference} "
                    f"when copy {row} of {COPIES} is tried alone"
                )

    def goes_on_with_the_same(self) -> None:
        """One that says it is steady looks at its opportunities alone, its functions aside."""
        if not is_steady(self.threat):
            return
        later = [
            scene._replace(time=scene.time + 1, views=before.views)
            for scene, before in zip(self.scenes, self.scenes[-1:] + self.scenes[:-1], strict=True)
        ]
        now = self._answers(self.scenes)
        difference = _first_difference(now, self._answers(later, seed=1))
        if not difference and _first_change(now):
            difference = f"remembers another {_first_change(now)!r} after a step"
        if difference:
            raise NotConformant(
                f"{self.label} says that it is steady, and {difference} when time, draws and views "
                "are others; is_steady is for what depends on opportunities alone"
            )

    def _answers(
        self, scenes: Sequence[Scene], *, rows: Sequence[int] = range(COPIES), seed: int = 0
    ) -> list[Answer]:
        """Call it at each scene in turn; a seed is of the draws after those of the beginning."""
        copies = list(rows)
        channel = f"trial/{self.threat.kind}/{self.span.group.name}"
        draws = Draws(0, channel, copies)
        state = self._begun(self.threat.init(len(copies), len(self.span.group.agents)), draws)
        draws = Draws(seed, channel, copies) if seed else draws
        answers = []
        for scene in scenes:
            there = self._known(scene._replace(views=scene.there), copies)
            answer = self._ask(self._known(scene, copies), there, state, draws)
            answers.append(answer)
            state = answer.state
        return answers

    def _begun(self, state: State, draws: Draws) -> State:
        before = {name: sealed(array) for name, array in state.items()}
        with ForbidsWriting(self.label):
            after = self.threat.begin(before, draws)
        check_state(self.label, before, after)
        return after

    def _known(self, scene: Scene, rows: list[int]) -> Known:
        return Known(
            self.threat,
            opportunities=scene.opportunities[rows],
            allowance=scene.allowance[rows],
            touched=scene.touched[rows],
            time=scene.time[rows],
            span=self.span,
            copies=np.array(rows, dtype=np.int64),
            show=lambda name: scene.views[name](rows),
            reach=self._room(rows),
        )

    @property
    def _form(self) -> Form:
        return Form.of(self.threat.site, self.span.group)

    def _room(self, rows: list[int]) -> Room | None:
        reach = as_budget(self.threat.budget).reach
        if reach is None:
            return None
        group = self.span.group
        shape = (len(rows), len(group.agents))
        ledger = Ledger(reach, shape, [group], self.label)
        return Room(ledger, ledger.measures[group.name], slice(None), slice(0, shape[1]))

    def _ask(self, known: Known, there: Known, state: State, draws: Draws) -> Answer:
        handed = {name: sealed(array) for name, array in state.items()}
        kept = dict(handed)
        try:
            with ForbidsWriting(self.label):
                answer: Any = self.threat.apply(handed, known, draws)
            proposal, after = check_answer(self.label, answer)
            check_proposal(self.label, self._form, known, proposal)
        except NotKnown as error:
            raise NotConformant(
                f"{self.label} must look at what it declared only: {error}"
            ) from None
        except NotOffered as error:
            raise NotConformant(f"{self.label} must say what it needs: {error}") from None
        if known.refused:
            raise NotConformant(
                f"{self.label} must look at what it declared only, and hides that it did not"
            )
        check_state(self.label, state, after)
        if handed.keys() != kept.keys() or any(handed[k] is not kept[k] for k in kept):
            raise NotConformant(f"{self.label} must return a new state, not change the one given")
        where, values, odds = proposal
        if values is not None:
            values = self._said(proposal, where, there)
        if callable(proposal.values):
            for agent, name in enumerate(self.span.group.agents):
                fewer = where & (np.arange(where.shape[1]) != agent)
                if (
                    self._said(proposal, fewer, there).tobytes()
                    != among(values, where, fewer).tobytes()
                ):
                    raise NotConformant(
                        f"{self.label} must make the same of what each agent has whoever else is "
                        f"touched, and makes something else of it without {name}"
                    )
        return Answer(where, values, odds, after)

    def _said(self, proposal: Proposal, where: Mask, there: Known) -> Array:
        places = places_of(where)
        return proposed(self.label, proposal, self._form, where, places, known=there)


def _row_of(answer: Answer, row: int) -> Answer:
    where, values, odds, state = answer
    rows = slice(row, row + 1)
    few = None if values is None else values[where.nonzero()[0] == row]
    kept = {name: array[rows] for name, array in state.items()}
    return Answer(where[rows], few, None if odds is None else odds[rows], kept)


def _first_difference(ours: list[Answer], others: list[Answer]) -> str:
    """Say what two series of answers differ in first; nothing, if they do not."""
    for step, (one, other) in enumerate(zip(ours, others, strict=True)):
        if not np.array_equal(one.where, other.where):
            return f"proposes for others at step {step}"
        values = (one.values, other.values)
        if len({part.tobytes() for part in values if part is not None}) > 1:
            return f"proposes other values at step {step}"
        if not np.array_equal(np.asarray(one.odds), np.asarray(other.odds)):
            return f"tells other odds at step {step}"
        for name, array in one.state.items():
            if array.tobytes() != other.state[name].tobytes():
                return f"remembers another {name!r} after step {step}"
    return ""


def _first_change(answers: list[Answer]) -> str:
    """Say which part of the state is not as it was in all of a series; nothing, if none is."""
    first, *others = answers
    for name, array in first.state.items():
        if any(array.tobytes() != other.state[name].tobytes() for other in others):
            return name
    return ""
