"""As small as it can be run."""

from rallypoint.experiments.ant_colony.config import AntColonyConfig

SEEDS = (0, 1, 2)
MINIATURE = AntColonyConfig(colonies=1, steps=400, training=2_000, losses=(12, 30))
REFUSED = [
    ({"steps": 402}, "steps is a multiple of 4, from 400 on"),
    ({"foragers": 30}, "foragers lie in 1..29"),
    ({"losses": (12, 6)}, "from few to many"),
    ({"losses": (60,)}, "numbers of ants in 0..59"),
    ({"colonies": 0}, "colonies is a number >= 1"),
]
