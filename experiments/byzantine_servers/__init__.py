"""Does replication survive a server that lies, and what does it cost?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.experiments.experiment import Experiment

SOURCE = (
    "in the setting of El-Mhamdi, Guerraoui & Guirguis (2019), Fast Machine Learning with "
    "Byzantine Workers and Servers, arXiv:1911.07537, and El-Mhamdi, Guerraoui, Guirguis, Hoang & "
    "Rouault (2022), Genuinely distributed Byzantine machine learning, Distributed Computing 35"
)

experiments.add(
    "byzantine_servers",
    Experiment(
        name="byzantine_servers",
        question="Do replicas of a server survive one that lies, and at what cost?",
        config=ByzantineServersConfig,
        run="rallypoint.experiments.byzantine_servers.run:run",
        quick={"rounds": 50, "every_condition": False},
    ),
)
