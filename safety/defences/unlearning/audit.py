"""Whose data move the optimum: how far it goes without each contributor's."""

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.unlearning.forgetting import downdate
from rallypoint.safety.defences.unlearning.heads import Floats, Head, Ridge


def contributions(head: Head, owners: ArrayLike, optimum: Floats) -> Floats:
    """Return the distance of the optimum without each owner's rows from that with them: (n,).

    Args:
        head: all the data.
        owners: (rows,) whose each row is, counted from 0; everybody has some.
        optimum: of all the data.

    Raises:
        InvalidConfig: there is one owner only, or one without rows; or that is no optimum.
    """
    whose = np.asarray(owners)
    if whose.shape != head.y.shape or whose.dtype.kind not in "iu" or whose.min() < 0:
        raise InvalidConfig(f"owners are counts {head.y.shape} from 0 on, got {whose.dtype}")
    count = len(np.unique(whose))
    if count < 2 or int(whose.max()) + 1 > count:
        raise InvalidConfig("an audit is of two owners or more, numbered from 0, with rows each")
    theta, found = head.checked(optimum), []
    for owner in range(count):
        gone = whose == owner
        without = downdate(head, gone) if isinstance(head, Ridge) else head.only(~gone).optimum()
        found.append(np.linalg.norm(without - theta))
    return np.array(found)
