"""Does what is certified of a policy under noise stay below what attacks leave of it?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.smoothing.config import SmoothingConfig

RETURN = (
    "in the setting of Kumar, Levine & Feizi (2022), Policy Smoothing for Provably Robust "
    "Reinforcement Learning, ICLR, arXiv:2106.11420"
)
ACTION = (
    "in the setting of Cohen, Rosenfeld & Kolter (2019), Certified Adversarial Robustness via "
    "Randomized Smoothing, ICML, arXiv:1902.02918"
)
VALUES = (
    "in the setting of Wu, Li, Huang, Vorobeychik, Zhao & Li (2022), CROP: Certifying Robust "
    "Policies for Reinforcement Learning through Functional Smoothing, ICLR"
)

experiments.add(
    "smoothing",
    Experiment(
        name="smoothing",
        question="Does a certificate of a smoothed policy stay below every attack on it?",
        config=SmoothingConfig,
        run="rallypoint.experiments.smoothing.run:run",
        places=("kept",),
        quick={
            "sigmas": (0.1,),
            "budgets": (0.0, 1.0, 4.0, 64.0),
            "searched": 10,
            "states": 30,
            "samples": 1000,
        },
        exhibits=(
            Exhibit(
                kind="certificate",
                title="CartPole under noise",
                measure_words="return",
                over_words="budget of lies in an episode, in units of the noise",
                measure="left",
                certified="certified",
                over="budget",
                lines=("sigma",),
                among=("attack",),
            ),
        ),
    ),
)
