"""As small as it can be run."""

from contextlib import contextmanager

import pytest

from rallypoint.experiments.byzantine_gradient import crowd, stack
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig

SEEDS = (0, 1, 2)
MINIATURE = ByzantineGradientConfig(
    rounds=1,
    attacks=("none", "sign_flip", "reward_flip", "optimal_reverse", "noise"),
    larger=1,
    filter_rounds=1,
    crowd_rounds=1,
)
REFUSED = [
    ({"rounds": 0}, "rounds"),
    ({"momenta": (0.9,)}, "0 among them"),
    ({"momenta": (0.0, 1.0)}, r"in \[0, 1\)"),
    ({"larger": -1}, "larger"),
    ({"bulyan_workers": 10}, "4 f \\+ 3"),
    ({"attacks": ("none", "sign_flop")}, "sign_flip"),
    ({"attacks": ("sign_flip",)}, "to compare with"),
]


@contextmanager
def small():
    """Judge by few episodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack, "_EVALUATED", 2)
        patch.setattr(crowd, "_JUDGED", 2)
        yield
