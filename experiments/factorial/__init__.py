"""Which of the things that go wrong do harm, and do they make each other worse?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.factorial.config import FactorialConfig

SOURCE = (
    "ours; factorial designs and their fractions: Box & Hunter (1961), The 2^(k-p) Fractional "
    "Factorial Designs, Technometrics 3(3)"
)

experiments.add(
    "factorial",
    Experiment(
        name="factorial",
        question="Which channels of a threat file do harm, and do they add up?",
        config=FactorialConfig,
        run="rallypoint.experiments.factorial.run:run",
        check="rallypoint.experiments.factorial.measure:check",
        seeds=10,
        quick={"steps": 16_000, "tests": 32},
        exhibits=(
            Exhibit(
                kind="scores",
                title="what is on",
                measure="return",
                lines=("condition",),
            ),
        ),
    ),
)
