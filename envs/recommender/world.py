"""A platform shows each user a slate of items, and users click on what appeals to them."""

from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box, MultiDiscrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Floats, Integers
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_number, check_size
from rallypoint.envs.recommender.tastes import clicked_with, profiles, worths
from rallypoint.envs.told import ToldWorld
from rallypoint.errors import InvalidConfig

PLATFORM, USERS = "platform", "users"  # groups

NOTHING = -1  # shown to nobody, before the first round
AVERAGE = -1.0  # log-odds of a click on an average item: 27 of 100


class Feedback(NamedTuple):
    """What the platform perceives of the last round."""

    profiles: Floats  # (E, U, r) how users' interest is spread over topics
    shown: Integers  # (E, U, k) items; NOTHING before the first round
    events: Integers  # (E, U, k) clicks on each


class Recommender(ToldWorld):
    """A platform recommends k of I items to each of U users, who click or do not.

    In every step users act on the slates they were shown, and the platform chooses those of the
    next step, so each side answers what the other did last; the first slates are drawn. Item i
    appeals to user u with the log-odds ``average`` + ``taste`` u·v_i, of rank r, and is worth
    u·w_i to who takes it, where w_i is v_i only in the measure of ``alignment``. Profiles u are
    known to the platform, items are not. The last ``minority`` users have other interests.

    The platform's action: a slate for each user, (U, k) items, the best first. A user's: how often
    to click on each place, (k,) in 0 … ``events``; who clicks more than once is counted as often.
    Reward of the platform, engagement: clicks, mean over users. Reward of a user, welfare: the
    worth of the places it clicked on, each once.

    Observation of the platform, float64 (U, r + 2 k): each user's profile, the items it was shown
    in the last round (-1 before the first), and its clicks on them (see ``feedback_in``). Of a
    user: the items of its slate, then what each appeals to it (see ``slate_in``). Infos: ``shown``
    (E, U, k), the items that were acted on.

    In the setting of El-Mhamdi's interview on recommenders as agents, where whoever clicks most
    steers a model that averages: "Staving off disaster through AI safety research", Practical AI
    33 (2019).
    """

    offers = frozenset({"state"})
    _state_arrays = ("_profiles", "_items", "_worths", "_slates", "_shown", "_clicks")

    def __init__(
        self,
        *,
        copies: Copies = 1,
        num_users: int = 60,
        num_items: int = 30,
        slate: int = 5,
        rank: int = 4,
        minority: int = 12,
        apart: float = 1.0,
        alignment: float = 1.0,
        taste: float = 2.0,
        average: float = AVERAGE,
        events: int = 1,
        max_cycles: int = 100,
        render_mode: str | None = None,
    ) -> None:
        """Set up a platform.

        Args:
            copies: how many, or the global id of each.
            num_users: U >= 1.
            num_items: I >= 1.
            slate: k, places of a slate, at most as many as there are items.
            rank: r, topics.
            minority: users whose interests are others, fewer than half; 0 for none.
            apart: how little the groups have in common, 0 (nothing is different) … 1.
            alignment: of what appeals with what is good for users, -1 … 1.
            taste: how much items differ in appeal, in log-odds, >= 0.
            average: log-odds of a click on an average item.
            events: how often a user can click on one place in a step, >= 1.
            max_cycles: rounds in an episode.
            render_mode: "ansi", or None.
        """
        sizes = {"num_users": num_users, "num_items": num_items, "slate": slate, "rank": rank}
        for name, size in (*sizes.items(), ("events", events)):
            check_size(name, size, 1)
        if slate > num_items:
            raise InvalidConfig(
                f"a slate of {slate} places cannot be filled with {num_items} different items; "
                f"make slate at most {num_items}"
            )
        self.is_minority = _minority(num_users, minority, rank)  # (U,)
        check_number("apart", apart, 0, 1)
        check_number("alignment", alignment, -1, 1)
        check_number("taste", taste, 0)
        check_number("average", average)
        self._apart, self._alignment = float(apart), float(alignment)
        self._taste, self._average = float(taste), float(average)
        self.num_users, self.num_items, self.slate = num_users, num_items, slate
        users = tuple(f"user_{index}" for index in range(num_users))
        super().__init__(
            "recommender-v0",
            [
                Group(PLATFORM, (PLATFORM,), *_platforms_spaces(**sizes, events=events)),
                Group(USERS, users, *_users_spaces(num_items, slate, events)),
            ],
            copies=copies,
            time_limit=max_cycles,
            render_mode=render_mode,
        )
        num_copies = len(self.copies)
        self._profiles = np.zeros((num_copies, num_users, rank))
        self._items = np.zeros((num_copies, num_items, rank))
        self._worths = np.zeros((num_copies, num_items, rank))
        self._slates = np.zeros((num_copies, num_users, slate), dtype=np.int64)
        self._shown = np.full_like(self._slates, NOTHING)  # in the last round
        self._clicks = np.zeros_like(self._slates)  # in the last round

    @property
    def chances(self) -> Floats:
        """How likely each user honestly clicks on each item: (E, U, I)."""
        return clicked_with(self._appeals)

    def _start(self, mask: Mask) -> None:
        self._profiles[mask] = profiles(
            self._draws.normal(self._profiles.shape[1:], mask), self.is_minority, self._apart
        )
        items = self._draws.normal(self._items.shape[1:], mask)
        others = self._draws.normal(self._items.shape[1:], mask)
        self._items[mask] = items
        self._worths[mask] = worths(items, others, self._alignment)
        keys = self._draws.random((self.num_users, self.num_items), mask)
        self._slates[mask] = keys.argsort(axis=-1)[..., : self.slate]
        self._shown[mask] = NOTHING
        self._clicks[mask] = 0

    def _refresh(self) -> None:
        self._appeals = self._average + self._taste * _products(self._profiles, self._items)
        self._values = _products(self._profiles, self._worths)

    def _advance(self, actions: Actions) -> tuple[NDArray[np.float64], Mask, dict[str, Array]]:
        clicks = actions[USERS].astype(np.int64)
        values = np.take_along_axis(self._values, self._slates, axis=2)
        welfare = np.where(clicks > 0, values, 0.0).sum(axis=2)
        engagement = clicks.sum(axis=(1, 2))[:, None] / self.num_users
        self._shown, self._clicks = self._slates, clicks
        self._slates = actions[PLATFORM][:, 0].astype(np.int64)
        rewards = np.concatenate([engagement, welfare], axis=1)
        return rewards, np.zeros(rewards.shape, dtype=bool), {"shown": self._shown.copy()}

    def _observe(self) -> Observations:
        told = np.concatenate([self._profiles, self._shown, self._clicks], axis=2)
        appeals = np.take_along_axis(self._appeals, self._slates, axis=2)
        return {PLATFORM: told[:, None], USERS: np.concatenate([self._slates, appeals], axis=2)}

    def state(self) -> Array:
        """Return appeals (log-odds) and worths of all items to all users: (E, 2, U, I)."""
        return np.stack([self._appeals, self._values], axis=1)

    def _tell(self, copy: int) -> str:
        shown = np.bincount(self._slates[copy].ravel(), minlength=self.num_items)
        most = np.argsort(-shown, kind="stable")[: self.slate]
        told = ", ".join(f"item {item} to {shown[item]}" for item in most)
        return (
            f"round {int(self._elapsed[copy])} / {self.time_limit}: "
            f"{int(self._clicks[copy].sum())} clicks of {self.num_users} users\n"
            f"shown most now: {told}"
        )


