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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider
from rallypoint.batch_env import BatchEnv, Snapshot
from rallypoint.config import Config
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered

if TYPE_CHECKING:
    from rallypoint.agents.gradient.trajectories import TrajectoryFilter


@dataclass(frozen=True, kw_only=True)
class Estimator(Config, ABC):
    """How updates are estimated."""

    needs_critic = False
    needs_cost_critic = False
    whole_episodes = False  # fragments are whole episodes, one a copy, instead of so many steps

    def __post_init__(self) -> None:
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

    def passes(
        self, batch: Batch, draws: Draws, count: int, lengths: Sequence[int] = ()
    ) -> Iterator[Batch]:
        """Yield what each update of the round is made of; the whole batch, once.

        Args:
            batch: of some contributors of every run, or all.
            draws: with one copy for each of them.
            count: of all contributors of a run.
            lengths: rows that each of them has of every actor of the model; those of the batch
                alone, if not given. The pieces are as many for all actors.
        """
        del draws, count, lengths
        yield batch

    @property
    def most_episodes(self) -> int | None:
        """How many whole episodes a contributor plays in a round at most; None: in every copy."""
        return None

    @property
    def own_riders(self) -> tuple[Rider, ...]:
        """What must ride behind the weights, before all other riders; nothing, here."""
        return ()

    @property
    def filtering(self) -> "TrajectoryFilter | None":
        """Which trajectories are not learned from; None: all are."""
        return None

    def check(self, env: BatchEnv, num_copies: int, riders: Sequence[Rider]) -> None:
        """Refuse what it cannot estimate from.

        Args:
            env: the world.
            num_copies: that each contributor has.
            riders: of the server.

        Raises:
            NotOffered: the world has no costs, and they are to be limited.
            InvalidConfig: other copies than it plays in, or other riders than it needs.
        """
        if self.needs_cost_critic and "cost" not in env.offers:
            raise NotOffered(
                f"a limit on costs needs a world that has some, and {env.id} does not offer 'cost'"
            )
        if tuple(riders[: len(self.own_riders)]) != self.own_riders:
            raise InvalidConfig(
                f"behind the weights must ride {self.own_riders}, first of all; the server has "
                f"{tuple(riders)}"
            )
        if self.most_episodes is not None and num_copies != self.most_episodes:
            raise InvalidConfig(
                f"a contributor plays up to {self.most_episodes} episodes a round, one in each of "
                f"its copies; it has {num_copies}: take {self.most_episodes} copies for each"
            )

    def memory(self, parameters: Parameters, count: int) -> Snapshot:
        """Return what is remembered from round to round, before the first; nothing, here.

        Args:
            parameters: (R, d) to start from.
            count: of contributors.
        """
        del parameters, count
        return {}

    def begin(self, memory: Snapshot, seeds: Sequence[int], round_number: int) -> Snapshot:
        """Decide what is left open until a round begins, and remember it.

        Where the memory has "episodes" (R,), so many of the copies that each contributor has are
        played.
        """
        del seeds, round_number
        return memory

    def estimate(
        self, networks: ActorCritic, parameters: Parameters, batch: Batch, memory: Snapshot
    ) -> tuple[Floats, Snapshot]:
        """Return each contributor's update (R, n, d), and what is remembered from then on."""
        return self.gradient(networks, parameters, batch), memory

    @abstractmethod
    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's update: (R, n, d); 0 for one without rows."""

    def plain_gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's mean gradient over its rows, (R, n, d), by what it lived alone.

        By it trajectories are compared.
        """
        return self.gradient(networks, parameters, batch)


def shares(weights: Floats) -> Floats:
    """Return weights that sum to one for each contributor, or 0 for one without rows."""
    total = weights.sum(axis=-1, keepdims=True)
    total[total == 0] = 1  # then all weights are 0
    portions: Floats = weights / total
    return portions


def whitened(values: Floats, weights: Floats) -> Floats:
    """Return values with mean 0 and variance 1 over each contributor's rows, and 0 elsewhere."""
    portions = shares(weights)
    mean = np.einsum("rnb,rnb->rn", portions, values, dtype=np.float64)[..., None]
    centred = np.where(weights > 0, values - mean, 0)
    spread = np.sqrt(np.einsum("rnb,rnb->rn", portions, centred * centred))[..., None]
    white: Floats = (centred / (spread + 1e-8)).astype(np.float32)
    return white
