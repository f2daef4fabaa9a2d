"""Is a belief about who is hostile worth something to who learns to act on it?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.beliefs.config import BeliefsConfig
from rallypoint.experiments.experiment import Experiment

SOURCE = (
    "ours, in the setting of Li et al. (2024), Byzantine Robust Cooperative Multi-Agent "
    "Reinforcement Learning as a Bayesian Game, ICLR, arXiv:2305.12872"
)

experiments.add(
    "beliefs",
    Experiment(
        name="beliefs",
        question="Does PPO earn more that learns to act on beliefs about who is hostile?",
        config=BeliefsConfig,
        run="rallypoint.experiments.beliefs.run:run",
        seeds=10,
        quick_seeds=3,
        quick={"rounds": 60},
    ),
)
