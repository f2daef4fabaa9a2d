"""What a platform believes of items, what each user's clicks say to that, and slates of the best.

Items are (…, I, r) and profiles (…, U, r); a user is believed to click on an item with the log-odds
``average`` + u·v. What users' clicks say is the gradient of their own logistic losses, so that it
can be aggregated like any other update.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Floats, Integers
from rallypoint.envs.recommender.tastes import clicked_with
from rallypoint.errors import InvalidConfig

_SMALL = 1e-9  # a difference between chances that none is

Weigh = Literal["users", "events"]


class History(NamedTuple):
    """What each user has done so far."""

    clicked: Floats  # (…, U, I) events; who clicks three times on a place has three
    passed: Floats  # (…, U, I) times it was shown an item and did not click

    @property
    def seen(self) -> Floats:
        """Events and passes together: (…, U, I)."""
        return self.clicked + self.passed

    def with_round(self, shown: Integers, events: Integers) -> "History":
        """Return what it is after one more round of slates and clicks (…, U, k)."""
        num_items = self.clicked.shape[-1]
        rows = np.arange(self.clicked.size // num_items)[:, None] * num_items
        places = (rows + shown.reshape(len(rows), -1)).ravel()

        def per_item(values: Array) -> Floats:
            weights = values.astype(np.float64).ravel()
            counts: Array = np.bincount(places, weights, self.clicked.size)
            counted: Floats = counts.reshape(self.clicked.shape)
            return counted

        return History(self.clicked + per_item(events), self.passed + per_item(events == 0))


def believed(items: Floats, profiles: Floats, average: float) -> Floats:
    """Return how likely each user is believed to click on each item: (…, U, I)."""
    return clicked_with(average + profiles @ items.swapaxes(-1, -2))


def users_updates(
    items: Floats,
    profiles: Floats,
    history: History,
    *,
    average: float,
    weigh: Weigh,
    usual: float | Array,
) -> Floats:
    """Return each user's gradient of the logistic loss over its whole history: (…, U, I, r).

    Weighing users, each loss is a mean over the user's own events, so that nobody has more weight
    by doing more. Weighing events it is their sum over the ``usual`` number, so that who clicks h
    times as often weighs h times as much. For a user of the usual number the two are the same.

    Raises:
        InvalidConfig: neither is weighed.
    """
    if weigh not in get_args(Weigh):
        raise InvalidConfig(f"what is weighed is users or events, got {weigh!r}")
    residuals = history.seen * believed(items, profiles, average) - history.clicked
    own = history.seen.sum(axis=-1, keepdims=True) if weigh == "users" else usual
    gradients: Floats = (residuals / np.maximum(own, 1))[..., None] * profiles[..., None, :]
    return gradients


def silent(profiles: Floats, history: History) -> Floats:
    """Return NaN where a user has nothing to say, else 0: (…, U, I, r).

    That is about items it was never shown, and in topics that it has no interest in.
    """
    speaks = (history.seen > 0)[..., None] & (profiles > 0)[..., None, :]
    return np.where(speaks, 0.0, np.nan)


def promising(chances: Floats, keys: Floats, *, size: int, exploration: float) -> Integers:
    """Return the most promising items for each user, best first: (…, U, k).

    Of each slate the share ``exploration`` is items drawn at random, on average.

    >>> promising(np.array([0.1, 0.9, 0.5]), np.ones(3) / 2, size=2, exploration=0.3).tolist()
    [1, 2]

    Args:
        chances: (…, U, I) of a click.
        keys: (…, U, I) uniform in [0, 1); they draw items, and decide between equals.
        size: k.
        exploration: 0 … 1.
    """
    promise = chances + _SMALL * keys
    is_drawn = keys < exploration * size / chances.shape[-1]
    chosen = np.argsort(-np.where(is_drawn, 3 - keys, promise), axis=-1)[..., :size]
    order = np.argsort(-np.take_along_axis(promise, chosen, axis=-1), axis=-1)
    return np.take_along_axis(chosen, order, axis=-1)
