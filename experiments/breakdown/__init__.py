"""How many liars does each rule withstand, against every attack there is?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.experiment import Experiment

KAPPA = (
    "Allouah, Farhadkhani, Guerraoui, Gupta, Pinot & Stephan (2023), Fixing by Mixing, AISTATS, "
    "arXiv:2302.01772, definition 2"
)
SOURCE = f"in the setting of {KAPPA}"
MEAN = (
    "in the setting of Blanchard, El Mhamdi, Guerraoui & Stainer (2017), Machine Learning with "
    "Adversaries, NeurIPS, arXiv:1703.02757"
)

experiments.add(
    "breakdown",
    Experiment(
        name="breakdown",
        question="How many liars does each rule withstand, against all attacks there are?",
        config=BreakdownConfig,
        run="rallypoint.experiments.breakdown.run:run",
        quick={"dimensions": (100,), "liars": (0, 1, 4, 8, 9, 10), "subsets": 200},
    ),
)
