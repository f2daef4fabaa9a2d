"""How long a lie must be that points against a direction, to take the aggregate there most."""

import numpy as np

from rallypoint.safety.updates.directions import Row, length_of
from rallypoint.safety.updates.known import KnownUpdates
from rallypoint.safety.updates.line_search import strongest


def most_against(known: KnownUpdates, direction: Row, evaluations: int) -> float:
    """Return the a for which, if all send -a direction, <aggregate, direction> is least.

    The aggregator is asked ``evaluations`` times, from one hundredth to a hundred times the root
    mean squared length of honest updates; not at all where there is no direction.
    """
    length = length_of(direction)
    if not length:
        return 0.0
    honest = known.honest.astype(np.float64)
    typical = float(np.sqrt(np.square(honest).sum(axis=1).mean()))
    factor, _ = strongest(
        lambda a: -float(known.answer_to(-a * direction) @ direction),
        scale=(typical or length) / length,
        evaluations=evaluations,
    )
    return factor
