"""As small as it can be run."""

from contextlib import contextmanager

import pytest

from rallypoint.experiments.backdoor import marked, teammate
from rallypoint.experiments.backdoor.config import BackdoorConfig

SEEDS = (0, 1)
MINIATURE = BackdoorConfig(
    workers=3, copies=1, rounds=2, episodes=2, marks=2, spreads=("uniform", "last")
)
REFUSED = [
    ({"size": float("inf")}, "a finite reward"),
    ({"workers": 1}, "workers"),
    ({"poisoned": 0.0}, "poisoned"),
    ({"share": 0.5}, "share"),
    ({"size": 0.0}, "size"),
    ({"rounds": 0}, "rounds"),
    ({"spreads": ("last",)}, "spreads"),
    ({"spreads": ("uniform", "now")}, "spreads"),
    ({"marks": 33}, "marks"),
]


@contextmanager
def small():
    """Let teams learn for two rounds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(teammate, "ROUNDS", 2)
        patched.setattr(marked, "_STEPS", 32)
        patched.setattr(marked, "_OTHERS", 2)
        yield
