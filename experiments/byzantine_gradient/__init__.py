"""Which rule still learns to balance a pole if three of ten contributors lie?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.byzantine_gradient.attacks import ATTACKS, NORMALIZED
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment

FEDPG_BR = (
    "in the setting of Fan, Ma, Dai, Jing, Tan & Low (2021), Fault-Tolerant Federated "
    "Reinforcement Learning with Theoretical Guarantee, NeurIPS, arXiv:2110.14074"
)
ENSEMBLE = (
    "in the setting of Fang, Wang & Gong (2025), Provably Robust Federated Reinforcement Learning, "
    "WWW, arXiv:2502.08123"
)
OURS = f"ours, {FEDPG_BR}"

experiments.add(
    "byzantine_gradient",
    Experiment(
        name="byzantine_gradient",
        question="Which rule still learns to balance if three of ten contributors lie?",
        config=ByzantineGradientConfig,
        run="rallypoint.experiments.byzantine_gradient.run:run",
        seeds=20,
        quick_seeds=3,
        quick={
            "momenta": (0.0,),
            "attacks": ("none", "sign_flip", "optimal_reverse"),
            "larger": 0,
            "bulyan_workers": 0,
            "crowd_rounds": 0,
            "filter_rounds": 0,
        },
        places=("kept",),
        exhibits=(
            Exhibit(
                kind="learning",
                title="learning",
                measure="returns",
                over="round",
                lines=("rule",),
                panels=("setting", "attack"),
                where={"attack": ("none", "alie", "optimal_reverse")},
                measure_words="return of an honest episode",
            ),
            Exhibit(
                kind="scores",
                title="under attack",
                measure="score",
                lines=("rule",),
                panels=("setting",),
                among=("attack",),
                where={"attack": tuple(sorted({*ATTACKS, *NORMALIZED} - {"none"}))},
                measure_words="return in the last tenth of the rounds",
            ),
        ),
    ),
)
