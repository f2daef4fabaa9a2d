"""Can two agents do well together, and each be sure of something whatever the other does?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.toy_game.config import ToyGameConfig

_PAPER = (
    "Li et al. (2024), Byzantine Robust Cooperative Multi-Agent Reinforcement Learning as a "
    "Bayesian Game, ICLR, arXiv:2305.12872"
)
SOURCE = f"in the setting of {_PAPER}"
OURS = f"ours, in the setting of {_PAPER}"

experiments.add(
    "toy_game",
    Experiment(
        name="toy_game",
        question="Can two agents do well together, and each be sure of half of it alone?",
        config=ToyGameConfig,
        run="rallypoint.experiments.toy_game.run:run",
        seeds=20,
        quick_seeds=5,
        quick={"rounds": 150},
    ),
)
