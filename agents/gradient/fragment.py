"""Pieces of rollout, and how they are played."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.following import flattened
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.tape import Seat, Tape
from rallypoint.batch_env import Array, BatchEnv, Group, Mask, Observations, Snapshot, Step
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
    """Plays all groups of a world by policies that change, fragment after fragment.

    What is learned from is what was *done*: where a threat puts another action in the place of the
    one proposed, a contributor takes it for its own. An action that the world forbids, by its
    ``action_mask``, is never chosen.
    """

    def __init__(self, env: BatchEnv, draws: Draws, *, central: bool = False) -> None:
        """Prepare to play.

        Args:
            env: the world, not one that resets by itself.
            draws: by which actions are chosen, with the copies of the world.
            central: whether to record the world's state, for a central critic.

        Raises:
            NotOffered: a central critic, and the world has no state to show.
        """
        self.env = env
        ends = np.cumsum([len(group.agents) for group in env.groups]).tolist()
        self.seats = tuple(
            Seat(group, slice(end - len(group.agents), end))
            for group, end in zip(env.groups, ends, strict=True)
        )
        self._draws = draws
        self._central = central
        self._observations: Observations | None = None

    @property
    def group(self) -> Group:
        """The only group.

        Raises:
            InvalidConfig: there are several.
        """
        if len(self.seats) > 1:
            names = [seat.group.name for seat in self.seats]
            raise InvalidConfig(f"{self.env.id} has the groups {names}; give a policy for each")
        return self.seats[0].group

    def steps(self, policy: GradientPolicy, count: int, *, seed: int | None = None) -> Fragment:
        """Play so many steps of the only group; see ``steps_of_all``."""
        _ = self.group  # there is but one
        (fragment,) = self.steps_of_all([policy], count, seed=seed)
        return fragment

    def episodes(
        self, policy: GradientPolicy, *, seed: int | None = None, copies: Mask | None = None
    ) -> Fragment:
        """Play one whole episode of the only group in every copy; see ``episodes_of_all``."""
        _ = self.group
        (fragment,) = self.episodes_of_all([policy], seed=seed, copies=copies)
        return fragment

    def steps_of_all(
        self, policies: Sequence[GradientPolicy], count: int, *, seed: int | None = None
    ) -> tuple[Fragment, ...]:
        """Play so many steps, on from where the last call stopped, and reset what ends.

        A seed starts the world anew. Policies are one for each group, and so are fragments.
        """
        is_fresh = self._observations is None or seed is not None
        if is_fresh:
            self._begin(seed)
        tapes = self._tapes(policies)
        for _ in range(count):
            step = self._step(tapes, self._acting())
            ended = step.ended
            if ended.any():
                self._observations = self.env.reset(mask=ended)
                self._draws.begin_episode(ended)
        return self._fragments(tapes, is_fresh=is_fresh)

    def episodes_of_all(
        self,
        policies: Sequence[GradientPolicy],
        *,
        seed: int | None = None,
        copies: Mask | None = None,
    ) -> tuple[Fragment, ...]:
        """Play one whole episode in every copy, or in some (E,).

        A copy that ends before the others, or is not asked for, is played on, as a world needs it
        to be; rows from then on are of nobody.
        """
        self._begin(seed)
        tapes = self._tapes(policies)
        going: Mask = np.ones(self.env.num_copies, dtype=bool) if copies is None else copies.copy()
        while going.any():
            step = self._step(tapes, self._acting() & going[:, None])
            ended = step.ended
            going &= ~ended
            if ended.any() and going.any():
                # Its draws go on: nobody learns from them, and in step all copies' are one slice.
                self._observations = self.env.reset(mask=ended)
        return self._fragments(tapes, is_fresh=True)

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
        return self.env.alive

    def seen(self, group: Group) -> Floats:
        """Return what a group sees now: (E, n, inputs)."""
        assert self._observations is not None, "it has begun"
        return flattened(group, self._observations[group.name])

    def states(self) -> Floats | None:
        """Return the world's state now, (E, S), where a central critic sees it."""
        if not self._central:
            return None
        state = self.env.state()
        return state.reshape(len(state), -1).astype(np.float32)

    def allowed(self) -> Mapping[str, Mask]:
        """Return which actions are allowed now, (E, n, K) by group, where some can be forbidden."""
        return self.env.action_mask() if "action_mask" in self.env.offers else {}

    def _tapes(self, policies: Sequence[GradientPolicy]) -> list[Tape]:
        return [Tape(seat, policy) for seat, policy in zip(self.seats, policies, strict=True)]

    def _fragments(self, tapes: Sequence[Tape], *, is_fresh: bool) -> tuple[Fragment, ...]:
        states = self.states()
        return tuple(
            _fragment(tape, self.seen(tape.group), states, is_fresh=is_fresh) for tape in tapes
        )

    def _step(self, tapes: Sequence[Tape], acting: Mask) -> Step:
        """Take one step and write it down; the rollout stands after it, before any reset."""
        states, allowed = self.states(), self.allowed()
        actions: dict[str, Array] = {}
        for tape in tapes:
            name, seen = tape.group.name, self.seen(tape.group)
            actions[name] = tape.choose(seen, states, allowed.get(name), self._draws)
        step = self.env.step(actions)
        self._observations = step.observations
        is_cut = bool(step.truncated.any())
        after = self.states() if is_cut else None
        costs = self.env.cost() if "cost" in self.env.offers else None
        for tape in tapes:
            now = self.seen(tape.group) if is_cut else None
            tape.write(step, acting, seen=now, states=after, costs=costs)
        return step


def _fragment(
    tape: Tape, last_seen: Floats, last_states: Floats | None, *, is_fresh: bool
) -> Fragment:
    seen, actions, rewards, acting, terminated, truncated = (
        np.stack(parts) for parts in zip(*tape.rows, strict=True)
    )
    central = last_states is not None
    return Fragment(
        seen,
        actions,
        rewards,
        acting,
        terminated,
        truncated,
        np.concatenate(tape.cut) if tape.cut else np.empty((0, 3), dtype=np.int64),
        np.concatenate(tape.cut_seen) if tape.cut_seen else seen[0, 0, :0],
        last_seen,
        np.stack(tape.states) if central else None,
        _joined(tape.cut_states, last_states),
        last_states,
        np.stack(tape.costs).astype(np.float32) if tape.costs else None,
        is_fresh,
        np.stack(tape.allowed) if tape.allowed else None,
    )


def _joined(parts: list[Floats], like: Floats | None) -> Floats | None:
    if like is None:
        return None
    return np.concatenate(parts) if parts else like[:0]
