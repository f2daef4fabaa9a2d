"""Can an agent be interrupted, explore for ever, and stand being deceived, all at once?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.virtuous.config import VirtuousConfig

ASLUND = (
    "inspired by Aslund, El Mhamdi, Guerraoui & Maurer (2018), Virtuously Safe Reinforcement "
    "Learning, arXiv:1805.11447"
)
TEMPEZ = (
    f"{ASLUND}, on the ring of El Mhamdi, Guerraoui, Maurer & Tempez (2018), Learning to Gather "
    "without Communication, arXiv:1802.07834"
)

experiments.add(
    "virtuous",
    Experiment(
        name="virtuous",
        question="Can one agent be interruptible, explore safely and see through lies?",
        config=VirtuousConfig,
        run="rallypoint.experiments.virtuous.run:run",
        seeds=20,
        quick_seeds=5,
        quick={"episodes": 1500, "deployed": 200, "escapes": 200, "test_cycles": 50},
    ),
)
