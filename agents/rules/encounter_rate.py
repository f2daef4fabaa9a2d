"""Ants that take up what those they meet are doing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Observations
from rallypoint.config import Config
from rallypoint.draws import Draws
from rallypoint.envs.ant_colony.percept import parts
from rallypoint.envs.checks import check_number, check_size
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class EncounterRate(Config):
    """An idle ant is recruited to a task by those it meets at it; who finds nothing to do stops.

    An idle ant takes up a task with probability ``recruits`` times the share of those it met that
    are at it, and with ``spontaneous`` any task, so that an abandoned one is found again. Who works
    stops with probability ``quits``, if it finds its own task pressing less than ``enough``.

    Source: in the setting of Pacala, Gordon & Godfray (1996), "Effects of Social Group Size on
    Information Transfer and Task Allocation", Evolutionary Ecology 10: successful workers recruit,
    unsuccessful ones become idle.
    """

    learner: ClassVar[None] = None

    num_tasks: int = 3
    cap: float = 40.0  # of the world's stimuli
    recruits: float = 0.5
    spontaneous: float = 0.02
    quits: float = 0.2
    enough: float = 4.0
    group: str = "agents"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_size("num_tasks", self.num_tasks, 1)
        check_number("cap", self.cap, above=0)
        check_number("enough", self.enough)
        for name in ("recruits", "spontaneous", "quits"):
            check_number(name, getattr(self, name), 0, 1)
        if self.recruits + self.spontaneous > 1:
            raise InvalidConfig(
                "an idle ant is recruited, takes up any task, or neither: recruits and spontaneous "
                f"are at most 1 together, got {self.recruits} and {self.spontaneous}"
            )

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose a task for every ant from what it perceives (E, N, entries)."""
        stimuli, own, met = parts(observations[self.group], self.num_tasks)
        chance = draws.random((own.shape[1],))
        # One number decides for all tasks: they lie one after the other in [0, 1].
        shares = self.recruits * met[..., 1:] + self.spontaneous / self.num_tasks
        behind = np.cumsum(shares, axis=-1)
        drawn = (chance[..., None] >= behind).sum(axis=-1)
        recruited = np.where(drawn < self.num_tasks, 1 + drawn, 0)
        own_task = np.maximum(own - 1, 0)[..., None]
        felt = self.cap * np.take_along_axis(stimuli, own_task, axis=-1)[..., 0]
        stops = (chance < self.quits) & (felt < self.enough)
        return {self.group: np.where(own > 0, np.where(stops, 0, own), recruited)}


agents.add("encounter_rate", EncounterRate)
