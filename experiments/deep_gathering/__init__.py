"""Does a deep learner gather on a torus that it sees only part of?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.deep_gathering.config import DeepGatheringConfig
from rallypoint.experiments.experiment import Experiment

experiments.add(
    "deep_gathering",
    Experiment(
        name="deep_gathering",
        question="Does PPO with one shared policy learn to gather on a torus?",
        config=DeepGatheringConfig,
        run="rallypoint.experiments.deep_gathering.run:run",
        seeds=3,
        quick={"sizes": ("small",)},
    ),
)
