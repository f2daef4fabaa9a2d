"""Do agents learn to gather without communication, and what does their gathering withstand?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.gathering.config import GatheringConfig

_PAPER = (
    "El Mhamdi, Guerraoui, Maurer & Tempez (2018), Learning to Gather without Communication, "
    "arXiv:1802.07834"
)
SOURCE = f"{_PAPER}, abstract"
OURS = f"ours, in the setting of {_PAPER}"

experiments.add(
    "gathering",
    Experiment(
        name="gathering",
        question="Do agents learn to gather without a word, and what does it withstand?",
        config=GatheringConfig,
        run="rallypoint.experiments.gathering.run:run",
    ),
)
