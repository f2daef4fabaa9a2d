"""How a server moves its parameters along an aggregated update; plain arrays in, plain arrays out.

An optimiser remembers arrays (R, d), one row for each run; ``init`` makes them and ``step`` returns
new ones. Runs do not know of each other, and may have taken different numbers of steps.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.config import Config, check_within

Moments = dict[str, NDArray[np.float32]]
Times = int | NDArray[np.int64]  # steps taken so far, by all runs alike or by each (R,)


class Moved(NamedTuple):
    """Where the parameters are after a step, and what is remembered for the next."""

    parameters: Parameters  # (R, d)
    moments: Moments


@dataclass(frozen=True, kw_only=True)
class Optimiser(Config, ABC):
    """Descends."""

    @abstractmethod
    def init(self, parameters: Parameters) -> Moments:
        """Return what it remembers at the start."""

    @abstractmethod
    def step(
        self, parameters: Parameters, update: Parameters, moments: Moments, rate: float, time: Times
    ) -> Moved:
        """Descend along updates (R, d).

        Args:
            parameters: (R, d).
            update: the gradients.
            moments: what is remembered.
            rate: the learning rate.
            time: how many steps were taken before this one.
        """


@dataclass(frozen=True, kw_only=True)
class Sgd(Optimiser):
    """Plain gradient descent."""

    def init(self, parameters: Parameters) -> Moments:
        """Remember nothing."""
        del parameters
        return {}

    def step(
        self, parameters: Parameters, update: Parameters, moments: Moments, rate: float, time: Times
    ) -> Moved:
        """Move by the rate times the update."""
        del time
        return Moved(parameters - np.float32(rate) * update, moments)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimiser):
    """Gradient descent at the pace of each coordinate.

    With momentum at the workers, take ``beta1 = 0``: twice the inertia learns nothing.

    Source: Kingma & Ba (2015), arXiv:1412.6980; in torch's order of operations.
    """

    beta1: float = 0.9  # inertia of the mean
    beta2: float = 0.999  # of the mean square
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Refuse inertia that is none.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_within(self, "[0, 1)", "beta1", "beta2")
        check_within(self, "(0, inf)", "epsilon")

    def init(self, parameters: Parameters) -> Moments:
        """Start both means at 0."""
        return {"mean": np.zeros_like(parameters), "square": np.zeros_like(parameters)}

    def step(
        self, parameters: Parameters, update: Parameters, moments: Moments, rate: float, time: Times
    ) -> Moved:
        """Move by the mean over the root of the mean square, both freed of their start."""
        # In few arrays, one more than are returned: fresh memory costs as much as the sums in it.
        b1, b2 = np.float32(self.beta1), np.float32(self.beta2)
        mean = update - moments["mean"]
        mean *= 1 - b1
        mean += moments["mean"]
        square = moments["square"] * b2
        other = (1 - b2) * update
        other *= update
        square += other
        count = np.reshape(time, (-1, 1)) + 1.0
        pace = (rate / (1 - self.beta1**count)).astype(np.float32)
        root = np.sqrt(square, out=other)
        root /= ((1 - self.beta2**count) ** 0.5).astype(np.float32)
        root += np.float32(self.epsilon)
        moved = pace * mean
        moved /= root
        np.subtract(parameters, moved, out=moved)
        return Moved(moved, {"mean": mean, "square": square})


OPTIMISERS: dict[str, type[Optimiser]] = {"adam": Adam, "sgd": Sgd}
