"""Pieces of rollout, and how they are played."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.following import flattened
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy, as_action
from rallypoint.batch_env import Array, BatchEnv, Mask, Observations, Snapshot, Step
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig


class Fragment(NamedTuple):
    """T steps of E copies, as one group of n agents lived them.

    Where a copy has ended within them, its next row is the first of a new episode.
    """

    seen: Floats  # (T, E, n, inputs) before each step
    actions: Array  # (T, E, n) counted from 0, or (T, E, n, K) unbounded: what was done
    rewards: Floats  # (T, E, n) as told
    acting: Mask  # (T, E, n) whose step it was; the other rows mean nothing
    terminated: Mask  # (T, E, n) nothing comes after
    truncated: Mask  # (T, E, n) cut short: what comes after is worth what `cut_seen` is worth
    cut: NDArray[np.int64]  # (c, 3) step, copy and agent of each truncated row
    cut_seen: Floats  # (c, inputs) what was seen after it
    last_seen: Floats  # (E, n, inputs) after the last step, where no copy has just ended
    states: Floats | None = None  # (T, E, S) before each step, for a central critic
    cut_states: Floats | None = None  # (c, S)
    last_states: Floats | None = None  # (E, S)
    costs: Floats | None = None  # (T, E, n, k) in the order of the world's cost_names
    is_fresh: bool = False  # every copy was reset before the first step
    allowed: Mask | None = None  # (T, E, n, K) actions that were not forbidden, where some can be


class Rollout:
    """Plays one group of a world by policies that change, fragment after fragment.

    What is learned from is what was *done*: where a threat puts another action in the place of the
    one proposed, a contributor takes it for its own. An action that the world forbids, by its
    ``action_mask``, is never chosen.
    """

    def __init__(
        self, env: BatchEnv, draws: Draws, *, group: str | None = None, central: bool = False
    ) -> None:
        """Prepare to play.

        Args:
            env: the world, not one that resets by itself.
            draws: by which actions are chosen, with the copies of the world.
            group: who plays, where there are several groups.
            central: whether to record the world's state, for a central critic.

        Raises:
            InvalidConfig: several groups, and it is not said which.
            NotOffered: a central critic, and the world has no state to show.
        """
        names = [found.name for found in env.groups]
        if group is None and len(names) > 1:
            raise InvalidConfig(f"{env.id} has the groups {names}; say which one learns")
        self.env = env
        self.group = env.groups[0 if group is None else names.index(group)]
        first = env.agents.index(self.group.agents[0])
        self.columns = slice(first, first + len(self.group.agents))
        self._draws = draws
        self._central = central
        self._observations: Observations | None = None

    def steps(self, policy: GradientPolicy, count: int, *, seed: int | None = None) -> Fragment:
        """Play so many steps, on from where the last call stopped, and reset what ends.

        A seed starts the world anew.
        """
        is_fresh = self._observations is None or seed is not None
        if is_fresh:
            self._begin(seed)
        tape = _Tape(self)
        for _ in range(count):
            step, after = self._step(policy, tape, self._acting())
            ended = step.ended
            if ended.any():
                self._observations = self.env.reset(mask=ended)
                self._draws.begin_episode(ended)
            else:
                self._observations = after
        return tape.fragment(self.seen(), self.states(), is_fresh=is_fresh)

    def episodes(
        self, policy: GradientPolicy, *, seed: int | None = None, copies: Mask | None = None
    ) -> Fragment:
        """Play one whole episode in every copy, or in some (E,).

        A copy that ends before the others, or is not asked for, is played on, as a world needs it
        to be; rows from then on are of nobody.
        """
        self._begin(seed)
        tape = _Tape(self)
        going: Mask = np.ones(self.env.num_copies, dtype=bool) if copies is None else copies.copy()
        while going.any():
            step, after = self._step(policy, tape, self._acting() & going[:, None])
            ended = step.ended
            going &= ~ended
            self._observations = after
            if ended.any() and going.any():
                # Its draws go on: nobody learns from them, and in step all copies' are one slice.
                self._observations = self.env.reset(mask=ended)
        return tape.fragment(self.seen(), self.states(), is_fresh=True)

    @property
    def goes_on(self) -> bool:
        """Whether the world can be snapshot; if not, every fragment has to start it anew."""
        return "snapshot" in self.env.offers

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here; of a world that does not go on, nothing."""
        draws = {f"draws/{name}": part for name, part in self._draws.snapshot().items()}
        if not self.goes_on:
            return draws
        return draws | {f"world/{name}": part for name, part in self.env.snapshot().items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same world."""
        parts: dict[str, Snapshot] = {"draws": {}, "world": {}}
        for name, part in snapshot.items():
            head, _, rest = name.partition("/")
            parts[head][rest] = part
        if self.goes_on:
            self._observations = self.env.restore(parts["world"])
        self._draws.restore(parts["draws"])

    def _begin(self, seed: int | None) -> None:
        self._observations = self.env.reset(seed)
        # Whatever was played before: how often a copy was reset may depend on the others.
        self._draws.begin_episode(episode=seed)

    def _acting(self) -> Mask:
        return self.env.alive[:, self.columns]

    def seen(self) -> Floats:
        """Return what the group sees now: (E, n, inputs)."""
        assert self._observations is not None, "it has begun"
        return flattened(self.group, self._observations[self.group.name])

    def states(self) -> Floats | None:
        """Return the world's state now, (E, S), where a central critic sees it."""
        if not self._central:
            return None
        state = self.env.state()
        return state.reshape(len(state), -1).astype(np.float32)

    def allowed(self) -> Mask | None:
        """Return which actions are allowed now, (E, n, K), where the world may forbid some."""
        if "action_mask" not in self.env.offers:
            return None
        return self.env.action_mask().get(self.group.name)

    def _step(
        self, policy: GradientPolicy, tape: "_Tape", acting: Mask
    ) -> tuple[Step, Observations]:
        """Take one step and write it down; return what came, before any reset."""
        name = self.group.name
        shown = _Shown(self.seen(), self.states(), self.allowed())
        chosen = policy.choose(shown.seen, self._draws, shown.allowed)
        step = self.env.step({name: as_action(self.group, chosen)})
        executed = step.infos.get(f"executed/{name}")
        if executed is not None:
            chosen = self._done(chosen, step.infos[f"proposed/{name}"], executed)
        self._observations = step.observations
        tape.write(shown, chosen, step, acting)
        return step, step.observations

    def _done(self, chosen: Array, proposed: Array, executed: Array) -> Array:
        """Return what was chosen, with what was done in its place where that is another."""
        if executed is proposed:
            return chosen
        if chosen.ndim == 2:
            index: Array = executed - int(self.group.action_space.start)  # type: ignore[attr-defined]  # Discrete
            return index
        changed = (executed != proposed).any(axis=tuple(range(2, executed.ndim)))
        done: Array = np.where(
            changed[..., None], executed.reshape(chosen.shape).astype(chosen.dtype), chosen
        )
        return done


class _Shown(NamedTuple):
    """What is known before a step."""

    seen: Floats  # (E, n, inputs)
    states: Floats | None  # (E, S), for a central critic
    allowed: Mask | None  # (E, n, K), where actions can be forbidden


class _Tape:
    """What is written down of each step, until it is a fragment."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._columns = rollout.columns
        self._rows: list[tuple[Array, ...]] = []
        self._states: list[Floats] = []
        self._allowed: list[Mask] = []
        self._costs: list[Array] = []
        self._cut: list[Array] = []
        self._cut_seen: list[Floats] = []
        self._cut_states: list[Floats] = []

    def write(self, shown: "_Shown", done: Array, step: Step, acting: Mask) -> None:
        """Keep one step; the rollout stands after it."""
        of_group = self._columns
        # Whoever is gone without having been truncated was removed, which is an end for good.
        gone = acting & ~step.alive[:, of_group] & ~step.truncated[:, of_group]
        terminated = acting & (step.terminated[:, of_group] | gone)
        truncated = acting & step.truncated[:, of_group] & ~terminated
        rewards = step.rewards[:, of_group].astype(np.float32)
        self._rows.append((shown.seen, done, rewards, acting, terminated, truncated))
        if shown.states is not None:
            self._states.append(shown.states)
        if shown.allowed is not None:
            self._allowed.append(shown.allowed)
        if "cost" in self._rollout.env.offers:
            self._costs.append(self._rollout.env.cost()[:, of_group])
        if truncated.any():
            copies, agents = truncated.nonzero()
            steps = np.full(len(copies), len(self._rows) - 1)
            self._cut.append(np.stack([steps, copies, agents], axis=1))
            self._cut_seen.append(self._rollout.seen()[copies, agents])
            after = self._rollout.states()
            if after is not None:
                self._cut_states.append(after[copies])

    def fragment(
        self, last_seen: Floats, last_states: Floats | None, *, is_fresh: bool
    ) -> Fragment:
        """Put the steps together."""
        seen, actions, rewards, acting, terminated, truncated = (
            np.stack(parts) for parts in zip(*self._rows, strict=True)
        )
        central = last_states is not None
        return Fragment(
            seen,
            actions,
            rewards,
            acting,
            terminated,
            truncated,
            np.concatenate(self._cut) if self._cut else np.empty((0, 3), dtype=np.int64),
            np.concatenate(self._cut_seen) if self._cut_seen else seen[0, 0, :0],
            last_seen,
            np.stack(self._states) if central else None,
            _joined(self._cut_states, last_states),
            last_states,
            np.stack(self._costs).astype(np.float32) if self._costs else None,
            is_fresh,
            np.stack(self._allowed) if self._allowed else None,
        )


def _joined(parts: list[Floats], like: Floats | None) -> Floats | None:
    if like is None:
        return None
    return np.concatenate(parts) if parts else like[:0]
