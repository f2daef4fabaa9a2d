"""Every agent of every copy as a row of its own, for libraries that know single agents only."""

from collections.abc import Mapping
from reprlib import repr as shortened
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, BatchEnv, Mask, Observations, Step
from rallypoint.draws import Draws
from rallypoint.envs.views.whole_episodes import refuse_autoreset
from rallypoint.errors import InvalidAction, InvalidConfig, NotReset, did_you_mean
from rallypoint.policies import Policy


class Rows(NamedTuple):
    """What a step brought about, R = E * n rows: row copy * n + agent, so copy by copy."""

    observations: Array  # (R, …) to act on next: of the next episode where a copy has ended
    rewards: NDArray[np.float64]  # (R,), 0 in filler
    terminated: Mask  # (R,)
    truncated: Mask  # (R,), never together with terminated
    filler: Mask  # (R,) rows in which nobody acted
    last: Array  # (R, …) what was seen at the end of the step, before any reset
    infos: dict[str, Array]  # name -> (R, …)

    @property
    def done(self) -> Mask:
        """Rows whose episode, or stretch of filler, ends with this step: (R,)."""
        return self.terminated | self.truncated


class Slots:
    """The agents of one group as rows that start anew by themselves, within the same step.

    Libraries with a fixed number of rows want one from every agent at every step. So an agent that
    has left, or is yet to arrive, has *filler* rows: reward 0, what the world shows in its place,
    and an action that changes nothing. The agent's own last row is done, with its last
    observation. A stretch of filler ends with a terminated row, when its agent arrives or its copy
    starts anew: no return reaches across from either side, and the value of being gone is 0.

    The other groups of a world, if any, are played by ``others``.
    """

    def __init__(
        self, env: BatchEnv, *, group: str | None = None, others: Policy | None = None
    ) -> None:
        """Show one group.

        Raises:
            InvalidConfig: the world has several groups and it is not said which, or who plays the
                rest; or its agents see or do what is no array.
        """
        self.env = env
        self.group = _the_group(env, group, others)
        self._others = others if len(env.groups) > 1 else None
        self._other_groups = {group.name for group in env.groups} - {self.group.name}
        for space in (self.group.observation_space, self.group.action_space):
            if space.shape is None:
                raise InvalidConfig(
                    f"group {self.group.name!r} of {env.id} has the space {space}, which is no "
                    "array; flatten it in the world"
                )
        first = env.agents.index(self.group.agents[0])
        self._shape = (env.num_copies, len(self.group.agents))
        self._columns = slice(first, first + self._shape[1])
        self.num_rows = self._shape[0] * self._shape[1]
        self.rows_seen = 0  # since the last seeded reset, likewise below
        self.filler_seen = 0
        self._acting: Mask = np.zeros(self._shape, dtype=bool)
        self._over: Mask = np.zeros(self._shape, dtype=bool)  # whose part is over until the reset
        self._seen: Observations | None = None

    @property
    def acting(self) -> Mask:
        """Rows whose agent acts in the next step: (R,)."""
        return self._acting.reshape(-1).copy()

    @property
    def filler_share(self) -> float:
        """The share of filler in all rows since the last seeded reset."""
        return self.filler_seen / self.rows_seen if self.rows_seen else 0.0

    def reset(self, seed: int | None = None, copies: Mask | None = None) -> Array:
        """Start new episodes, in the masked copies only if there is a mask; return (R, …)."""
        seen = self.env.reset(seed, copies)
        if seed is not None or self._seen is None:
            self.rows_seen = self.filler_seen = 0
            self._draws = Draws(self.env.seed, "views/others", self.env.copies)
        else:
            self._draws.begin_episode(copies)
        rows: Mask | slice = slice(None) if copies is None else copies
        self._acting[rows] = self.env.alive[rows, self._columns]
        self._over[rows] = False
        self._seen = seen
        return self._flat(seen)

    def step(self, actions: Array) -> Rows:
        """Move every copy on by one step, and start those anew that have ended."""
        step = self.env.step(self._by_group(actions))
        refuse_autoreset(self.env, step)
        acted = self._acting
        ends = step.terminated[:, self._columns] | step.truncated[:, self._columns]
        self._acting = step.alive[:, self._columns] & ~(self._over | ends)
        filler = ~acted
        self.rows_seen += self.num_rows
        self.filler_seen += int(np.count_nonzero(filler))
        last = self._flat(step.observations)
        self._seen = step.observations
        observations, over, cut = last, np.zeros_like(acted), np.zeros_like(acted)
        # Where everybody acts and goes on acting, nobody came or went, and no copy has ended.
        if not (acted.all() and self._acting.all()):
            observations, over, cut = self._turn(step, acted)
        return Rows(
            observations,
            np.where(acted, step.rewards[:, self._columns], 0.0).reshape(-1),
            over.reshape(-1),
            cut.reshape(-1),
            filler.reshape(-1),
            last,
            self._spread(step.infos),
        )

    def _turn(self, step: Step, acted: Mask) -> tuple[Array, Mask, Mask]:
        """Book who came and went; return what is seen next, and both flags: (E, n)."""
        left = acted & ~self._acting
        terminated = step.terminated[:, self._columns]
        # Who is gone without having been truncated was removed, which is an end for good.
        cut = left & step.truncated[:, self._columns] & ~terminated
        ended = step.ended
        over = (left & ~cut) | (~acted & (self._acting | ended[:, None]))
        self._over |= left
        if ended.any():
            return self.reset(copies=ended), over, cut
        return self._flat(step.observations), over, cut

    def action_masks(self) -> Mask:
        """Which discrete actions each row allows now: (R, actions)."""
        masks: Mask = self.env.action_mask()[self.group.name].reshape(self.num_rows, -1)
        return masks

    def _by_group(self, actions: Array) -> dict[str, Array]:
        if self._seen is None:
            raise NotReset(f"{self.env.id} must be reset before its first step")
        shape = self.group.action_space.shape or ()
        try:
            came = np.shape(actions)
        except ValueError as error:  # rows of several lengths
            raise InvalidAction(f"{self._wanted(shape)}, got {shortened(actions)}") from error
        if came != (self.num_rows, *shape):
            raise InvalidAction(f"{self._wanted(shape)}, got {came}")
        own = {self.group.name: np.asarray(actions).reshape(*self._shape, *shape)}
        if self._others is None:
            return own
        return {**self._others.act(self._seen, self._draws), **own}

    def _wanted(self, shape: tuple[int, ...]) -> str:
        return f"actions are an array {(self.num_rows, *shape)}, a row for each agent of each copy"

    def _flat(self, observations: Observations) -> Array:
        seen = observations[self.group.name]
        return seen.reshape(self.num_rows, *seen.shape[2:])

    def _spread(self, infos: Mapping[str, Array]) -> dict[str, Array]:
        """Give every row its part of each info: (E, N, …) or (E, …) -> (R, …)."""
        num_copies, num_agents = self._shape
        rows = {}
        for name, values in infos.items():
            _, is_by_group, group = name.rpartition("/")
            if is_by_group and group in self._other_groups:
                continue
            if is_by_group and group == self.group.name:
                rows[name] = values.reshape(self.num_rows, *values.shape[2:])
            elif values.shape[:2] == (num_copies, self.env.num_agents):
                own = values[:, self._columns]
                rows[name] = own.reshape(self.num_rows, *values.shape[2:])
            else:
                rows[name] = np.repeat(values, num_agents, axis=0)
        return rows


def _the_group(env: BatchEnv, name: str | None, others: Policy | None) -> Any:
    groups = {group.name: group for group in env.groups}
    if name is not None and name not in groups:
        raise InvalidConfig(f"{env.id} has no group {name!r}{did_you_mean(name, groups)}")
    if len(groups) == 1:
        return env.groups[0]
    if name is None or others is None:
        raise InvalidConfig(
            f"{env.id} has the groups {sorted(groups)}, each with spaces of its own, and here all "
            "rows share one: say which to show with group=…, and who plays the rest with others=…, "
            "a policy"
        )
    return groups[name]
