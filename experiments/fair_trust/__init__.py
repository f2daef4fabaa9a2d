"""Is an honest minority with other sensors taken for Byzantine, and what helps?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.fair_trust.config import FairTrustConfig

SOURCE = (
    "in the setting of El Mhamdi, Guerraoui, Hoang & Maurer (2018), Removing Algorithmic "
    "Discrimination (With Minimal Individual Error), arXiv:1806.02510, abstract"
)

experiments.add(
    "fair_trust",
    Experiment(
        name="fair_trust",
        question="Is an honest minority taken for Byzantine, and what helps?",
        config=FairTrustConfig,
        run="rallypoint.experiments.fair_trust.run:run",
        seeds=10,
        quick_seeds=5,
    ),
)
