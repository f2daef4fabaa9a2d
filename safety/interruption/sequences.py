"""How likely an interruption is where it may begin: theta, and how it grows.

A person may be always there in the end only if the agent still gets to explore: theta tends to 1 so
slowly that every joint action is still taken infinitely often. In the setting of Orseau & Armstrong
(2016), "Safely Interruptible Agents", UAI, and for m agents of El Mhamdi, Guerraoui, Hendrikx &
Maurer (2017), "Dynamic Safe Interruptibility for Decentralized Multi-Agent Reinforcement Learning",
NIPS; the exponents are derived here. With exploration and 1 - theta both falling as n^(-1/(2m)) in
the visits n of a state, all m agents explore uninterrupted with a chance that falls as 1/n, whose
sum has no bound; with n^(-1/m) it falls as 1/n² and has one.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.config import Config
from rallypoint.draws import Floats, Integers
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.kinds import IN_OTHER_FORMS
from rallypoint.safety.interruption.addresses import function_at, tried

SCHEDULES = ("visits", "log")
COUNTS = ("turns", "visits")

Theta = Callable[[Integers], Floats]  # counts (e,) from 1 on -> (e,)
if TYPE_CHECKING:  # in Python, a function itself will do
    Function = str | Callable[[Integers], Floats]
else:
    Function = Annotated[str, IN_OTHER_FORMS]


@dataclass(frozen=True, kw_only=True)
class ThetaSequence(Config):
    """A theta that changes: by the visits of the true state, or by the turns that were taken.

    Both are counted in each copy since its first episode. A turn is a step; where one coin is
    drawn for a whole episode, it is an episode.

    >>> theta = theta_of(ThetaSequence(schedule="visits", agents=2), num_agents=2)
    >>> theta(np.array([1, 16, 10_000])).tolist()
    [0.0, 0.5, 0.9]
    """

    schedule: str | None = None  # "visits": 1 - c n^-x, or "log": 1 - c / log t and at least 0
    c: float = 1.0  # in (0, 1] for "visits", above 0 for "log"
    agents: int | None = None  # m, who must all be free to explore; all N if not given
    exponent: float | None = None  # x; 1/(2m) if not given
    function: Function | None = None  # of counts (E,) from 1 on -> (E,) in [0, 1)
    counts: str | None = None  # what a function is called with: "turns" (if not given) or "visits"
    states: int = 1024  # different ones that are told apart in a copy, by "visits"

    def __post_init__(self) -> None:
        if (self.schedule is None) == (self.function is None):
            raise InvalidConfig("theta has a schedule or a function, one of the two")
        for name, value, known in (
            ("schedule", self.schedule, SCHEDULES),
            ("counts", self.counts, COUNTS),
        ):
            if value is not None and value not in known:
                raise InvalidConfig(f"no {name} is called {value!r}{did_you_mean(value, known)}")
        if self.counts is not None and self.function is None:
            raise InvalidConfig("counts goes with a function; a schedule says what it counts")
        most = 1.0 if self.schedule == "visits" else sys.float_info.max
        if not 0 < self.c <= most:
            must = "in (0, 1]" if self.schedule == "visits" else "above 0 and is finite"
            raise InvalidConfig(f"c lies {must}, or theta would be none, got {self.c}")
        for name in ("agents", "exponent", "states"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise InvalidConfig(f"{name} is a number above 0, got {value}")
        if self.schedule != "visits" and (self.agents, self.exponent) != (None, None):
            raise InvalidConfig('agents and exponent go with schedule = "visits"')

    @property
    def by_visits(self) -> bool:
        """Whether it counts the visits of true states."""
        return "visits" in (self.schedule, self.counts)


def check_theta(theta: Any) -> None:
    """Refuse a constant that is no theta.

    Raises:
        InvalidConfig: says why it lies in [0, 1).
    """
    is_number = isinstance(theta, int | float) and not isinstance(theta, bool)
    if not is_number or not 0 <= theta < 1:
        raise InvalidConfig(
            f"theta lies in [0, 1), got {theta!r}; at 1 no action of the agent's own is left to "
            "learn from"
        )


def theta_of(theta: float | ThetaSequence, *, num_agents: int) -> Theta:
    """Return theta as a function of counts.

    Raises:
        InvalidConfig: a user's function that cannot be imported.
    """
    if not isinstance(theta, ThetaSequence):
        constant = theta
        return lambda counts: np.full(len(counts), constant, dtype=np.float64)
    c = theta.c
    if theta.function is not None:
        function = function_at(theta.function, "the function of theta")
        first = np.array([1, 2])
        _checked(tried(function, first, "the function of theta"), first)
        return lambda counts: _checked(function(counts), counts)
    if theta.schedule == "log":
        return lambda counts: np.maximum(0.0, 1 - c / np.log(counts + 1e-9))  # 0 at t = 1
    exponent = theta.exponent or 1 / (2 * (theta.agents or num_agents))
    return lambda counts: 1 - c * counts.astype(np.float64) ** -exponent


def _checked(theta: Any, counts: Integers) -> Floats:
    if not isinstance(theta, np.ndarray) or theta.shape != counts.shape:
        came = theta.shape if isinstance(theta, np.ndarray) else type(theta).__name__
        raise InvalidConfig(f"the function of theta returns {counts.shape}, got {came}")
    if not ((theta >= 0) & (theta < 1)).all():
        wrong = theta[~((theta >= 0) & (theta < 1))]
        raise InvalidConfig(f"the function of theta stays in [0, 1), got {wrong[0]}")
    return theta.astype(np.float64)


def counted(
    keys: NDArray[np.uint64], visits: Integers, states: NDArray[Any]
) -> tuple[NDArray[np.uint64], Integers, Integers]:
    """Count one more visit of the states (e, …) that copies are in.

    A hash table for each copy, with open addressing, so that a step costs the same however many
    states there are.

    Args:
        keys: (e, S) of the states seen so far, each where its key leads to or in the next free
            place.
        visits: (e, S) of each; 0 where there is no state.
        states: (e, …) as they are now.

    Returns:
        Keys and visits with this one, and how often each state has been visited: (e,).

    Raises:
        InvalidConfig: a copy has seen more than S different states.
    """
    here = key_of(states)
    size = keys.shape[1]
    rows = np.arange(len(here))
    places = (here % np.uint64(size)).astype(np.int64)
    for _ in range(size):
        is_new = visits[rows, places] == 0
        is_found = is_new | (keys[rows, places] == here)
        if is_found.all():
            break
        places = np.where(is_found, places, (places + 1) % size)
    else:
        raise InvalidConfig(
            f"a copy has come to more than {size} different states; say how many there are with "
            "states = …, or let theta follow the turns with a schedule of log"
        )
    if is_new.any():
        keys = keys.copy()
        keys[rows, places] = here
    visits = visits.copy()
    visits[rows, places] += 1
    return keys, visits, visits[rows, places]


def key_of(states: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a number for each state (e, …): equal states have equal ones.

    One-to-one for single numbers; of longer states, two share a number once in 2**64.
    """
    rows = states.reshape(len(states), -1)
    wide = rows.astype(np.float64 if rows.dtype.kind == "f" else np.int64)
    words = np.ascontiguousarray(wide + 0).view(np.uint64)  # + 0: a -0.0 is a 0.0
    keys = np.zeros(len(words), dtype=np.uint64)
    for column in words.T:
        keys = _mixed(keys ^ column)
    return keys


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix bits one-to-one: the finaliser of SplitMix64 (Steele, Lea & Flood, 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
