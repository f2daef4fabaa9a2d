"""Does a colony without a centre make up for the workers that it loses?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.ant_colony.config import AntColonyConfig
from rallypoint.experiments.experiment import Experiment

OURS = (
    "ours, in the setting of Prabhakar, Dektar & Gordon (2012), The Regulation of Ant Colony "
    "Foraging Activity without Spatial Information"
)

experiments.add(
    "ant_colony",
    Experiment(
        name="ant_colony",
        question="Does a colony without a centre make up for the workers that it loses?",
        config=AntColonyConfig,
        run="rallypoint.experiments.ant_colony.run:run",
        quick={"colonies": 4, "training": 600_000, "losses": (0, 12, 24, 30)},
    ),
)
