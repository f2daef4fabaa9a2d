"""Does what an agent learns, or does, depend on being interrupted?"""

from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig

# Of these papers nobody here could read more than abstracts, code and parts: what is measured is in
# their settings.
ORSEAU = "in the setting of Orseau & Armstrong (2016), Safely Interruptible Agents, UAI"
GRIDWORLDS = "Leike et al. (2017), AI Safety Gridworlds, arXiv:1711.09883"
DYNAMIC = (
    "in the setting of El Mhamdi, Guerraoui, Hendrikx & Maurer (2017), Dynamic Safe "
    "Interruptibility for Decentralized Multi-Agent Reinforcement Learning, arXiv:1704.02882"
)
OURS = f"ours, {DYNAMIC}"

experiments.add(
    "interruptibility",
    Experiment(
        name="interruptibility",
        question="Does what an agent learns, or does, depend on being interrupted?",
        config=InterruptibilityConfig,
        run="rallypoint.experiments.interruptibility.run:run",
        seeds=40,
        quick_seeds=10,
        quick={
            "episodes": 100,
            "gambles": 200,
            "schedule_episodes": 100,
            "frozen_rounds": 100_000,
            "deep_pairs": 100,
            "deep_true_repetitions": 1,
            "joint_updates": 1_500,
            "road_steps": 5_000,
            "corridor_episodes": 1_500,
            "push_episodes": 0,
            "crowd_episodes": 0,
            "joint_corridor_episodes": 0,
            "meta_episodes": 256,
            "tolls": (0.1, 0.5),
            "pulls": 1000,
        },
    ),
)
