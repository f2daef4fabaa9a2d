"""As small as it can be run."""

from rallypoint.experiments.virtuous.config import VirtuousConfig

SEEDS = (0, 1, 2)
MINIATURE = VirtuousConfig(
    episodes=3, deployed=3, escapes=4, floors=(0.0, 0.4), cycles=3, test_cycles=2
)
REFUSED = [
    ({"episodes": 0}, "episodes is a number >= 1"),
    ({"floors": (0.1,)}, "0 among them"),
    ({"share": 0.0}, "share lies in"),
]
