"""How good slates are, and whom they serve."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import Floats, Integers, Mask


def exposure(slates: Integers, item: int) -> Mask:
    """Say in whose slate an item is: (…, k) -> (…).

    >>> exposure(np.array([[3, 1], [0, 2]]), 2).tolist()
    [False, True]
    """
    shown: Mask = (slates == item).any(axis=-1)
    return shown


def undue_exposure(slates: Integers, chances: Floats, item: int) -> Floats:
    """Return how often an item is shown to those who would rather click on most others: (…).

    It is the share of slates that it is in, of the users who like at least half of the other items
    better; 0 where there are none.

    Args:
        slates: (…, U, k) items shown.
        chances: (…, U, I) how likely each user would click on each item.
        item: which.
    """
    others = chances.shape[-1] - 1
    is_unwanted = 2 * (chances > chances[..., item : item + 1]).sum(axis=-1) >= max(others, 1)
    shown = (exposure(slates, item) & is_unwanted).sum(axis=-1)
    found: Floats = shown / np.maximum(is_unwanted.sum(axis=-1), 1)
    return found


def click_rate(slates: Integers, chances: Floats) -> Floats:
    """Return how likely an honest user clicks on a place of its slate, on average: (…, U)."""
    found: Floats = np.take_along_axis(chances, slates, axis=-1).mean(axis=-1)
    return found


def ndcg(slates: Integers, chances: Floats) -> Floats:
    """Return the normalised discounted cumulative gain of slates: (…, U, k) -> (…, U).

    The gain of an item is how likely the user would click on it, and the place i = 1 … k discounts
    it by log2(i + 1); 1 is the slate of the user's k best, best first.

    >>> ndcg(np.array([1, 0]), np.array([0.2, 0.8, 0.1])).tolist()
    1.0

    Source: Järvelin & Kekäläinen (2002), "Cumulated Gain-Based Evaluation of IR Techniques", ACM
    Transactions on Information Systems 20(4).
    """
    size = slates.shape[-1]
    discounts: NDArray[np.float64] = 1 / np.log2(np.arange(size) + 2)
    gained = np.take_along_axis(chances, slates, axis=-1) @ discounts
    best = -np.sort(-chances, axis=-1)[..., :size] @ discounts
    found: Floats = gained / best
    return found
