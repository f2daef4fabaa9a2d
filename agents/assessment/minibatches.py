"""Experience of single steps, with and without interruptions, from the same states and actions."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.agents.assessment.arms import Arms, elsewhere, seed_of
from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations, Step
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened

SAME_STATES = (
    "A pair of replicates starts from the same states with the same own actions, from snapshots "
    "of the world; teammates' actions and the world's chance are drawn anew in each."
)
SAME_CHANCE = (
    "The world has no snapshot: each step of a replicate ends a short rollout of its own, which "
    "both members of a pair play from one seed, so that they come to one state. The world's chance "
    "in that step is then one as well; teammates' actions are drawn anew."
)
ROLLOUTS = (
    "The world has no snapshot: each step of a replicate ends a short rollout of its own, and the "
    "members of a pair have nothing in common but its length."
)


class Experience(NamedTuple):
    """M steps of single agents, one from each of M copies."""

    seen: Array  # (M, …) before the step
    actions: Array  # (M, …) as the learner books them
    rewards: Floats  # (M,)
    next_seen: Array  # (M, …)
    terminated: Mask  # (M,) nothing comes after
    truncated: Mask  # (M,) cut short
    interrupted: Mask  # (M, N) who was
    agents: Integers  # (M,) whose step it is

    def take(self, rows: Array) -> "Experience":
        """Return some of the steps, in this order."""
        parts: tuple[Any, ...] = self
        return Experience(*(part[rows] for part in parts))


class Frozen(Protocol):
    """A learner as it stands: how it acts, and what one update from there would change."""

    @property
    def books(self) -> str:
        """Which action a step is learned with: "executed" or "proposed"."""
        ...

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose actions for every group."""
        ...

    def keeps(self, experience: Experience) -> Mask:
        """Say which steps are learned from at all: (M,)."""
        ...

    def changes(self, experience: Experience, num_replicates: int) -> Floats:
        """Return how outputs on fixed probes change by one update: (R, k).

        Each of R replicates starts from the same parameters and optimiser state, and learns from
        the same number of steps, its own: those of the first replicate come first.
        """
        ...


class Gathered(NamedTuple):
    """Experience of both arms, row by row in pairs, and what it took."""

    at_0: Experience
    at_theta: Experience
    kept: tuple[float, float]
    interrupted: float  # share of the steps at theta in which anybody was
    interruptions: int  # these steps
    unit: str


def gather(
    arms: Arms,
    frozen: Frozen,
    theta: float,
    *,
    rows: int,
    most_rows: int,
    copies: int,
    leads: tuple[int, ...],
    seed: int,
    same_chance: bool,
) -> Gathered:
    """Play until there are so many pairs of steps that are learned from in both arms.

    Raises:
        InvalidConfig: coins for all agents, and a learner that books what was executed.
    """
    world = arms.world(copies)
    (group,) = world.groups
    waves = _Waves(arms, frozen, world, group, same_chance=same_chance)
    pairs: list[tuple[Experience, Experience]] = []
    offered = gathered = interrupted = 0
    kept_rows = np.zeros(2)
    wave = 0
    while gathered < rows and offered < most_rows:
        lead = leads[wave % len(leads)]
        at_0, at_theta, valid = waves.play(wave, lead, theta, seed)
        kept = np.stack([frozen.keeps(at_0), frozen.keeps(at_theta)]) & valid
        kept_rows += kept.sum(axis=1)
        interrupted += int((at_theta.interrupted.any(axis=1) & valid).sum())
        offered += int(valid.sum())
        both: Mask = np.logical_and.reduce(kept)
        pairs.append((at_0.take(both), at_theta.take(both)))
        gathered += int(both.sum())
        wave += 1
        if wave * copies > 4 * most_rows:
            break  # hardly any copy comes to where it is asked
    unit = waves.unit
    world.close()
    shares = kept_rows / max(offered, 1)
    at_0, at_theta = (_joined(parts, rows) for parts in zip(*pairs, strict=True))
    return Gathered(
        at_0,
        at_theta,
        (float(shares[0]), float(shares[1])),
        interrupted / max(offered, 1),
        interrupted,
        unit,
    )


class _Wave(NamedTuple):
    """One round of all copies."""

    arms: Arms
    agent: int  # whose step is looked at
    lead: int
    theta: float
    seeds: tuple[int, ...]  # of the step at 0, and at theta; of the start of either


