"""What does it cost a principal that the agent has interests of its own?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.incentives.config import IncentivesConfig

SOURCE = (
    "Scheid, Tiapkin, Boursier, Capitaine, El Mhamdi, Moulines, Jordan & Durmus (2024), "
    "Incentivized Learning in Principal-Agent Bandit Games, ICML, arXiv:2403.03811"
)
OURS = f"ours, in the setting of {SOURCE}"

experiments.add(
    "incentives",
    Experiment(
        name="incentives",
        question="What does it cost a principal that the agent has interests of its own?",
        config=IncentivesConfig,
        run="rallypoint.experiments.incentives.run:run",
        quick={"horizons": (2_500, 10_000), "games": 10},
    ),
)
