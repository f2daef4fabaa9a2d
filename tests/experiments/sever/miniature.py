"""As small as it can be run."""

from rallypoint.experiments.sever.config import SeverConfig

SEEDS = (0, 1, 2)
MINIATURE = SeverConfig(contributors=4, trajectories=10, rounds=1)
REFUSED = [
    ({"factor": float("inf")}, "factor is a finite number"),
    ({"contributors": 2}, "contributors"),
    ({"trajectories": 9}, "trajectories"),
    ({"share": 0.3}, "share"),
    ({"factor": 0.0}, "factor"),
    ({"rounds": 0}, "rounds"),
]
