"""Who likes what: profiles of users, and items whose appeal and worth have a low rank."""

import numpy as np

from rallypoint.draws import Floats, Mask


def profiles(drawn: Floats, is_minority: Mask, apart: float) -> Floats:
    """Return how users' interest is spread over topics, of length 1: (…, U, r).

    The first half of the topics, rounded up, is the majority's and the others the minority's;
    interest in those of the other group is less by the share ``apart``. Without a minority all
    topics are everybody's.

    >>> profiles(np.array([[3.0, 4.0], [3.0, 4.0]]), np.array([False, True]), apart=1.0).tolist()
    [[1.0, 0.0], [0.0, 1.0]]

    Args:
        drawn: (…, U, r) normal numbers.
        is_minority: (U,).
        apart: 0, all alike, … 1, nothing in common.
    """
    rank = drawn.shape[-1]
    interests = np.abs(drawn)
    if is_minority.any():
        is_minoritys = np.arange(rank) >= rank - rank // 2  # (r,)
        interests = interests * np.where(is_minority[:, None] == is_minoritys, 1.0, 1 - apart)
    found: Floats = interests / np.linalg.norm(interests, axis=-1, keepdims=True)
    return found


def worths(items: Floats, others: Floats, alignment: float) -> Floats:
    """Return what items are worth, which is as the appeal in the measure of ``alignment``.

    At 1 what appeals is what is good for users, at 0 the two have nothing to do with each other,
    at -1 they are opposites.

    >>> worths(np.array([2.0]), np.array([5.0]), alignment=-1.0).tolist()
    [-2.0]
    """
    found: Floats = alignment * items + np.sqrt(1 - alignment**2) * others
    return found


def clicked_with(appeals: Floats) -> Floats:
    """Return how likely an honest user clicks, from log-odds.

    >>> clicked_with(np.array([0.0])).tolist()
    [0.5]
    """
    chances: Floats = 0.5 + 0.5 * np.tanh(0.5 * appeals)  # of any size: exp would overflow
    return chances