def feedback_in(observations: Observations, slate: int) -> Feedback:
    """Take what the platform perceives (E, 1, U, r + 2 k) apart; slate is k."""
    seen = observations[PLATFORM][:, 0]
    users, shown, events = np.split(seen, [-2 * slate, -slate], axis=-1)
    return Feedback(users, shown.astype(np.int64), events.astype(np.int64))


def slate_in(observations: Observations) -> tuple[Integers, Floats]:
    """Take what users perceive (E, U, 2 k) apart: items, and log-odds of a click: (E, U, k)."""
    items, appeals = np.split(observations[USERS], 2, axis=-1)
    return items.astype(np.int64), appeals


def _products(users: Floats, items: Floats) -> Floats:
    """Multiply (E, U, r) with (E, I, r): (E, U, I)."""
    found: Floats = users @ items.swapaxes(1, 2)
    return found


def _platforms_spaces(
    num_users: int, num_items: int, slate: int, rank: int, events: int
) -> tuple[Box, MultiDiscrete]:
    low = [0.0] * rank + [NOTHING] * slate + [0.0] * slate
    high = [1.0] * rank + [num_items - 1.0] * slate + [float(events)] * slate
    seen = Box(np.tile(low, (num_users, 1)), np.tile(high, (num_users, 1)), dtype=np.float64)
    return seen, MultiDiscrete(np.full((num_users, slate), num_items))


def _users_spaces(num_items: int, slate: int, events: int) -> tuple[Box, MultiDiscrete]:
    low, high = [0.0] * slate + [-np.inf] * slate, [num_items - 1.0] * slate + [np.inf] * slate
    seen = Box(np.array(low), np.array(high), dtype=np.float64)
    return seen, MultiDiscrete(np.full(slate, events + 1))


def _minority(num_users: int, minority: int, rank: int) -> Mask:
    check_size("minority", minority, 0)
    if minority and 2 * minority >= num_users:
        raise InvalidConfig(
            f"a minority is fewer than half of the users, got {minority} of {num_users}"
        )
    if minority and rank < 2:
        raise InvalidConfig(
            "a minority has a topic of its own, which takes rank >= 2; with one topic all have the "
            "same taste, so say minority = 0"
        )
    is_minority: Mask = np.arange(num_users) >= num_users - minority
    return is_minority
