"""Do peers without a server learn together, although some of them lie?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.peers.config import PeersConfig

SOURCE = (
    "in the setting of Farhadkhani, Guerraoui, Gupta, Hoang, Pinot & Stephan (2023), Robust "
    "collaborative learning with linear gradient overhead, arXiv:2209.10931, and Jordan, "
    "Grötschla, Fan & Wattenhofer (2024), Decentralized federated policy gradient with Byzantine "
    "fault-tolerance, arXiv:2401.03489"
)

experiments.add(
    "peers",
    Experiment(
        name="peers",
        question="Do peers without a server learn together, although some of them lie?",
        config=PeersConfig,
        run="rallypoint.experiments.peers.run:run",
        quick={"rounds": 50, "every_condition": False},
    ),
)
