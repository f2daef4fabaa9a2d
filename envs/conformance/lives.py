"""Who is in the world, and who is told that it is over: the bits must tell one story."""

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask, Step
from rallypoint.envs.conformance.faults import whose
from rallypoint.errors import NotConformant


class Lives:
    """Follows every agent of every copy from reset to end."""

    def __init__(self, env: BatchEnv) -> None:
        """Follow nobody yet."""
        shape = (env.num_copies, env.num_agents)
        self._env = env
        self.alive: Mask = np.zeros(shape, dtype=bool)  # (E, N) after the last step or reset
        self._over = np.zeros(shape, dtype=bool)  # (E, N) fallen, or told that it is over
        self._fell_at = np.zeros(shape, dtype=np.int64)  # (E, N) in which step
        self._elapsed = np.zeros(env.num_copies, dtype=np.int64)  # (E,) steps of the episode

    def begin(self, mask: Mask) -> None:
        """Note who lives in the masked copies, which were reset, and that the others go on.

        Raises:
            NotConformant: ``alive`` is no such mask, or the reset changed another row of it.
        """
        alive = self._asked()
        changed = (alive != self.alive) & ~mask[:, None]
        if changed.any():
            agent = whose(self._env.agents, np.argwhere(changed)[0])
            raise NotConformant(f"a reset of other rows changes whether {agent} is alive")
        if not alive.any(axis=1).all():
            row = np.flatnonzero(~alive.any(axis=1))[0]
            raise NotConformant(f"nobody is alive in row {row} after its reset")
        self.alive = alive
        self._over[mask] = False
        self._elapsed[mask] = 0

    def step(self, step: Step) -> None:
        """Check the bits and the rewards of a step against what went before.

        Raises:
            NotConformant: names the agent, the row and the step of its episode.
        """
        self._elapsed += 1
        acted = self.alive & ~self._over
        absent = ~acted
        self._none(absent & (step.rewards != 0), "earns {reward} though not in the world", step)
        self._none(absent & step.terminated, "is terminated though not in the world", step)
        # Whoever arrives in the last step of all is cut short with the others.
        cut = absent & step.truncated & ~step.alive
        self._none(cut, "is truncated though not in the world", step)
        self._none(
            step.alive & self._over,
            "is alive again, though its part was over since step {since}: alive rises once at most",
            step,
        )
        self._none(step.alive & step.terminated, "is terminated and still alive", step)
        self._time_limit(step)
        asked = self._asked()
        self._none(asked != step.alive, "is not as alive in env.alive as in the step", step)
        over = step.terminated | step.truncated | (self.alive & ~step.alive)
        self._fell_at = np.where(over & ~self._over, self._elapsed[:, None], self._fell_at)
        self._over |= over
        self.alive = step.alive.copy()

    def _time_limit(self, step: Step) -> None:
        limit = self._env.time_limit
        if limit is None:
            return
        early = (self._elapsed < limit)[:, None]
        self._none(step.truncated & early, f"is truncated before the time limit, {limit}", step)
        left = step.alive & ~step.terminated & ~step.truncated & ~early
        self._none(left, f"goes on though the time limit is {limit}", step)

    def _asked(self) -> Mask:
        alive = self._env.alive
        if (
            not isinstance(alive, np.ndarray)
            or alive.dtype != bool
            or alive.shape != self.alive.shape
        ):
            came = f"{alive.dtype} {alive.shape}" if isinstance(alive, np.ndarray) else repr(alive)
            raise NotConformant(f"env.alive must be bool {self.alive.shape}, and is {came}")
        return alive.copy()

    def _none(self, wrong: Mask, what: str, step: Step) -> None:
        if wrong.any():
            index = tuple(np.argwhere(wrong)[0])
            said = what.format(reward=step.rewards[index], since=self._fell_at[index])
            raise NotConformant(
                f"{whose(self._env.agents, index)} {said}, at step {self._elapsed[index[0]]}"
            )
