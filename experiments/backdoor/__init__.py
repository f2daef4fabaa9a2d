"""Can a worker plant a backdoor, and can the owner find it and do without?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.experiment import Experiment

TROJDRL = (
    "in the manner of Kiourti, Wardega, Jha & Li (2020), TrojDRL, DAC, arXiv:1903.06638, on "
    "CartPole in place of Atari"
)
SCAB = (
    "in the setting of SCAB (2025), arXiv:2505.19532, and of Wang et al. (2021), BACKDOORL, IJCAI, "
    "arXiv:2105.00579: on a ring, and with rewards that are lies, which SCAB does without"
)
SEVER = "Diakonikolas et al. (2019), Sever, ICML, arXiv:1803.02815, planted anew"
SPECTRE = "Hayase, Kong, Somani & Oh (2021), SPECTRE, ICML, arXiv:2104.11315, planted anew"
OURS = "ours: who lived the suspect steps, and training again without that worker"

experiments.add(
    "backdoor",
    Experiment(
        name="backdoor",
        question="Can a worker plant a backdoor, and can the owner find it and do without?",
        config=BackdoorConfig,
        run="rallypoint.experiments.backdoor.run:run",
        seeds=5,
        quick_seeds=3,
        quick={"spreads": ("uniform",), "marks": 10},
        places=("kept",),
    ),
)
