"""Contributors of whom some lie, and updates for them."""

import numpy as np

from rallypoint.safety import threats
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

UPDATE_KINDS = [kind for kind in threats.threats if threats.threats[kind].site == "update"]
N = 9


def model(*lies, members=(1, 4), **who):
    """Make a model of some threats and Byzantine contributors, given in one of three ways."""
    byzantine = Byzantine(**who) if who else Byzantine(members=members)
    return ThreatModel(byzantine=byzantine, threats=lies)


def frame(*lies, seed=0, members=(1, 4), **who):
    return UpdateThreats(model(*lies, members=members, **who), contributors=N, seed=seed)


def updates_of(number, dtype=np.float64, columns=6):
    """Draw what all contributors find in a round: (N, columns)."""
    rng = np.random.default_rng(number)
    return (1 + rng.standard_normal((N, columns))).astype(dtype)


def median(updates):
    return np.median(updates, axis=0)
