"""Does an asynchronous server that filters gradients learn, with and without liars?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.kardam.config import KardamConfig

SOURCE = (
    "in the setting of Damaskinos, El Mhamdi, Guerraoui, Patra & Taziki (2018), Asynchronous "
    "Byzantine machine learning (the case of SGD), ICML, arXiv:1802.07928"
)

experiments.add(
    "kardam",
    Experiment(
        name="kardam",
        question="Do asynchronous filters of gradients learn, and does a buffered rule?",
        config=KardamConfig,
        run="rallypoint.experiments.kardam.run:run",
        quick={"contributors": (4,), "liars": (1,), "arrivals": 2000, "gradients": 250},
    ),
)
