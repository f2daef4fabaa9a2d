"""How many neurons of a policy may fail before it acts otherwise, and is that bound ever wrong?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig

SOURCE = (
    "in the setting of El Mhamdi & Guerraoui (2017), When Neurons Fail, IPDPS, arXiv:1706.08884"
)
MATRICES = "the same recursion with whole matrices of absolute weights, which is our own"
AVERAGE = (
    "in the setting of El Mhamdi, Guerraoui, Kucharavy & Volodin (2019), The Probabilistic Fault "
    "Tolerance of Neural Networks in the Continuous Limit, arXiv:1902.01686"
)

experiments.add(
    "neuron_faults",
    Experiment(
        name="neuron_faults",
        question="How many neurons of a policy may fail before it acts otherwise?",
        config=NeuronFaultsConfig,
        run="rallypoint.experiments.neuron_faults.run:run",
        quick={"networks": 60, "rounds": 25, "episodes": 20},
    ),
)
