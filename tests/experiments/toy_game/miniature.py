"""As small as it can be run."""

from rallypoint.experiments.toy_game.config import ToyGameConfig

SEEDS = (0, 1, 2)
MINIATURE = ToyGameConfig(rounds=12, episodes=8, evaluated=20)
REFUSED = [
    ({"rounds": 1}, "rounds is a number >= 2"),
    ({"episodes": 1}, "episodes is a number >= 2"),
    ({"evaluated": 0}, "evaluated"),
    ({"rate": 0.0}, "rate is a finite number > 0"),
    ({"robust_rate": float("nan")}, "robust_rate"),
]
