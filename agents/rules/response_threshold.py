"""Ants that take up a task when it presses them enough: division of labour without a centre."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents import agents
from rallypoint.batch_env import Actions, Observations
from rallypoint.config import Config
from rallypoint.draws import Draws, check_seed, stream
from rallypoint.envs.ant_colony.percept import parts
from rallypoint.envs.checks import check_number, check_size


@dataclass(frozen=True, kw_only=True)
class ResponseThreshold(Config):
    """An idle ant looks at one task, and takes it up with probability s² / (s² + θ²).

    s is the stimulus as the ant perceives it and θ its own threshold for the task, drawn once for
    each ant from N(``mean``, ``deviation``²), and at least 0. Who works stops with probability
    ``quits``.

    Source: the response-threshold model of division of labour, Bonabeau, Theraulaz & Deneubourg
    (1996), "Quantitative Study of the Fixed Threshold Model for the Regulation of Division of
    Labour in Insect Societies", Proceedings of the Royal Society B 263.
    """

    learner: ClassVar[None] = None

    num_tasks: int = 3
    cap: float = 40.0  # of the world's stimuli
    mean: float = 8.0
    deviation: float = 2.0
    quits: float = 0.1
    seed: int = 0  # of the thresholds
    group: str = "agents"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_size("num_tasks", self.num_tasks, 1)
        check_number("cap", self.cap, above=0)
        check_number("mean", self.mean)
        check_number("deviation", self.deviation, 0)
        check_number("quits", self.quits, 0, 1)
        check_seed(self.seed)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose a task for every ant from what it perceives (E, N, entries)."""
        stimuli, own, _ = parts(observations[self.group], self.num_tasks)
        num_ants = own.shape[1]
        task, chance = np.moveaxis(draws.random((num_ants, 2)), -1, 0)
        looks_at = (task * self.num_tasks).astype(np.int64)
        thresholds = _thresholds(self.seed, num_ants, self.num_tasks, self.mean, self.deviation)
        theirs = thresholds[np.arange(num_ants), looks_at]
        felt = self.cap * np.take_along_axis(stimuli, looks_at[..., None], axis=-1)[..., 0]
        takes_up = chance * (felt**2 + theirs**2) < felt**2
        return {
            self.group: np.where(
                own > 0, np.where(chance < self.quits, 0, own), np.where(takes_up, 1 + looks_at, 0)
            )
        }


@cache
def _thresholds(
    seed: int, num_ants: int, num_tasks: int, mean: float, deviation: float
) -> NDArray[np.float64]:
    drawn = stream(seed, "response_threshold/thresholds").normal(
        mean, deviation, (num_ants, num_tasks)
    )
    return np.maximum(drawn, 0)


agents.add("response_threshold", ResponseThreshold)
