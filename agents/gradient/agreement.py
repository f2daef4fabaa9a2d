"""Agreement on parameters without a server, by averaging those that lie closest together."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.errors import Diverged, InvalidConfig, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator

# Given the number of the exchange, from 0, and what the honest hold (m, d): what the liars send to
# each of these, (m, f_real, d). They need not tell everybody the same.
Lies = Callable[[int, Parameters], Floats]


class Agreement(NamedTuple):
    """What the honest hold in the end."""

    parameters: Parameters  # (m, d)
    exchanges: int  # that it took
    diameter: float  # of the closest n - f of what anybody received in the last, the largest


def agree(
    honest: Parameters,
    f: int,
    *,
    lies: Lies | None = None,
    tolerance: float = 1e-5,
    exchanges: int = 1000,
) -> Agreement:
    """Let contributors exchange parameters until those that each believes are alike.

    In every exchange each sends what it holds to all, and goes on with the mean of the n - f that
    lie closest together of what it received (minimum-diameter averaging). The last exchange is the
    first in which, for every honest one, these are within the tolerance of one another.

    If n > 4 f, the honest are at most 3 f / (n - f) as far apart after an exchange as before it: of
    two of them, at most f of those believed are other honest ones, no further apart than the honest
    were, and at most f are liars, twice as far. From n > 3 f on any two believe some honest one
    both, so that what they hold in the end is within twice the tolerance; with more liars each
    could be told that all is well, hence they are refused.

    Args:
        honest: (m, d) what the honest hold.
        f: how many liars each reckons with.
        lies: what those who lie send; nobody lies if not given.
        tolerance: the diameter at which they agree.
        exchanges: after so many it is given up.

    Raises:
        TooManyByzantine: fewer than 3 f + 1 contributors.
        InvalidConfig: lies of another shape.
        Diverged: they do not come to agree.

    Source: Jordan, Grötschla, Fan & Wattenhofer (2024), AAMAS, arXiv:2401.03489, and its code; El
    Mhamdi et al. (2021), "Collaborative Learning in the Jungle", NeurIPS, arXiv:2008.00742.
    """
    rule = Aggregator.parse("mda")
    held = honest.copy()
    diameter = np.inf
    for exchange in range(exchanges):
        means, diameters = [], []
        for received in _received(held, None if lies is None else lies(exchange, held)):
            _check(len(received), f)
            means.append(rule(received, f))
            kept = received[rule.explain(received, f).weights > 0].astype(np.float64)
            diameters.append(np.linalg.norm(kept[:, None] - kept, axis=2).max())
        held, diameter = np.stack(means), float(max(diameters))
        if diameter < tolerance:
            return Agreement(held, exchange + 1, diameter)
    raise Diverged(
        f"after {exchanges} exchanges the closest are still {diameter:.3g} apart, and should be "
        f"less than {tolerance:.3g}; there are too many liars, or the tolerance is below what "
        f"{honest.dtype} can tell apart"
    )


def _check(count: int, f: int) -> None:
    if count < 3 * f + 1:
        raise TooManyByzantine(
            f"agreement needs n >= 3 f + 1 contributors: with f = {f} that is {3 * f + 1}, and "
            f"there are {count}; reckon with fewer liars, or take more contributors"
        )


def _received(held: Parameters, lies: Floats | None) -> Iterator[Floats]:
    """Yield what each honest contributor receives: (n, d), the honest first."""
    if lies is None:
        yield from (held for _ in held)
        return
    if lies.ndim != 3 or (lies.shape[0], lies.shape[2]) != held.shape:
        raise InvalidConfig(
            f"lies are ({len(held)}, f_real, {held.shape[1]}), what each honest contributor is "
            f"sent, got {lies.shape}"
        )
    for told in lies:
        yield np.concatenate([held, told.astype(held.dtype, copy=False)])
