"""Do learners stand lost packets, and what does it cost to have none?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.lossy_transport.config import LossyTransportConfig

SOURCE = (
    "in the setting of Damaskinos, El Mhamdi, Guerraoui, Guirguis & Rouault (2019), AggregaThor: "
    "Byzantine machine learning via robust gradient aggregation, MLSys"
)

experiments.add(
    "lossy_transport",
    Experiment(
        name="lossy_transport",
        question="Do learners stand lost packets among liars, and what does that save?",
        config=LossyTransportConfig,
        run="rallypoint.experiments.lossy_transport.run:run",
        quick={"losses": (0.0, 0.1), "rounds": 50, "transfers": 5},
        exhibits=(
            Exhibit(
                kind="breakdown",
                title="what lost packets leave",
                measure="return",
                over="loss",
                lines=("way",),
                over_words="share of packets that are lost",
            ),
            Exhibit(
                kind="learning",
                title="learning",
                measure="curve",
                over="round",
                lines=("way",),
                panels=("loss",),
                measure_words="return",
            ),
        ),
    ),
)