class _Waves:
    """Plays all copies to where one agent's step is looked at, and that step in both arms."""

    def __init__(
        self, arms: Arms, frozen: Frozen, world: BatchEnv, group: Group, *, same_chance: bool
    ) -> None:
        self._arms, self._frozen, self._world, self._group = arms, frozen, world, group
        self._has_snapshots = "snapshot" in world.offers
        self._same_chance = same_chance
        self._spares = frozen.books == "executed"
        if self._spares and arms.is_shared:
            raise InvalidConfig(
                "one coin interrupts several agents, and the learner books what was executed: "
                "given its action, the coin is no longer what it was; give each agent its own "
                "(shared = false)"
            )

    @property
    def unit(self) -> str:
        """What the members of a pair have in common."""
        if self._has_snapshots:
            return SAME_STATES
        return SAME_CHANCE if self._same_chance else ROLLOUTS

    def play(
        self, wave: int, lead: int, theta: float, seed: int
    ) -> tuple[Experience, Experience, Mask]:
        """Return a step of each copy in both arms, and in which copies it counts."""
        agent = wave % len(self._group.agents)
        arms = self._arms
        if self._spares:
            # Given what it did, whether it was made to does not matter to the learner; and so the
            # action can be the same in both arms.
            spared = arms.sparing(self._group.agents[agent], self._world.agents)
            theta, arms = (theta, spared) if spared is not None else (0.0, arms)
        seeds = tuple(seed_of(seed, "pairs", arm, wave) for arm in range(4))
        if self._same_chance:
            seeds = (*seeds[:3], seeds[2])
        asked = _Wave(arms, agent, lead, theta, seeds)
        if self._has_snapshots:
            found = self._from_snapshot(asked)
            if found is not None:
                return found
            self._has_snapshots = False
        (at_0, valid_0), (at_theta, valid_theta) = (self._rollout(asked, arm) for arm in (0, 1))
        valid = valid_0 & valid_theta
        if self._same_chance:  # as far as a seed says all, they came to the same
            valid &= _equal(at_0.seen, at_theta.seen) & _equal(at_0.actions, at_theta.actions)
        return at_0, at_theta, valid

    def _from_snapshot(self, asked: _Wave) -> tuple[Experience, Experience, Mask] | None:
        start, agent = asked.seeds[2], asked.agent
        frame = asked.arms.at(self._world, 0.0)
        draws = Draws(start, "assessment/policy", frame.copies)
        observations, _ = self._walk(frame, draws, asked.lead, start)
        valid = frame.alive[:, agent]
        own = self._own(observations, agent, draws, start)
        snapshot = frame.snapshot()
        found = []
        for chance, seed in zip((0.0, asked.theta), asked.seeds, strict=False):
            moved = elsewhere(snapshot, seed)
            if moved is None:
                return None
            world = asked.arms.at(self._world, chance)
            observations = world.restore(moved)
            found.append(self._step(world, observations, own, agent, seed))
        return found[0], found[1], valid

    def _rollout(self, asked: _Wave, arm: int) -> tuple[Experience, Mask]:
        start, seed = asked.seeds[2 + arm], asked.seeds[arm]
        theta = (0.0, asked.theta)[arm]
        frame = asked.arms.at(self._world, theta, begin=asked.lead, seed=seed)
        draws = Draws(start, "assessment/policy", frame.copies)
        observations, is_first = self._walk(frame, draws, asked.lead, start)
        valid = is_first & frame.alive[:, asked.agent]
        own = self._own(observations, asked.agent, draws, start)
        return self._step(frame, observations, own, asked.agent, seed), valid

    def _walk(
        self, frame: Threatened, draws: Draws, lead: int, seed: int
    ) -> tuple[Observations, Mask]:
        """Play the lead; say in which copies it was of one episode."""
        observations = frame.reset(seed)
        is_first = np.ones(frame.num_copies, dtype=bool)
        for _ in range(lead):
            step = frame.step(self._frozen.act(observations, draws))
            observations, ended = step.observations, step.ended
            if ended.any():
                is_first &= ~ended
                observations = frame.reset(mask=ended)
                draws.begin_episode(ended)
        return observations, is_first

    def _own(self, observations: Observations, agent: int, draws: Draws, seed: int) -> Array:
        """Choose the actions whose outcomes are looked at: any alike, where they can be counted."""
        space: Any = self._group.action_space
        if not isinstance(space, Discrete) or "action_mask" in self._world.offers:
            own: Array = self._frozen.act(observations, draws)[self._group.name][:, agent]
            return own.copy()
        any_of = Draws(seed, "assessment/own action", self._world.copies).integers(int(space.n))
        counted: Array = any_of.astype(space.dtype) + space.start
        return counted

    def _step(
        self, frame: Threatened, observations: Observations, own: Array, agent: int, seed: int
    ) -> Experience:
        name = self._group.name
        seen = observations[name][:, agent].copy()
        draws = Draws(seed, "assessment/policy", frame.copies)
        actions = {k: part.copy() for k, part in self._frozen.act(observations, draws).items()}
        actions[name][:, agent] = own
        step: Step = frame.step(actions)
        gone = step.terminated[:, agent] | (~step.alive[:, agent] & ~step.truncated[:, agent])
        return Experience(
            seen=seen,
            actions=step.infos[f"{self._frozen.books}/{name}"][:, agent].copy(),
            rewards=step.rewards[:, agent],
            next_seen=step.observations[name][:, agent].copy(),
            terminated=gone,
            truncated=step.truncated[:, agent] & ~gone,
            interrupted=step.infos["interrupted"].copy(),
            agents=np.full(frame.num_copies, agent),
        )


def _joined(parts: tuple[Experience, ...], rows: int) -> Experience:
    """Put the first so many steps into one record."""
    arrays: Any = zip(*parts, strict=True)
    return Experience(*(np.concatenate(array)[:rows] for array in arrays))


def _equal(one: Array, other: Array) -> Mask:
    """Say which rows are equal: (M, …) twice -> (M,)."""
    equal: Mask = (one == other).all(axis=tuple(range(1, one.ndim)))
    return equal
