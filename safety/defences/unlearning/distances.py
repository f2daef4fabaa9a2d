"""How far anchored steps end from training again, with high probability: ``distance_after``."""

import math

import numpy as np

from rallypoint.declared import check_declared
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.unlearning.heads import Floats

_SPREADS = np.geomspace(1e-2, 1e8, 200)  # tried for a in the proof, over the squared radius


def step_size(step: int, smoothness: float, mu: float) -> float:
    """Return the rate of a step, counted from 0: about 1 / (mu + Lip), then falling as 2 / mu t."""
    return min(1 / smoothness, 2 / (mu * (step + 2 + 2 * smoothness / mu)))


def distance_after(
    radius: float, *, smoothness: float, mu: float, steps: int, delta: float
) -> float:
    """Return what anchored steps end nearer to training again than, but for a chance of delta.

    It is never above twice the radius and falls like ``smoothness`` / ``mu`` / sqrt(steps), and
    rests on no data but by its arguments.

    Let d be the distance to the rest's optimum, which lies in the ball, L and mu how much losses
    curve at most and at least, r the radius, and G = L - mu. A step of size s shortens d to
    (1 - s mu) d at most but for chance, which draws among vectors of length G r at most: sample
    gradients less what they were at the old optimum, ridge left out. So its part in d² has a mean
    of at most v = (s G r)² and varies within 4 s G r (1 - s mu) d + 4 v, and by Hoeffding's lemma

        E exp(a d'²) <= exp((1 - s mu)² (a + 5/2 a² v) d² + a v + 10 a² v²)

    where d' is the next distance, and projecting makes it no larger. From the last step to the
    first this bounds E exp(a d²) at the end, beginning with d <= r, and Markov's inequality bounds
    d; for any a, so the best of some is taken.

    Args:
        radius: of the ball round the old optimum.
        smoothness: how fast the gradient of any sample can change.
        mu: the ridge.
        steps: of ``unlearn``.
        delta: the chance, in (0, 1).

    Raises:
        InvalidConfig: a curvature that is none, no such chance, or no number of steps.

    >>> round(distance_after(1.0, smoothness=0.3, mu=0.05, steps=10_000, delta=1e-5), 2)
    0.33

    Source: ours; the lemma is that of Hoeffding (1963), "Probability Inequalities for Sums of
    Bounded Random Variables", JASA 58.
    """
    check_declared({"steps": steps}, {"steps": int})
    if steps < 0:
        raise InvalidConfig(f"steps is a number >= 0, got {steps}")
    if not (0 < mu <= smoothness < math.inf and 0 < delta < 1 and 0 <= radius < math.inf):
        raise InvalidConfig(
            "a distance follows from 0 < mu <= smoothness, a finite radius >= 0 and delta in "
            f"(0, 1), got {mu}, {smoothness}, {radius} and {delta}"
        )
    weight, constant = _SPREADS, np.zeros(len(_SPREADS))
    with np.errstate(over="ignore", invalid="ignore"):  # of what comes to nothing
        for step in range(steps - 1, -1, -1):
            rate = step_size(step, smoothness, mu)
            spread = (rate * (smoothness - mu)) ** 2
            constant = constant + weight * spread + 10 * (weight * spread) ** 2
            weight = (1 - rate * mu) ** 2 * (weight + 2.5 * weight**2 * spread)
        squares: Floats = (weight + constant + math.log(1 / delta)) / _SPREADS
    return radius * math.sqrt(float(np.nanmin(squares, initial=4.0)))
