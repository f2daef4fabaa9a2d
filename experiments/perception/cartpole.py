"""What is claimed of a pole that is balanced by somebody who is lied to."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.experiments.perception import HUANG, SUN, ZHANG
from rallypoint.experiments.perception.attacks import GRADIENT, JUDGED, TRAJECTORY
from rallypoint.experiments.perception.config import PerceptionConfig
from rallypoint.experiments.perception.study import Found

_SMALL, _LARGE = PerceptionConfig.claimed


def claims(found: Found) -> Iterator[Claim]:
    """Judge agents as they are."""
    attacked = found.attacked
    yield claim_over_seeds(
        "P1/clean",
        found.clean,
        statement="nobody lies: return of PPO on CartPole, of 500",
        source=HUANG,
        expected=">= 475",
    )
    yield claim_over_seeds(
        f"P1/random-{_LARGE:g}",
        attacked["fgsm", _LARGE] / attacked["random_percept", _LARGE],
        statement=f"random lies hide how bad it is: return under one step of gradient over that "
        f"under random lies of the same size, {_LARGE:g}",
        source=HUANG,
        expected="<= 0.25",
    )
    yield claim_over_seeds(
        f"P1/fgsm-{_LARGE:g}",
        attacked["fgsm", _LARGE],
        statement=f"one step of gradient finds lies of {_LARGE:g} that topple every pole: return",
        source=HUANG,
        expected="<= 20",
    )
    yield claim_over_seeds(
        f"P2/more-steps-{_SMALL:g}",
        np.abs(attacked["pgd", _SMALL] - attacked["fgsm", _SMALL]),
        statement=f"ten steps of gradient find no more than one, at {_SMALL:g}: difference of the "
        "returns, whichever is lower",
        source=ZHANG,
        expected="<= 10",
    )
    yield claim_over_seeds(
        f"P2/looking-ahead-{_SMALL:g}",
        found.worst(_SMALL, (*TRAJECTORY, *JUDGED)) / found.worst(_SMALL, GRADIENT),
        statement="who knows what comes of it in the end finds stronger lies: strongest attack "
        f"that does over strongest that looks at one action, at {_SMALL:g}",
        source=SUN,
        expected="<= 0.75",
    )
    strongest = found.strongest(sorted({size for _, size in attacked}))
    yield claim_over_seeds(
        "P4/certified",
        found.certified[_SMALL] - np.min(list(strongest.values()), axis=0),
        statement="no attack takes more than can be taken at all: return under the worst of all "
        "sequences of pushes, less that under the strongest attack of any size, in the same "
        "episodes",
        source=f"ours, {HUANG}",
        expected="<= 0 on every seed",
    )
