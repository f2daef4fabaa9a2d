"""Can what a liar contributed be forgotten, without training again?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.unlearning.config import UnlearningConfig

SOURCE = (
    "in the setting of Van Waerebeke, Lorenzi, Scaman, El Mhamdi & Neglia (2026), Variance-Reduced "
    "(epsilon, delta)-Unlearning using Forget Set Gradients, arXiv:2602.14938, abstract"
)

experiments.add(
    "unlearning",
    Experiment(
        name="unlearning",
        question="Can what a liar contributed be forgotten, without training again?",
        config=UnlearningConfig,
        run="rallypoint.experiments.unlearning.run:run",
        seeds=10,
        quick_seeds=3,
        quick={"problems": 5},
    ),
)
