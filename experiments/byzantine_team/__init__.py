"""Does a team learn to gather while some of it lie, in the world and in their updates?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.byzantine_team.config import ATTACKS, ByzantineTeamConfig
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.experiment import Experiment

SOURCE = (
    "ours, in the setting of El Mhamdi, Guerraoui, Maurer & Tempez (2018), arXiv:1802.07834, for "
    "the world, and of Blanchard, El Mhamdi, Guerraoui & Stainer (2017), arXiv:1703.02757, for "
    "the updates"
)

experiments.add(
    "byzantine_team",
    Experiment(
        name="byzantine_team",
        question="Does a team learn to gather whose members lie in the world and in their updates?",
        config=ByzantineTeamConfig,
        run="rallypoint.experiments.byzantine_team.run:run",
        seeds=5,
        quick_seeds=3,
        quick={
            "rules": ("mean", "median", "nnm+trimmed_mean"),
            "attacks": ("sign_flip", "reward_flip"),
            "liars": (2,),
        },
        exhibits=(
            Exhibit(
                kind="breakdown",
                title="what a team learns under the worst of all lies",
                measure="return",
                over="f",
                lines=("rule",),
                among=("attack",),
                over_words="liars in the team",
                withstands="{rule}/f-that-it-takes",
            ),
            Exhibit(
                kind="scores",
                title="with liars",
                measure="return",
                lines=("rule",),
                panels=("f",),
                where={"attack": tuple(ATTACKS)},
                among=("attack",),
            ),
        ),
    ),
)
