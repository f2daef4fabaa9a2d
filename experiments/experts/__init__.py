"""Can a minority of known experts learn among a majority that lies?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.experts.config import ExpertsConfig

OURS = (
    "ours; trust in the setting of Allouah, Guerraoui, Hoang & Villemaud (2024), Robust Sparse "
    "Voting, AISTATS, arXiv:2202.08656"
)
ROOT = (
    "in the setting of Cao, Fang, Liu & Gong (2021), FLTrust: Byzantine-robust Federated Learning "
    "via Trust Bootstrapping, NDSS, arXiv:2012.13995"
)

experiments.add(
    "experts",
    Experiment(
        name="experts",
        question="Can six known experts learn among fourteen who collude?",
        config=ExpertsConfig,
        run="rallypoint.experiments.experts.run:run",
        seeds=10,
        quick_seeds=4,
        quick={"rounds": 80, "flip": 40},
    ),
)
