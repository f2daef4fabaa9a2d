"""Where hosts and pathogens meet: the world, how far lies go, and how everybody learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

import rallypoint
from rallypoint.agents.coevolution.bouts import Bout, Learned
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import BatchEnv, Group
from rallypoint.config import Config
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Budget
from rallypoint.safety.perception.decoding import Pushes
from rallypoint.safety.perception.ledger import Measure
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats.perception.learned_percept import LearnedPercept

Units = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Ring(Config):
    """A world with one agent, the host, and a pathogen before its eyes.

    A host learns from both: in some of its copies it is attacked, in the others it sees the truth,
    as a discriminator learns from what is real and from what is not.
    """

    env: str = "cartpole-v1"
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the world
    reach: Reach = field(default_factory=lambda: Reach(step=0.1))  # of what pathogens show
    host: PpoLearner = field(default_factory=PpoLearner)  # the actor's units are the species'
    pathogen: PpoLearner = field(default_factory=PpoLearner)
    copies: int = 16  # in which everybody learns
    attacked: int = 8  # of a learning host's copies
    episodes: int = 12  # in which a host is measured, alone and attacked: the same ones

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
            UnknownName: there is no such world.
        """
        if self.episodes < 2:
            raise InvalidConfig(
                f"episodes is a number >= 2, since their spread is needed, got {self.episodes}"
            )
        if not 1 <= self.attacked <= self.copies:
            raise InvalidConfig(
                f"a host is attacked in 1 to all of its {self.copies} copies, got {self.attacked}"
            )
        if self.host.normalise_observations or self.pathogen.normalise_observations:
            raise InvalidConfig(
                "hosts and pathogens go from world to world, and statistics of what was seen in "
                "one say nothing of the next: leave normalise_observations out"
            )
        if (count := self._world.num_agents) != 1:
            raise InvalidConfig(
                f"a host is the one agent of its world, and {self.env} has {count}; attackers of "
                "teams are trained on an adversary_view"
            )

        if self._world.time_limit is None:
            raise InvalidConfig(
                f"hosts are measured in whole episodes, and those of {self.env} need not end; give "
                "it a max_cycles"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the world that was made to look at."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def make(self, copies: Sequence[int]) -> BatchEnv:
        """Make the world with these copies."""
        return rallypoint.make(self.env, copies=list(copies), **self.settings)

    def learning_cost(self, rounds: int, *, of_host: bool) -> int:
        """Return how many environment steps so many rounds of learning take."""
        return rounds * self.copies * (self.host if of_host else self.pathogen).steps

    @cached_property
    def measuring_cost(self) -> int:
        """How many environment steps a measurement takes at most."""
        assert self._world.time_limit is not None, "checked"
        return self.episodes * self._world.time_limit

    def cost(self, bout: Bout) -> int:
        """Return how many environment steps a bout takes at most."""
        return (
            self.learning_cost(bout.host_rounds, of_host=True)
            + self.learning_cost(bout.pathogen_rounds, of_host=False)
            + (bout.measures_clean + bout.measures_attacked) * self.measuring_cost
        )

    def host_learner(self, units: Units) -> PpoLearner:
        """Return how hosts of a species learn; its critics are of the same units."""
        return replace(self.host, policy=units, value=units)

    def born_hosts(self, seed: int, units: Units, count: int) -> Learned:
        """Return hosts of a species who have learned nothing yet: (H, d)."""
        return _born(self.host_learner(units), self.group, seed, "coevolution/host", count)

    def born_pathogens(self, seed: int, count: int) -> Learned:
        """Return pathogens that have learned nothing yet: (P, d)."""
        return _born(self.pathogen, self.seat, seed, "coevolution/pathogen", count)

    def host_policy(self, units: Units, learned: Learned) -> GradientPolicy:
        """Return how hosts (R, d) act when it counts: greedily."""
        made = self.host_learner(units).architecture(self.group)
        return GradientPolicy(made, learned["parameters"], self.group, greedy=True)

    def pathogen_policy(self, learned: Learned, *, greedy: bool = True) -> GradientPolicy:
        """Return how pathogens (R, d) act."""
        made = self.pathogen.architecture(self.seat)
        return GradientPolicy(made, learned["parameters"], self.seat, greedy=greedy)

    def infected(self, env: BatchEnv, pathogen: Policy) -> Threatened:
        """Return a world with a pathogen before its agent's eyes."""
        return Threatened(env, LearnedPercept(budget=Budget(reach=self.reach), attacker=pathogen))

    @cached_property
    def group(self) -> Group:
        """The host's place in the world."""
        return self._world.groups[0]

    @cached_property
    def seat(self) -> Group:
        """The pathogen's: it sees what the host would see, and pushes."""
        measure = Measure(self.reach, self.group, "coevolution")
        return self.group._replace(action_space=Pushes().space(measure))

    @cached_property
    def _world(self) -> BatchEnv:
        return self.make([0])


def _born(learner: PpoLearner, group: Group, seed: int, kind: str, count: int) -> Learned:
    made = learner.architecture(group)
    parameters = np.stack(
        [
            made.initial(stream(seed, kind, len(learner.policy), *learner.policy, number))
            for number in range(count)
        ]
    )
    moments = learner.server_optimiser.init(parameters)
    return {
        "parameters": parameters,
        "steps": np.zeros(count, dtype=np.int64),
        **{f"moments/{name}": part for name, part in moments.items()},
    }
