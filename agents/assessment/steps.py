"""A few steps from a frozen learner of tables, in every copy, and the updates they would bring."""

from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.assessment.frozen_tables import FrozenTables
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.processing import KnownInterruption, odds_of
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.batch_env import BatchEnv, Step
from rallypoint.draws import Integers, Mask
from rallypoint.safety.certificates.cells import KeptUpdates


class Wanted(NamedTuple):
    """What is to be played."""

    agent: int  # whose updates are looked at; it tries its actions uniformly
    lead: int  # steps by the frozen policy before that
    updates: int  # consecutive ones
    seed: int
    known: KnownInterruption | None = None  # for importance weights


class Observed(NamedTuple):
    """What came of one update, or of several in a row, in one wave of copies."""

    kept: KeptUpdates
    offered_cells: Integers  # before processing
    interrupted_cells: Integers  # of these, where anybody was in a step that the update reads


class Walk:
    """Plays a world by frozen tables; nothing is learned while it does."""

    def __init__(
        self, world: BatchEnv, frozen: FrozenTables, encoding: Encoding, wanted: Wanted
    ) -> None:
        """Start every copy's first episode."""
        self._world, self._frozen, self._encoding, self._wanted = world, frozen, encoding, wanted
        self._memory = frozen.spread(world.num_copies)
        self._draws = frozen.learner.draws(wanted.seed, world.copies)
        observations = world.reset(wanted.seed)
        self._percepts = frozen.columns.percepts(encoding, observations)
        self._present = world.alive
        self._over = np.zeros_like(self._present)
        # Copies in which one episode has led to where things are: others began anew on the way.
        self.is_first = np.ones(world.num_copies, dtype=bool)

    @property
    def memory(self) -> Any:
        """What was frozen, in every copy."""
        return self._memory

    def step(self, *, tries: bool) -> Transition:
        """Play a step; return it, with who is taken from a later episode as not present."""
        learner, columns = self._frozen.learner, self._frozen.columns
        proposed = learner.act(self._memory, self._percepts, self._draws)
        agent = self._wanted.agent
        if tries:
            count = int(columns.num_actions[agent])
            proposed[:, agent] = self._draws.integers(count)
        second = None
        if learner.needs_second_draws:
            second = learner.act(self._memory, self._percepts, self._draws)
        step = self._world.step(columns.actions(proposed))
        executed = columns.indices(step.infos, "executed")
        assert executed is not None, "a threatened world tells it"
        known = self._wanted.known
        odds = None
        if known is not None:
            policy = learner.policy(self._memory, self._percepts)
            odds = odds_of(policy, known, self._percepts, executed)
        gone = step.terminated | (self._present & ~step.alive & ~step.truncated)
        present = self._present & self.is_first[:, None]
        transition = Transition(
            percepts=self._percepts,
            proposed=proposed,
            executed=executed,
            interrupted=step.infos["interrupted"],
            rewards=np.where(present, step.rewards, 0),
            next_percepts=columns.percepts(self._encoding, step.observations),
            terminated=gone,
            truncated=step.truncated,
            present=present,
            odds=odds,
            second=second,
            costs=self._world.cost() if "cost" in self._world.offers else None,
        )
        self._go_on(step, transition.next_percepts)
        return transition

    def _go_on(self, step: Step, percepts: Integers) -> None:
        self._percepts = percepts
        self._over = self._over | step.terminated | step.truncated
        self._present = step.alive & ~self._over
        ended = step.ended
        if ended.any():
            self.is_first = self.is_first & ~ended
            observations = self._world.reset(mask=ended)
            self._percepts = self._frozen.columns.percepts(self._encoding, observations)
            self._draws.begin_episode(ended)
            self._over[ended] = False
            self._present = np.where(ended[:, None], self._world.alive, self._present)


def observe(
    world: BatchEnv, frozen: FrozenTables, encoding: Encoding, wanted: Wanted, weights_seed: int
) -> list[Observed]:
    """Return what one update came to, then two in a row, …: as many as are wanted.

    Every copy plays the lead by the frozen policy. From then on the agent tries its actions
    uniformly, so that every cell is seen; teammates go on by the frozen policy, and what the agent
    learns it learns by its own rule.

    Args:
        world: under the threats of one arm, which begin after the lead.
        frozen: the learner.
        encoding: from observations to percepts.
        wanted: what to play.
        weights_seed: of how a change is summed up; the same in all arms.
    """
    walk = Walk(world, frozen, encoding, wanted)
    for _ in range(wanted.lead):
        walk.step(tries=False)
    transitions = [walk.step(tries=True) for _ in range(wanted.updates)]
    learner, agent = frozen.learner, wanted.agent
    needs_next = learner.needs_next_actions
    if needs_next:
        transitions.append(walk.step(tries=False))
    before, after = walk.memory, copied(walk.memory)
    valid = np.ones(world.num_copies, dtype=bool)
    kept = valid
    touched = np.zeros(world.num_copies, dtype=bool)
    cells = np.full(world.num_copies, agent)
    found = []
    for index in range(wanted.updates):
        transition = transitions[index]
        touched = touched | _anybody_interrupted(transition)
        if needs_next:
            following = transitions[index + 1]
            touched = touched | _anybody_interrupted(following)
            transition = transition._replace(
                next_proposed=following.proposed, next_executed=following.executed
            )
            # What would follow a cut is not played: others have shown as much.
            valid = valid & ~transition.truncated[:, agent]
        valid = valid & transition.present[:, agent]
        kept = kept & frozen.kept(transition)[:, agent]
        after = learner.learn(after, transition)
        after = learner.visit(after, transition.percepts, transition.present)
        cells = cells * frozen.num_cells + frozen.cells(transition, agent)
        values = frozen.changes(before, after, agent, weights_seed)
        rows = valid & kept
        found.append(
            Observed(
                kept=KeptUpdates(cells[rows], values[rows], int(valid.sum())),
                offered_cells=cells[valid],
                interrupted_cells=cells[valid & touched],
            )
        )
    return found


def _anybody_interrupted(transition: Transition) -> Mask:
    happened = transition.interrupted & transition.present
    anybody: Mask = np.logical_or.reduce(happened, axis=1)
    return anybody
