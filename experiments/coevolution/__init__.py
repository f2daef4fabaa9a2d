"""Do agents that evolve together with attackers stand attackers they have not met?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.experiments.experiment import Experiment

SOURCE = (
    "in the setting of Kucharavy, El Mhamdi & Guerraoui (2020), Host-Pathogen Co-evolution "
    "Inspired Algorithm Enables Robust GAN Training, arXiv:2006.04720, abstract and public code"
)

experiments.add(
    "coevolution",
    Experiment(
        name="coevolution",
        question="Do agents that evolved with attackers stand others they have never met?",
        config=CoevolutionConfig,
        run="rallypoint.experiments.coevolution.run:run",
        check="rallypoint.experiments.coevolution.measure:check",
        seeds=8,
        quick_seeds=3,
        quick={
            "budget": 120_000,
            "hosts": 2,
            "pathogens": 2,
            "birth_rounds": 6,
            "bout_rounds": 2,
            "measured": 4,
            "attackers": 1,
            "attacker_rounds": 10,
        },
        places=("kept", "bouts_on"),
    ),
)
