"""What is written down of a group while it plays."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy, as_action
from rallypoint.batch_env import Array, Group, Mask, Step
from rallypoint.draws import Draws


class Seat(NamedTuple):
    """A group of a world, and where its agents stand on the agent axis."""

    group: Group
    columns: slice


class Shown(NamedTuple):
    """What is known before a step, and what is chosen."""

    seen: Floats  # (E, n, inputs)
    states: Floats | None  # (E, S), for a central critic
    allowed: Mask | None  # (E, n, K), where actions can be forbidden
    chosen: Array  # (E, n) counted from 0, or (E, n, K) unbounded


class Tape:
    """What is written down of each step of a group, until it is a fragment."""

    def __init__(self, seat: Seat, policy: GradientPolicy) -> None:
        """Write of a group that acts by a policy."""
        self.group, self._columns = seat
        self.rows: list[tuple[Array, ...]] = []
        self.states: list[Floats] = []
        self.allowed: list[Mask] = []
        self.costs: list[Array] = []
        self.cut: list[Array] = []
        self.cut_seen: list[Floats] = []
        self.cut_states: list[Floats] = []
        self._policy = policy
        self._now: Shown | None = None

    def choose(
        self, seen: Floats, states: Floats | None, allowed: Mask | None, draws: Draws
    ) -> Array:
        """Return what the group does now, within its space."""
        chosen = self._policy.choose(seen, draws, allowed)
        self._now = Shown(seen, states, allowed, chosen)
        return as_action(self.group, chosen)

    def write(
        self,
        step: Step,
        acting: Mask,
        *,
        seen: Floats | None,
        states: Floats | None,
        costs: Array | None,
    ) -> None:
        """Keep one step.

        Args:
            step: what came of it, of all agents.
            acting: (E, N) whose step it was.
            seen: (E, n, inputs) by the group, after it, if anybody is cut short.
            states: (E, S) after it, likewise, where they are recorded.
            costs: (E, N, k) of it, where there are any.
        """
        assert self._now is not None, "something was chosen"
        shown, of_group = self._now, self._columns
        acting = acting[:, of_group]
        # Whoever is gone without having been truncated was removed, which is an end for good.
        gone = acting & ~step.alive[:, of_group] & ~step.truncated[:, of_group]
        terminated = acting & (step.terminated[:, of_group] | gone)
        truncated = acting & step.truncated[:, of_group] & ~terminated
        rewards = step.rewards[:, of_group].astype(np.float32)
        done = self._done(shown.chosen, step)
        self.rows.append((shown.seen, done, rewards, acting, terminated, truncated))
        if shown.states is not None:
            self.states.append(shown.states)
        if shown.allowed is not None:
            self.allowed.append(shown.allowed)
        if costs is not None:
            self.costs.append(costs[:, of_group])
        if truncated.any():
            assert seen is not None, "somebody is cut short"
            copies, agents = truncated.nonzero()
            steps = np.full(len(copies), len(self.rows) - 1)
            self.cut.append(np.stack([steps, copies, agents], axis=1))
            self.cut_seen.append(seen[copies, agents])
            if states is not None:
                self.cut_states.append(states[copies])

    def _done(self, chosen: Array, step: Step) -> Array:
        """Return what was chosen, with what was done in its place where that is another."""
        executed = step.infos.get(f"executed/{self.group.name}")
        if executed is None:
            return chosen
        proposed = step.infos[f"proposed/{self.group.name}"]
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
