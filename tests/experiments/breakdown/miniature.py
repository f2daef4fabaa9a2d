"""As small as it can be run."""

from contextlib import contextmanager

import pytest

from rallypoint.experiments.breakdown import run as module
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.breakdown.contestants import contestants

SEEDS = (0, 1, 2)
MINIATURE = BreakdownConfig(contributors=9, liars=(0, 1, 5), dimensions=(5,), subsets=100)
REFUSED = [
    ({"length": float("inf")}, "length is a finite number"),
    ({"liars": (0, 1, 9)}, "half"),
    ({"liars": (0, 10)}, "contain 1"),
    ({"liars": (0, 1, 10, 11)}, "half"),
    ({"liars": (1, 0, 10)}, "rising"),
    ({"dimensions": ()}, "rising"),
    ({"dimensions": (0,)}, "d >= 1"),
    ({"contributors": 3, "liars": (0, 1, 2)}, "two honest"),
    ({"length": -1.0}, "length"),
    ({"subsets": 5}, "subsets"),
]
FEW = ("krum", "mean", "median", "nnm+trimmed_mean")


def rules_of(config, *names):
    """Return some of those who compete."""
    by_name = {rule.name: rule for rule in contestants(config)}
    return [by_name[name] for name in names]


@contextmanager
def small():
    """Let few compete."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "contestants", lambda config: rules_of(config, *FEW))
        yield
