"""How many hostile members does a gathering team withstand, and what do defences change?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.experiments.experiment import Experiment

OURS = (
    "ours, in the setting of El Mhamdi, Guerraoui, Maurer & Tempez (2018), Learning to Gather "
    "without Communication, arXiv:1802.07834, and Bouzid, Potop-Butucaru & Tixeuil (2009), "
    "Byzantine Convergence in Robots Networks, arXiv:0905.3967"
)
PHAN = (
    "ours, in the setting of Phan, Belzner, Gabor, Sedlmeier, Ritz & Linnhoff-Popien (2021), "
    "Resilient Multi-Agent Reinforcement Learning with Adversarial Value Decomposition, AAAI"
)

experiments.add(
    "byzantine_gathering",
    Experiment(
        name="byzantine_gathering",
        question="How many hostile members does a gathering team withstand, and with which sight?",
        config=ByzantineGatheringConfig,
        run="rallypoint.experiments.byzantine_gathering.run:run",
        seeds=10,
        quick_seeds=5,
        quick={
            "test_cycles": 60,
            "look_ahead_cycles": 10,
            "antagonists": (),
            "depths": (),
            "crowd": 0,
        },
    ),
)
