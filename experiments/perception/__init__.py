"""How badly does an agent do that is lied to about what it sees?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.perception.config import PerceptionConfig, TeamConfig

HUANG = (
    "in the setting of Huang, Papernot, Goodfellow, Duan & Abbeel (2017), Adversarial Attacks on "
    "Neural Network Policies, arXiv:1702.02284"
)
ZHANG = (
    "in the setting of Zhang et al. (2020), Robust Deep Reinforcement Learning against Adversarial "
    "Perturbations on State Observations, arXiv:2003.08938"
)
SUN = (
    "in the setting of Sun, Zheng, Liang & Huang (2022), Who Is the Strongest Enemy?, "
    "arXiv:2106.05087"
)

PATHFINDING = (
    "in the setting of arXiv:2605.11469, of which the numbers and not the body could be read"
)
_QUICK_TEAM = TeamConfig(
    epsilons=(0.1, 0.2), episodes=20, rounds=25, attacker_rounds=4, defences=()
)


def _beside_attacks(world: str, column: str, counted: str) -> Exhibit:
    return Exhibit(
        kind="certificate",
        title="what lies leave",
        measure=column,
        certified="certified",
        over="epsilon",
        lines=("agent",),
        panels=("world",),
        among=("attack",),
        where={"world": (world,)},
        measure_words=counted,
        over_words="largest lie (l_inf)",
    )


experiments.add(
    "perception",
    Experiment(
        name="perception",
        question="How badly does an agent do that is lied to about what it sees?",
        config=PerceptionConfig,
        run="rallypoint.experiments.perception.run:run",
        seeds=10,
        quick_seeds=3,
        places=("kept",),
        quick={
            "epsilons": (0.2, 0.5),
            "defences": (),
            "attacker_rounds": 30,
            "team": _QUICK_TEAM,
        },
        exhibits=(
            _beside_attacks("cartpole", "return", "return, of 500"),
            _beside_attacks("pathfinding", "arrived", "share of a team that arrives"),
        ),
    ),
)
