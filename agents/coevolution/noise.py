"""How virulent pathogens may be, so that an infection is no accident of the episodes measured."""

import math

import numpy as np

from rallypoint.agents.coevolution.fitness import Fitness, check_reference
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig

MOST = Fitness.virulence


def paired_noise(clean: Floats, attacked: Floats, reference: float) -> float:
    """Return the standard error of a harm, as a share of the reference return.

    Episodes are paired: the i-th of both starts alike, so that what differs is what was taken.

    Args:
        clean: (n,) returns.
        attacked: (n,) returns of the same episodes.
        reference: the return that harms are shares of.

    Raises:
        InvalidConfig: fewer than two episodes, or other ones.
    """
    check_reference(reference)
    if clean.shape != attacked.shape or clean.ndim != 1 or len(clean) < 2:
        raise InvalidConfig(
            "noise is measured over two or more episodes, each with a pathogen and without, got "
            f"returns of shapes {clean.shape} and {attacked.shape}"
        )
    taken = (clean - attacked) / reference
    return float(taken.std(ddof=1) / math.sqrt(len(taken)))


def virulence_allowed(noise: float, *, margin: float = 2.0, most: float = MOST) -> float:
    """Return the largest virulence at which noise alone does not infect.

    A pathogen of virulence v infects from a harm of ``sqrt(-ln(1 - 1/v)) / v`` on: of 1.1 % at
    v = 20, which is far below what a handful of episodes can tell. The one returned lets infection
    begin at ``margin`` times the noise, and is at most ``most``.

    >>> round(virulence_allowed(0.05), 2)
    4.82
    >>> virulence_allowed(0.0)
    20.0

    Args:
        noise: standard error of a measured harm, as ``paired_noise`` returns it.
        margin: how many of them an infection must exceed.
        most: the virulence where there is no noise.

    Raises:
        InvalidConfig: noise, margin or most that cannot be meant, or so much noise that no harm,
            not even of everything, is told from it.
    """
    if not (math.isfinite(noise) and noise >= 0 and margin > 0 and most > 1):
        raise InvalidConfig(
            f"noise is >= 0, margin > 0 and most > 1, got {noise}, {margin} and {most}"
        )
    least = margin * noise
    if least >= 1:
        raise InvalidConfig(
            f"{margin:g} standard errors of {noise:.3g} are more than all there is to be taken: no "
            "infection can be told from chance; measure more episodes"
        )
    if least <= Fitness(virulence=most).threshold:
        return float(most)
    from scipy.optimize import brentq  # slow to import

    def beyond(virulence: float) -> float:
        return Fitness(virulence=virulence).threshold - least

    # At the lower end infection begins at more than everything, and falls from there on.
    return float(brentq(beyond, 1 + 1e-9, most, maxiter=5000))


def pooled(noises: Floats) -> float:
    """Return the root mean square of standard errors, those that are NaN left out."""
    known = noises[np.isfinite(noises)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else 0.0
