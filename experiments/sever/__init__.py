"""Lies in single trajectories: who catches what, filters inside contributors or rules across?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.sever.config import SeverConfig

SOURCE = (
    "Diakonikolas, Kamath, Kane, Li, Steinhardt & Stewart (2019), Sever, ICML, arXiv:1803.02815, "
    "on policy gradients of single trajectories"
)

experiments.add(
    "sever",
    Experiment(
        name="sever",
        question="Are lies caught inside a contributor, trajectory by trajectory, or across them?",
        config=SeverConfig,
        run="rallypoint.experiments.sever.run:run",
        seeds=20,
        quick_seeds=5,
        quick={"trajectories": 40, "rounds": 20},
    ),
)
