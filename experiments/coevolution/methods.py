"""The methods that are compared: the same world, the same learners, the same budget."""

from typing import Any

from rallypoint.agents.coevolution.regimes import Regime
from rallypoint.agents.coevolution.regimes.coevolution import Coevolution
from rallypoint.agents.coevolution.regimes.in_turns import OneAgainstOne, RoundRobin
from rallypoint.agents.coevolution.regimes.unopposed import Unopposed
from rallypoint.agents.coevolution.ring import Ring
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.safety.perception.reach import Reach

SCALE = (1.0, 1.0, 0.1, 1.0)  # of m, m/s, rad and rad/s: a tenth of a radian is half of a fall
SPECIES = ((8,), (32, 32))  # units of hosts: pathogens begin with a host that can do little
LEARNER = PpoLearner(
    steps=64, learning_rate=3e-3, minibatch=256, epochs=6, policy=(32, 32), value=(32, 32)
)


def ring_of(config: CoevolutionConfig) -> Ring:
    """Return where hosts and pathogens meet."""
    return Ring(
        env="cartpole-v1",
        settings={"max_cycles": config.max_cycles},
        reach=Reach(norm="linf", step=config.epsilon, scale=SCALE),
        host=LEARNER,
        pathogen=LEARNER,
        copies=16,
        attacked=8,
        episodes=config.measured,
    )


def methods(config: CoevolutionConfig) -> dict[str, Regime]:
    """Return every method, by name.

    Raises:
        InvalidConfig: one of them cannot be run so; says why.
    """
    settings: dict[str, Any] = {
        "ring": ring_of(config),
        "budget": config.budget,
        "units": SPECIES[-1],
        "birth_rounds": config.birth_rounds,
        "host_rounds": config.bout_rounds,
        "pathogen_rounds": config.bout_rounds,
    }
    several: dict[str, Any] = {"hosts": config.hosts, "pathogens": config.pathogens}
    return {
        "coevolution": Coevolution(
            **settings, **several, earlier=SPECIES[:-1], shares=(1, 2), passes=100
        ),
        "one_against_one": OneAgainstOne(**settings),
        "round_robin": RoundRobin(**settings, **several),
        "no_adversary": Unopposed(**settings),
    }
