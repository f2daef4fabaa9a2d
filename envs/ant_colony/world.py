"""A colony without a centre: ants choose their tasks by what they perceive and whom they meet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.envs.ant_colony.percept import Companions, encounters, entries
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_number, check_size
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.errors import InvalidConfig

if TYPE_CHECKING:
    from rallypoint.envs.ant_colony.scene import Scene
    from rallypoint.envs.drawing.canvas import Frame

IDLE = 0


class AntColony(DrawnWorld):
    """N ants share K tasks; what is left undone of a task is a stimulus that grows.

    Each step the stimulus of task k grows by ``needs[k]``, and falls by ``efficiency`` for every
    ant that works on it, but not below 0. Reward, the same for all: minus the mean of the stimuli,
    each at most ``cap``. So as many ants must work on a task as its need over the efficiency, and
    which of them does not matter.

    Actions: 0 idle, 1 … K work on a task; with ``pretence``, K + 1 … 2 K only look like work on
    task 1 … K. Observation, float32: the stimuli as shares of the cap, with Gaussian noise of
    standard deviation ``noise`` before they are cut to [0, cap]; what the ant appears to do; what
    ``meetings`` other ants appear to do that it met, drawn with replacement (see ``percept``).
    Regions ``task_1`` … are those who work or seem to. Infos: ``workers`` (E, K), who really do.

    In the setting of Gordon, Prabhakar and others' harvester ants, where each decides by whom it
    meets and nobody by what the colony needs: Prabhakar, Dektar & Gordon (2012), "The Regulation of
    Ant Colony Foraging Activity without Spatial Information", PLOS Computational Biology 8(8).
    """

    offers = frozenset({"state", "regions", "remove"})
    _state_arrays = ("_stimuli", "_actions", "_noises", "_chances")

    def __init__(
        self,
        *,
        copies: Copies = 1,
        num_agents: int = 60,
        needs: Sequence[float] = (0.30, 0.15, 0.15),
        efficiency: float = 1 / 60,
        cap: float = 40.0,
        noise: float = 0.5,
        meetings: int = 4,
        pretence: bool = False,
        max_cycles: int = 1200,
        render_mode: str | None = None,
    ) -> None:
        """Set up a colony.

        Args:
            copies: how many, or the global id of each.
            num_agents: N >= 1.
            needs: by how much the stimulus of each task grows in a step; K of them, each > 0.
            efficiency: by how much one ant lowers it in a step, > 0.
            cap: beyond which a stimulus is neither perceived nor paid for, > 0.
            noise: standard deviation of what an ant perceives of a stimulus, >= 0.
            meetings: how many others each ant meets in a step, >= 1.
            pretence: whether there are actions that only look like work.
            max_cycles: steps in an episode.
            render_mode: "rgb_array", "human" or "ansi".
        """
        check_size("num_agents", num_agents, 1)
        check_size("meetings", meetings, 1)
        self.needs = _positive("needs", needs)
        self.efficiency = float(_positive("efficiency", [efficiency])[0])
        self.cap = float(_positive("cap", [cap])[0])
        check_number("noise", noise, 0)
        self._deviation = float(noise)
        self.num_tasks = len(self.needs)
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        actions = Discrete(1 + self.num_tasks * (2 if pretence else 1))
        seen = Box(0.0, 1.0, (entries(self.num_tasks),), np.float32)
        super().__init__(
            "ant-colony-v0",
            [Group("agents", agents, seen, actions)],
            copies=copies,
            time_limit=max_cycles,
            render_mode=render_mode,
        )
        self.noop = {"agents": IDLE}
        shape = self.num_copies, num_agents
        self._stimuli = np.zeros((self.num_copies, self.num_tasks))
        self._actions = np.zeros(shape, dtype=np.int64)
        self._noises = np.zeros((*shape, self.num_tasks))
        self._chances = np.zeros((*shape, meetings))
        self._is_task = np.eye(self.num_tasks + 1, dtype=np.float32)

    def _start(self, mask: Mask) -> None:
        self._stimuli[mask] = 0
        self._actions[mask] = IDLE
        self._noises[mask] = self._draws.normal(self._noises.shape[1:], mask)
        self._chances[mask] = self._draws.random(self._chances.shape[1:], mask)

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        self._actions = np.where(self._alive, actions["agents"], IDLE)
        workers = self._workers()
        self._stimuli = np.maximum(self._stimuli + self.needs - self.efficiency * workers, 0)
        self._noises = self._draws.normal(self._noises.shape[1:])
        self._chances = self._draws.random(self._chances.shape[1:])
        self._perceive()
        left_undone = np.minimum(self._stimuli, self.cap).mean(axis=1, keepdims=True)
        rewards = np.where(self._alive, -left_undone, 0.0)
        return rewards, np.zeros(self._alive.shape, dtype=bool), {"workers": workers}

    def _workers(self) -> NDArray[np.int64]:
        """Count those who really work on each task: (E, K)."""
        num_copies, kinds = self.num_copies, 2 * self.num_tasks + 1
        slots = self._actions + np.arange(num_copies)[:, None] * kinds
        counts = np.bincount(slots.ravel(), minlength=num_copies * kinds)
        return counts.reshape(num_copies, kinds)[:, 1 : self.num_tasks + 1]

    def _observe(self) -> Observations:
        return {"agents": self._seen}

    def _refresh(self) -> None:
        self._companions = Companions(self._alive)
        self._perceive()

    def _perceive(self) -> None:
        """Perceive the stimuli, oneself and those one has met."""
        stimuli = self._stimuli[:, None] + self._deviation * self._noises
        apparent = self._apparent()
        met = encounters(apparent, self._companions.met(self._chances), self.num_tasks)
        met *= ~self._companions.is_alone[..., None]
        felt = (np.clip(stimuli, 0, self.cap) / self.cap).astype(np.float32)
        seen = np.concatenate([felt, self._is_task.take(apparent, axis=0), met], axis=-1)
        seen *= self._alive[..., None]
        self._seen = seen

    def _apparent(self) -> NDArray[np.int64]:
        """Return what each ant appears to do, 0 … K: (E, N)."""
        pretends = self._actions > self.num_tasks
        return self._actions - self.num_tasks * pretends

    def state(self) -> Array:
        """Return the stimuli, then how many really work on each task: (E, 2 K)."""
        return np.concatenate([self._stimuli, self._workers()], axis=1)

    def regions(self) -> dict[str, Mask]:
        """Return who works, or seems to, on each task, and who is idle: name -> (E, N)."""
        apparent = np.where(self._alive, self._apparent(), -1)
        names = ["idle", *(f"task_{task + 1}" for task in range(self.num_tasks))]
        return {name: apparent == task for task, name in enumerate(names)}

    def remove(self, mask: Mask) -> Observations:
        """Take ants (E, N) out of the colony: they do nothing, and nobody meets them."""
        self._leave(mask)
        self._actions = np.where(self._alive, self._actions, IDLE)
        self._refresh()
        return self._observe()

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.ant_colony.picture import draw

        return draw(self._scene(copy), marks=marks, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        from rallypoint.envs.ant_colony.text import describe

        return describe(self._scene(copy), marks=marks)

    def _scene(self, copy: int) -> "Scene":
        from rallypoint.envs.ant_colony.scene import Scene

        actions = self._actions[copy]
        return Scene(
            stimuli=self._stimuli[copy],
            needed=self.needs / self.efficiency,
            apparent=self._apparent()[copy],
            works=(actions > IDLE) & (actions <= self.num_tasks),
            alive=self._alive[copy],
            cap=self.cap,
            step=int(self._elapsed[copy]),
            time_limit=self.time_limit,
        )


def _positive(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    if numbers.ndim != 1 or not len(numbers) or not (np.isfinite(numbers) & (numbers > 0)).all():
        raise InvalidConfig(f"{name} is finite and > 0, and not empty, got {values!r}")
    return numbers
