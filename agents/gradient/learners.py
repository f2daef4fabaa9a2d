"""The agents that learn from contributors, with all that can be set about them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.architecture import Architecture, architecture_for
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.descent import Descent, straight
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.estimators.a2c import A2c
from rallypoint.agents.gradient.estimators.decbyzpg import DecByzPg
from rallypoint.agents.gradient.estimators.fedpg_br import FedPgBr
from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.estimators.ppo_lagrangian import PpoLagrangian
from rallypoint.agents.gradient.estimators.sa_ppo import SaPpo
from rallypoint.agents.gradient.optimisers import OPTIMISERS, Adam, Optimiser
from rallypoint.agents.gradient.riders import Rider
from rallypoint.agents.gradient.riders.observation_statistics import ObservationStatistics
from rallypoint.agents.gradient.scsg import Scsg
from rallypoint.agents.gradient.server import Pace
from rallypoint.agents.gradient.trajectories import SEVER, TrajectoryFilter
from rallypoint.batch_env import BatchEnv, Group
from rallypoint.config import check_least
from rallypoint.errors import InvalidConfig, did_you_mean

_POISONED = 0.1  # of trajectories, where nobody says how many


@dataclass(frozen=True, kw_only=True)
class GradientLearner(Estimator):
    """What every agent that learns from contributors is set by, besides its estimator."""

    learner: ClassVar[str] = "contributors"

    policy: tuple[int, ...] = (64, 64)  # units of the actor's hidden layers
    value: tuple[int, ...] = (64, 64)  # of the critic's, where there is one
    activation: str = "tanh"  # between layers, or "relu"
    initial: str = "orthogonal"  # weights as SB3 draws them, or "uniform" as torch does
    central_critic: bool = False  # the critic sees the world's state
    steps: int = 128  # of a fragment, in each copy
    learning_rate: float = 3e-4
    final_rate: float | None = None  # reached in a straight line at the end; none: constant
    optimiser: str = "adam"  # of the server, or "sgd"
    beta1: float | None = None  # Adam's inertia; 0.9, or 0 beside momentum, if not given
    momentum: float = 0.0  # of each contributor's update
    max_norm: float | None = None  # a contributor's longer gradient is shortened to this
    normalise_observations: bool = False  # by their mean and variance, learned together
    trajectory_filter: str | None = None  # "sever": contributors leave out those that stand out
    # Of a contributor's trajectories, at most, where it filters them; 0.1 if not given.
    poisoned_share: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_least(self, 1, "steps")
        if self.optimiser not in OPTIMISERS:
            hint = did_you_mean(self.optimiser, OPTIMISERS)
            raise InvalidConfig(f"no optimiser is called {self.optimiser!r}{hint}")
        if self.momentum and self.optimiser == "adam" and self.beta1:
            raise InvalidConfig(
                f"momentum = {self.momentum} at the contributors and beta1 = {self.beta1} at the "
                "server are inertia twice, which learns next to nothing; leave beta1 out"
            )
        if self.trajectory_filter not in {None, SEVER}:
            hint = did_you_mean(self.trajectory_filter or "", [SEVER])
            raise InvalidConfig(f"no filter is called {self.trajectory_filter!r}{hint}")
        if self.poisoned_share is not None and self.trajectory_filter is None:
            raise InvalidConfig(
                f"poisoned_share = {self.poisoned_share} says how much a trajectory filter may "
                "leave out, and there is none: leave it out, or give --trajectory-filter sever "
                f'(from Python trajectory_filter="{SEVER}")'
            )
        # Each refuses its own.
        _ = self.contribution, self.pace, self.server_optimiser, self.filtering
        super().__post_init__()

    @property
    def contribution(self) -> Contribution:
        """What contributors do with their gradients."""
        return Contribution(momentum=self.momentum, max_norm=self.max_norm)

    @property
    def filtering(self) -> TrajectoryFilter | None:
        """Which trajectories contributors leave out."""
        if self.trajectory_filter is None:
            return None
        share = self.poisoned_share
        return TrajectoryFilter(share=_POISONED if share is None else share)

    @property
    def server_optimiser(self) -> Optimiser:
        """How the server descends."""
        if self.optimiser == "adam":
            usual = 0.0 if self.momentum else Adam.beta1
            return Adam(beta1=usual if self.beta1 is None else self.beta1)
        return OPTIMISERS[self.optimiser]()

    @property
    def pace(self) -> Pace:
        """The learning rate over the training."""
        return Pace(rate=self.learning_rate, final=self.final_rate)

    def architecture(self, group: Group, state_size: int | None = None) -> Architecture:
        """Return the networks for a group's spaces, and the world's state where the critic sees it.

        Raises:
            InvalidConfig: spaces that cannot be learned from.
        """
        return architecture_for(
            group,
            policy=tuple(self.policy),
            value=tuple(self.value) if self.needs_critic else None,
            value_inputs=state_size if self.central_critic else None,
            cost=tuple(self.value) if self.needs_cost_critic else None,
            activation=self.activation,
        )

    def riders(self, architecture: Architecture) -> tuple[Rider, ...]:
        """Return what rides along with weights."""
        if not self.normalise_observations:
            return self.own_riders
        return (*self.own_riders, ObservationStatistics(entries=architecture.inputs))

    def descent(self, env: Callable[[int], BatchEnv], actors: Architecture | Actors) -> Descent:
        """Return what the server does with an aggregate, of one run.

        Args:
            env: makes a world of so many copies for the server itself, without threats.
            actors: of the groups; the architecture of the weights, where there is one group.
        """
        del env, actors
        return straight


@dataclass(frozen=True, kw_only=True)
class GpomdpLearner(GradientLearner, Gpomdp):
    """Policy gradient without a critic, from whole episodes (Baxter & Bartlett, 2001)."""


@dataclass(frozen=True, kw_only=True)
class ReinforceLearner(GradientLearner, Gpomdp):
    """Policy gradient that credits every action for its whole episode (Williams, 1992)."""

    to_go: bool = False


@dataclass(frozen=True, kw_only=True)
class A2cLearner(GradientLearner, A2c):
    """Advantage actor-critic, one update from each contributor (Mnih et al., 2016)."""

    learning_rate: float = 7e-4
    steps: int = 5


@dataclass(frozen=True, kw_only=True)
class PpoLearner(GradientLearner, Ppo):
    """Proximal policy optimisation, one update from each contributor (Schulman et al., 2017)."""

    max_norm: float | None = 0.5


@dataclass(frozen=True, kw_only=True)
class PpoLagrangianLearner(GradientLearner, PpoLagrangian):
    """PPO under a limit on what an episode costs (Ray, Achiam & Amodei, 2019)."""

    max_norm: float | None = 0.5


@dataclass(frozen=True, kw_only=True)
class SaPpoLearner(GradientLearner, SaPpo):
    """PPO with a price on actions that change when what is seen does (Zhang et al., 2020)."""

    max_norm: float | None = 0.5


@dataclass(frozen=True, kw_only=True)
class FedPgBrLearner(GradientLearner, FedPgBr):
    """Policy gradients whose trusted server plays, too; with the aggregator fedpg_filter."""

    policy: tuple[int, ...] = (16, 16)
    activation: str = "relu"
    initial: str = "uniform"
    learning_rate: float = 1e-3

    def descent(self, env: Callable[[int], BatchEnv], actors: Architecture | Actors) -> Descent:
        """Return the server's own inner loop."""
        world = env(self.own_batch)
        return Scsg(world, actors, self, batch=self.own_batch)


@dataclass(frozen=True, kw_only=True)
class DecByzPgLearner(GradientLearner, DecByzPg):
    """Variance-reduced policy gradients, few episodes in most rounds (Jordan et al., 2024)."""

    policy: tuple[int, ...] = (16, 16)
    initial: str = "uniform"
    learning_rate: float = 5e-4


LEARNERS: dict[str, type[GradientLearner]] = {
    "a2c": A2cLearner,
    "decbyzpg": DecByzPgLearner,
    "fedpg_br": FedPgBrLearner,
    "gpomdp": GpomdpLearner,
    "ppo": PpoLearner,
    "ppo_lagrangian": PpoLagrangianLearner,
    "reinforce": ReinforceLearner,
    "sa_ppo": SaPpoLearner,
}
