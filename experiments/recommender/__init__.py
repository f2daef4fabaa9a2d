"""Can a few users steer what is recommended to everybody, and at whose cost is it prevented?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.recommender.config import RecommenderConfig

OURS = (
    "ours, in the setting of the interview Staving off disaster through AI safety research, "
    "Practical AI 33 (2019)"
)

experiments.add(
    "recommender",
    Experiment(
        name="recommender",
        question="Can a few users steer what all are shown, and who pays for preventing it?",
        config=RecommenderConfig,
        run="rallypoint.experiments.recommender.run:run",
        quick={"platforms": 2},
    ),
)
