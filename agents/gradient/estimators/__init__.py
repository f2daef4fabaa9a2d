"""From a contributor's rows to its update, one way to a file.

An update is the gradient of a loss, which the server descends. An estimator is a frozen dataclass
of its hyper-parameters, with three steps:

- ``prepare`` makes a batch of a fragment: what each action was worth, and what is to be compared.
- ``passes`` cuts the batch into the pieces that one update each is made of. After every piece the
  server aggregates and moves.
- ``gradient`` makes an update for each contributor of one such piece, (R, n, d), at the parameters
  as they are then.

Nothing in a contributor's update depends on any other's rows.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.draws import Draws


@dataclass(frozen=True, kw_only=True)
class Estimator(ABC):
    """How updates are estimated."""

    needs_critic = False
    whole_episodes = False  # fragments are whole episodes, one a copy, instead of so many steps

    def __post_init__(self) -> None:  # noqa: B027 - where the chain of super() calls ends
        """Refuse what cannot be meant; nothing, here."""

    @abstractmethod
    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch of what was played under these parameters (R, d)."""

    def passes(self, batch: Batch, draws: Draws) -> Iterator[Batch]:
        """Yield what each update of the round is made of; the whole batch, once.

        Args:
            batch: of all contributors.
            draws: with one copy for each contributor of each run, (R * n).
        """
        del draws
        yield batch

    @abstractmethod
    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's update: (R, n, d); 0 for one without rows."""


def shares(weights: Floats) -> Floats:
    """Return weights that sum to one for each contributor, or 0 for one without rows."""
    total = weights.sum(axis=-1, keepdims=True)
    portions: Floats = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return portions


def whitened(values: Floats, weights: Floats) -> Floats:
    """Return values with mean 0 and variance 1 over each contributor's rows, and 0 elsewhere."""
    portions = shares(weights)
    mean = np.einsum("rnb,rnb->rn", portions, values, dtype=np.float64)[..., None]
    centred = np.where(weights > 0, values - mean, 0)
    spread = np.sqrt(np.einsum("rnb,rnb->rn", portions, centred * centred))[..., None]
    white: Floats = (centred / (spread + 1e-8)).astype(np.float32)
    return white
