"""How many liars does each rule withstand, against every attack there is?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment

KAPPA = (
    "Allouah, Farhadkhani, Guerraoui, Gupta, Pinot & Stephan (2023), Fixing by Mixing, AISTATS, "
    "arXiv:2302.01772, definition 2"
)
SOURCE = f"in the setting of {KAPPA}"
FAR = 1000.0  # honest standard deviations: counts for any larger error, as some attacks know no end
MEAN = (
    "in the setting of Blanchard, El Mhamdi, Guerraoui & Stainer (2017), Machine Learning with "
    "Adversaries, NeurIPS, arXiv:1703.02757"
)

experiments.add(
    "breakdown",
    Experiment(
        name="breakdown",
        question="How many liars does each rule withstand, against all attacks there are?",
        config=BreakdownConfig,
        run="rallypoint.experiments.breakdown.run:run",
        quick={"dimensions": (100,), "liars": (0, 1, 4, 8, 9, 10), "subsets": 200},
        exhibits=(
            Exhibit(
                kind="breakdown",
                title="how far the worst of all attacks takes a rule",
                measure="error",
                over="f_real",
                lines=("rule",),
                panels=("d",),
                less_is_better=True,
                at_least=0.01,
                at_most=FAR,
                measure_words="error, in honest standard deviations",
                over_words="liars among the contributors",
                withstands="{rule}/f-that-it-takes",
            ),
        ),
    ),
)
