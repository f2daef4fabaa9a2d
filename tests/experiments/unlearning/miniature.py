"""As small as it can be run."""

from rallypoint.experiments.unlearning.config import UnlearningConfig

SEEDS = (0, 1, 2)
MINIATURE = UnlearningConfig(problems=1, shares=(0.05,), steps=50, episodes=5, teammates=4)
REFUSED = [
    ({"shares": (0.5,)}, r"shares lie in \(0, 0.5\)"),
    ({"teammates": 2}, "teammates is a number >= 3"),
    ({"steps": 0}, "steps is a number >= 1"),
]
