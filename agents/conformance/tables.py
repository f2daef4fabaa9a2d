"""Learners of tables on trial."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rallypoint.agents.conformance.signs import AGENTS, NUM_SIGNS, Signs, Variant
from rallypoint.agents.conformance.subject import PLAIN, Subject, Trained, actions_of
from rallypoint.agents.saved import Saved, load_policies, save_tabular
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding, encoding_for
from rallypoint.agents.tabular.mini_episodes import copies_of, train_reinforce
from rallypoint.agents.tabular.playing import initial
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.draws import Draws, Floats
from rallypoint.errors import NotConformant

_RUNS = (3, 4)
Call = tuple[str, tuple[Any, ...]]


class OfTables(Subject):
    """A ``TabularLearner``: every copy is a run."""

    usual = 1500  # episodes

    def world(self, runs: Sequence[int], variant: Variant = PLAIN) -> Signs:
        """Make a world with a copy for each run."""
        return Signs(variant, copies=list(runs))

    def train(self, world: Signs, runs: Sequence[int], length: int) -> Trained:
        """Train for so many episodes."""
        encoding = encoding_for(world)
        before = self._score(initial(world, self.learner, encoding), len(runs))
        state = train(world, self.learner, encoding, episodes=length, seed=0)
        values = self.learner.values(state)
        if values.shape != (len(runs), len(AGENTS), NUM_SIGNS, NUM_SIGNS):
            raise NotConformant(
                f"{self.label} must have values of {len(runs)} copies, {len(AGENTS)} agents, "
                f"{NUM_SIGNS} states and {NUM_SIGNS} actions, got {values.shape}"
            )
        learned = tuple({"values": of_run.copy()} for of_run in values)
        return Trained(learned, self._score(state, len(runs)), before)

    def goes_on(self) -> None:
        """Refuse a learner that remembers anything outside its memory."""
        begin, calls = self._calls()
        whole, half = begin(self.learner), begin(self.learner)
        for method, given in calls:
            whole = getattr(self.learner, method)(whole, *given)
        for method, given in calls[: len(calls) // 2]:
            half = getattr(self.learner, method)(half, *given)
        other, rest = dataclasses.replace(self.learner), copied(half)
        for method, given in calls[len(calls) // 2 :]:
            rest = getattr(other, method)(rest, *given)
        if _bits(rest) != _bits(whole):
            raise NotConformant(
                f"{self.label} must remember in its memory alone: a new one that goes on from a "
                "copy of it comes to something else"
            )

    def leaves_its_input(self) -> None:
        """Refuse a learner that writes to experience, or learns by acting."""
        begin, calls = self._calls()
        state = begin(self.learner)
        for method, given in calls:
            for part in given:
                for array in part if isinstance(part, Transition) else (part,):
                    if array is not None:
                        array.flags.writeable = False
            try:
                state = getattr(self.learner, method)(state, *given)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
                raise NotConformant(
                    f"{self.label} must not write to what {method} is given: {error}"
                ) from error
        before = _bits(state)
        percepts = np.zeros((len(_RUNS), len(AGENTS)), dtype=np.int64)
        draws = self.learner.draws(0, np.array(_RUNS))
        self.learner.act(state, percepts, draws)
        self.learner.policy(state, percepts)
        self.learner.values(state)
        if _bits(state) != before:
            raise NotConformant(
                f"{self.label} must leave its memory alone when it acts or tells what it learned"
            )

    def learns_alike_alone(self) -> None:
        """Refuse a learner of which a copy knows the first, or whose policy is not what it does."""
        world, last = self.world(_RUNS), self.world(_RUNS[-1:])
        state, alone = (
            train(one, self.learner, encoding_for(one), episodes=20, seed=0)
            for one in (world, last)
        )
        # That the first is the same alone is asked of everybody.
        if self.learner.values(alone)[0].tobytes() != self.learner.values(state)[-1].tobytes():
            raise NotConformant(
                f"{self.label} must learn the same whoever learns beside it: the last of "
                f"{len(_RUNS)} copies comes to other bits when it is alone"
            )
        percepts = np.zeros((len(_RUNS), len(AGENTS)), dtype=np.int64)
        law = self.learner.policy(state, percepts)
        draws = Draws(0, "conformance/law", np.array(_RUNS))
        done = np.stack([self.learner.act(state, percepts, draws) for _ in range(400)])
        shares = (done[..., None] == np.arange(NUM_SIGNS)).mean(axis=0)
        # Hoeffding: a share of 400 draws is off by more than 0.15 with less than 0.0003.
        if law.shape != shares.shape or np.abs(shares - law).max() > 0.15:
            raise NotConformant(
                f"{self.label} must tell the policy that it acts by: it says {law.tolist()}, and "
                f"does {shares.round(2).tolist()}"
            )

    def acts_alike_when_saved(self) -> None:
        """Refuse values that come back from a file as others."""
        world = self.world(_RUNS[:1])
        learned = self.train(world, _RUNS[:1], 50).learned[0]["values"]
        _saved_alike(self, learned, softmax=False)

    def _score(self, state: Any, num_runs: int) -> Floats:
        found = np.zeros(num_runs)
        for sign in range(NUM_SIGNS):
            percepts = np.full((num_runs, len(AGENTS)), sign)
            found += self.learner.policy(state, percepts)[..., sign].mean(axis=1)
        return found / NUM_SIGNS

    def _calls(self) -> tuple[Callable[[Any], Any], list[Call]]:
        """Train for a while; return what starts a memory, and all that was told to the learner."""
        world = self.world(_RUNS, Variant(leaves=True))
        encoding = encoding_for(world)
        tape: Any = _Tape(self.learner)
        train(world, tape, encoding, episodes=6, seed=0)
        return lambda learner: initial(world, learner, encoding), tape.calls


class OfMiniEpisodes(Subject):
    """The ``Reinforce`` of tables, or one like it."""

    usual = 60  # meta-episodes

    def world(self, runs: Sequence[int], variant: Variant = PLAIN) -> Signs:
        """Make a world with a copy for each mini-episode of each run."""
        return Signs(variant, copies=copies_of(runs, self.learner))

    def train(self, world: Signs, runs: Sequence[int], length: int) -> Trained:
        """Train for so many meta-episodes."""
        del runs  # those of the world's copies
        encoding = encoding_for(world)
        found = train_reinforce(world, self.learner, encoding, meta_episodes=length, seed=0)
        learned = tuple({"tables": tables.copy()} for tables in found.tables)
        before = self._score(np.zeros_like(found.tables))
        return Trained(learned, self._score(found.tables), before)

    def goes_on(self) -> None:
        """All that it remembers are tables: nothing to ask beyond what is asked of everybody."""

    def leaves_its_input(self) -> None:
        """Refuse a learner that writes to its tables in place."""
        kind, learner = type(self.learner), self.learner
        seen: list[bool] = []

        class Watched(kind):  # type: ignore[misc,valid-type]  # whichever it is
            def learn(self, tables: Floats, *rest: Any) -> Floats:
                before = tables.tobytes()
                learned: Floats = learner.learn(tables, *rest)
                seen.append(before == tables.tobytes())
                return learned

        settings = {f.name: getattr(learner, f.name) for f in dataclasses.fields(learner)}
        world = self.world(_RUNS)
        train_reinforce(world, Watched(**settings), encoding_for(world), meta_episodes=2, seed=0)
        if not all(seen):
            raise NotConformant(f"{self.label} must not write to the tables that it is given")

    def learns_alike_alone(self) -> None:
        """Tables of a run are learned in one go: nothing more than is asked of everybody."""

    def acts_alike_when_saved(self) -> None:
        """Refuse preferences that come back from a file as others."""
        learned = self.train(self.world(_RUNS[:1]), _RUNS[:1], 5).learned[0]["tables"]
        _saved_alike(self, learned, softmax=True)

    def _score(self, tables: Floats) -> Floats:
        legal = np.ones((len(AGENTS), NUM_SIGNS), dtype=bool)
        law = self.learner.law(tables, legal, self.learner.last_epsilon)
        found: Floats = np.einsum("rnss->r", law) / (len(AGENTS) * NUM_SIGNS)
        return found


def of_tables(learner: Any, label: str) -> Subject:
    """Put a learner of tables on trial."""
    if isinstance(learner, Reinforce):
        return OfMiniEpisodes(learner, label)
    return OfTables(learner, label)


class _Tape:
    """Stands before a learner, and keeps what it is told."""

    def __init__(self, learner: Any) -> None:
        self._learner = learner
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._learner, name)
        if name not in {"learn", "visit", "end_episode"}:
            return found

        def heard(state: Any, *given: Any) -> Any:
            self.calls.append((name, tuple(_copy(part) for part in given)))
            return found(state, *given)

        return heard


def _copy(part: Any) -> Any:
    if isinstance(part, Transition):
        copies: Any = (None if array is None else array.copy() for array in part)
        return Transition(*copies)
    return part.copy()


def _bits(state: Any) -> bytes:
    return b"".join(_bits(part) if isinstance(part, tuple) else part.tobytes() for part in state)


def _saved_alike(subject: Subject, tables: Floats, *, softmax: bool) -> None:
    world = Signs(copies=[0, 1, 2, 3])
    encoding: Encoding = encoding_for(world)
    live = TabularPolicy(tables[None], encoding, columns=Columns.of(world))
    about = Saved(subject.label, world.id, {}, softmax=softmax)
    with TemporaryDirectory() as folder:
        save_tabular(Path(folder), tables, encoding, about=about)
        read = load_policies(Path(folder), world)["greedy"]
    if not np.array_equal(actions_of(live, world, 12), actions_of(read, world, 12)):
        raise NotConformant(f"{subject.label} must act from a file as it did before it was saved")
