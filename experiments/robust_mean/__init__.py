"""Does the error of a robust mean grow with the number of dimensions?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.robust_mean.config import RobustMeanConfig

FILTER = (
    "in the setting of Diakonikolas, Kamath, Kane, Li, Moitra & Stewart (2017), Being Robust (in "
    "High Dimensions) Can Be Practical, ICML, arXiv:1703.00893"
)
QUE = (
    "in the setting of Dong, Hopkins & Li (2019), Quantum Entropy Scoring for Fast Robust Mean "
    "Estimation and Improved Outlier Detection, NeurIPS, arXiv:1906.11366"
)

experiments.add(
    "robust_mean",
    Experiment(
        name="robust_mean",
        question="Does the error of a robust mean grow with the number of dimensions?",
        config=RobustMeanConfig,
        run="rallypoint.experiments.robust_mean.run:run",
        quick={"samples": 1000, "dimensions": (16, 64, 256)},
    ),
)
