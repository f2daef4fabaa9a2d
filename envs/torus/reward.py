"""Three rewards of the torus: for being with the others, in the true world.

Each is a function of how many stand in an agent's centre bin, itself included, and of how many
there are: (n, N) and (n, 1) -> (n, N). Who is not in the world sees nobody in it, and earns 0.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reward = Callable[[Floats, Floats], Floats]

GATHERED = 1.0  # at least 8 of 10 in the centre bin
ALONE = -0.05  # fewer than 2 of 10
COMPANY = 0.2  # what ``mix`` pays for all of the others, short of being gathered


def sparse(central: Floats, population: Floats) -> Floats:
    """Pay as the ring does, scaled: 1 for 80 % or more, -0.05 for less than 20 %, else 0."""
    is_alone = (5 * central < population) & (central > 0)
    return np.where(_is_gathered(central, population), GATHERED, np.where(is_alone, ALONE, 0.0))


def share(central: Floats, population: Floats) -> Floats:
    """Pay the share of the others that is near; who has no others gets 0."""
    return np.maximum(central - 1, 0.0) / np.maximum(population - 1, 1.0)


def mix(central: Floats, population: Floats) -> Floats:
    """Pay 1 for 80 % or more, else a fifth of ``share``."""
    company = COMPANY * share(central, population)
    return np.where(_is_gathered(central, population), GATHERED, company)


def _is_gathered(central: Floats, population: Floats) -> NDArray[np.bool_]:
    gathered: NDArray[np.bool_] = (5 * central >= 4 * population) & (central > 0)
    return gathered


REWARDS: dict[str, Reward] = {"sparse": sparse, "share": share, "mix": mix}
