"""Trying a threat by hand, outside the frame, where more can be asked of it."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, stream
from rallypoint.errors import NotConformant, NotKnown, NotOffered
from rallypoint.safety.cells import places_of
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.enforcement.proposals import (
    ForbidsWriting,
    Form,
    check_answer,
    check_proposal,
    check_state,
    check_values,
    proposed,
)
from rallypoint.safety.enforcement.steady import is_steady
from rallypoint.safety.known import Known, Span, afford, sealed, seen_by, spans_of
from rallypoint.safety.limits import as_budget
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.room import Room
from rallypoint.safety.threats import Proposal, State, Threat
from rallypoint.safety.truth import Simulator
from rallypoint.safety.views import SUPPLIED

_COPIES = 3


class Scene(NamedTuple):
    """What one call is about, for e copies of a group."""

    opportunities: Mask  # (e, n)
    allowance: Array  # (e,)
    touched: Mask  # (e, n)
    time: Array  # (e,)
    views: dict[str, Callable[[list[int]], Any]]  # what is seen of some copies: (e, …)


class Answer(NamedTuple):
    """What a threat returned to one call."""

    proposal: Proposal  # with values of the cells in question alone: (k, …)
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
            scenes = tuple(_scene(threat, env, span, step, p) for step, p in enumerate(odds))
            yield cls(threat=threat, label=label, span=told, scenes=scenes)

    def proposes_within_its_opportunities(self) -> None:
        """Proposals have the right form and go no further than the frame would let them."""
        for scene, (proposal, _) in zip(self.scenes, self._answers(self.scenes), strict=True):
            where = proposal.where
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
            if proposal.values is not None:
                check_values(self.label, self._form, proposal.values, where)

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
        for row in range(_COPIES):
            ours = [_row_of(answer, row) for answer in together]
            if difference := _first_difference(ours, self._answers(self.scenes, rows=[row])):
                raise NotConformant(
                    f"{self.label} must treat each copy as if it were alone, and {difference} "
                    f"when copy {row} of {_COPIES} is tried alone"
                )

    def goes_on_with_the_same(self) -> None:
        """One that says it is steady looks at its opportunities alone."""
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
        self, scenes: Sequence[Scene], *, rows: Sequence[int] = range(_COPIES), seed: int = 0
    ) -> list[Answer]:
        """Call it at each scene in turn; a seed is of the draws after those of the beginning."""
        copies = list(rows)
        channel = f"trial/{self.threat.kind}/{self.span.group.name}"
        draws = Draws(0, channel, copies)
        state = self._begun(self.threat.init(len(copies), len(self.span.group.agents)), draws)
        draws = Draws(seed, channel, copies) if seed else draws
        answers = []
        for scene in scenes:
            answer = self._ask(self._known(scene, copies), state, draws)
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

    def _ask(self, known: Known, state: State, draws: Draws) -> Answer:
        handed = {name: sealed(array) for name, array in state.items()}
        kept = dict(handed)
        try:
            with ForbidsWriting(self.label):
                answer: Any = self.threat.apply(handed, known, draws)
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
        proposal, after = check_answer(self.label, answer)
        check_proposal(self.label, self._form, len(known.time), proposal)
        check_state(self.label, state, after)
        if handed.keys() != kept.keys() or any(handed[k] is not kept[k] for k in kept):
            raise NotConformant(f"{self.label} must return a new state, not change the one given")
        if proposal.values is not None:
            where = proposal.where
            few = proposed(proposal, self._form, where, places_of(where))
            proposal = Proposal(where, few, proposal.odds)
        return Answer(proposal, after)


def _scene(threat: Threat, env: BatchEnv, span: Span, step: int, odds: float) -> Scene:
    rng = stream(0, "trial", step)
    shape = (_COPIES, len(span.group.agents))
    touched = rng.random(shape) < 0.3
    allowance = np.array([shape[1], 0, 1])  # any, none and one that was not touched before
    allowed = touched | (allowance > 0)[:, None]
    views: dict[str, Callable[[list[int]], Any]] = {}
    known = SUPPLIED[threat.site]
    if "own_percept" in known:
        seen = sample(span.group.observation_space, shape, step)
        views |= {"own_percept": seen.__getitem__, "percepts": seen.__getitem__}
    if "actions" in known:
        views["actions"] = sample(span.group.action_space, shape, step).__getitem__
    opportunities = (rng.random(shape) < odds) & allowed
    if "own_feedback" in known:
        acted = opportunities | (rng.random(shape) < 0.5)
        views["own_feedback"] = np.where(acted, rng.standard_normal(shape), np.nan).__getitem__
    copies = np.arange(_COPIES) % env.num_copies
    if "true_state" in threat.knowledge:
        views["true_state"] = env.state()[copies].__getitem__
    if "regions" in seen_by(threat):
        views["regions"] = lambda rows: {
            name: inside[copies[rows]] for name, inside in env.regions().items()
        }
    return Scene(
        opportunities=opportunities,
        allowance=allowance,
        touched=touched,
        time=np.full(_COPIES, step),
        views=views | _further_views(threat, env, span, step, opportunities),
    )


def _further_views(
    threat: Threat, env: BatchEnv, span: Span, step: int, opportunities: Mask
) -> dict[str, Callable[[list[int]], Any]]:
    """Return what few threats see, of some copies."""
    copies = np.arange(_COPIES) % env.num_copies
    colluders = np.zeros((_COPIES, env.num_agents), dtype=bool)
    colluders[:, span.columns] = opportunities
    views: dict[str, Callable[[list[int]], Any]] = {"colluders": colluders.__getitem__}
    policy = Anything(env.groups)
    views |= {"policy": lambda _: policy, "value": lambda _: policy.critic()}
    if "geometry" in threat.knowledge:
        geometry = env.geometry()
        views["geometry"] = lambda rows: geometry._replace(
            positions=geometry.positions[copies[rows]]
        )
    if "simulator" in threat.knowledge:
        actions = {
            group.name: sample(group.action_space, (_COPIES, len(group.agents)), step)
            for group in env.groups
        }
        views["simulator"] = lambda rows: Simulator(
            env, {name: chosen[rows] for name, chosen in actions.items()}, copies[rows]
        )
    return views


def sample(space: Any, shape: tuple[int, int], seed: int) -> Array:
    """Draw (e, n, …) points of a space, leaving the world's own space alone."""
    sampled = copy.deepcopy(space)
    sampled.seed(seed)
    points = [[sampled.sample() for _ in range(shape[1])] for _ in range(shape[0])]
    return np.array(points, dtype=space.dtype)


def _row_of(answer: Answer, row: int) -> Answer:
    (where, values, odds), state = answer
    rows = slice(row, row + 1)
    few = None if values is None else values[where.nonzero()[0] == row]
    proposal = Proposal(where[rows], few, None if odds is None else odds[rows])
    return Answer(proposal, {name: array[rows] for name, array in state.items()})


def _first_difference(ours: list[Answer], others: list[Answer]) -> str:
    """Say what two series of answers differ in first; nothing, if they do not."""
    for step, (one, other) in enumerate(zip(ours, others, strict=True)):
        if not np.array_equal(one.proposal.where, other.proposal.where):
            return f"proposes for others at step {step}"
        values = (one.proposal.values, other.proposal.values)
        if len({part.tobytes() for part in values if part is not None}) > 1:
            return f"proposes other values at step {step}"
        if not np.array_equal(np.asarray(one.proposal.odds), np.asarray(other.proposal.odds)):
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
