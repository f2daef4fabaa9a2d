"""How learners of tables explore: how often, and by which law."""

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import numpy as np

from rallypoint.config import Config
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig


class Clock(NamedTuple):
    """How far learning has come where an action is chosen."""

    steps: Integers  # (E,) of each copy so far
    episodes: Integers  # (E,) that it has finished
    visits: Integers  # (E, N) how often the agent has acted on this percept, this time included
    num_actions: Integers  # (N,)


Ties = Literal["lowest", "random"]  # which of several best actions is taken


def epsilon_greedy(
    values: Floats,
    epsilon: float | Floats,
    draws: Draws,
    *,
    ties: Ties = "random",
    num_actions: int | Integers | None = None,
) -> Integers:
    """Choose the best action, or with probability epsilon any: (E, N, A) -> (E, N).

    Args:
        values: of each action.
        epsilon: one for all, or (E, N) numbers > 0.
        draws: one number for each agent, and one more for each action if ties are random.
        ties: uniform among the best actions, or the lowest of them.
        num_actions: of each agent, (N,); all that there are values for if not given.
    """
    num_agents, width = values.shape[1:]
    if ties == "random":
        numbers = draws.random((num_agents, width + 1))  # (E, N, A + 1)
        is_best = values == values.max(axis=2, keepdims=True)
        greedy: Integers = np.where(is_best, numbers[:, :, :-1], -1.0).argmax(axis=2)
        coins = numbers[:, :, -1]
    else:
        coins = draws.random((num_agents,))
        greedy = values.argmax(axis=2)
    if isinstance(epsilon, float | int) and epsilon == 0:
        return greedy
    counts = width if num_actions is None else num_actions
    # Below epsilon the coin is uniform again, and names the random action.
    explored = coins * (counts / epsilon)
    chosen: Integers = np.where(explored < counts, explored, greedy).astype(np.int64)
    return chosen


# What each schedule asks; whether a share falls over episodes or steps is checked by itself.
_ASKS = {
    "constant": {"epsilon", "ties"},
    "linear": {"epsilon", "last_epsilon", "ties"},
    "visits": {"epsilon", "exponent", "ties"},
    "log": {"epsilon", "ties"},
    "boltzmann": {"exponent", "temperature"},
}
_SETTINGS = set[str]().union(*_ASKS.values())


@dataclass(frozen=True, kw_only=True)
class Exploration(Config):
    """When an agent does something else than what it thinks best.

    - ``constant``: with probability epsilon, uniformly.
    - ``linear``: likewise, with a share that falls from epsilon to last_epsilon.
    - ``visits``: likewise, with epsilon n^-exponent at the n-th visit of a percept. Under
      interruption with 1 - theta of the same order every joint action of N agents is still tried
      infinitely often if the exponent is at most 1/(2N), since the sum of n^(-2 N exponent) must
      diverge; in the setting of Orseau & Armstrong (2016), "Safely Interruptible Agents", for
      N = 1, where it is 1/sqrt(n).
    - ``log``: likewise, with epsilon / ln t at the t-th step, and 1 as long as that is more. With
      1 - theta of the same order the sum of its 2N-th powers diverges for any N, so this goes with
      the schedule ``log`` of an interruption where every state can be reached from every other.
    - ``boltzmann``: with probability proportional to exp(Q / T), where T is the higher of
      temperature and (max Q - min Q) / ln(n^exponent). No action is then less likely than
      n^-exponent / A, and the same condition holds.
    """

    exploration: Literal["constant", "linear", "visits", "log", "boltzmann"] = "constant"
    epsilon: float = 0.1  # share of random actions; of a falling share, the first
    last_epsilon: float = 0.0  # linear: the last
    decay_episodes: int | None = None  # linear: finished episodes until it is the last
    decay_steps: int | None = None  # linear: steps until it is; one of both
    exponent: float | None = None  # visits, boltzmann; None: 1 / (2 N)
    temperature: float = 0.0  # boltzmann: the lowest there may be, in units of value
    ties: Ties = "lowest"

    def __post_init__(self) -> None:
        """Refuse words and numbers that are none, and settings that the schedule does not ask.

        Raises:
            InvalidConfig: says which setting, and how to go on.
        """
        for name in ("epsilon", "last_epsilon"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidConfig(f"{name} is a probability, got {getattr(self, name)}")
        if not self.temperature >= 0:
            raise InvalidConfig(f"temperature is a number >= 0, got {self.temperature}")
        if self.exponent is not None and not self.exponent > 0:
            raise InvalidConfig(f"exponent is a number > 0, got {self.exponent}")
        spans = [span for span in (self.decay_episodes, self.decay_steps) if span is not None]
        if len(spans) != (self.exploration == "linear"):
            raise InvalidConfig(
                "exploration falls linearly over so many episodes or steps: with "
                "exploration=linear give either decay_episodes or decay_steps, otherwise neither"
            )
        if spans and spans[0] < 1:
            raise InvalidConfig(f"a decay takes a number >= 1 of episodes or steps, got {spans[0]}")
        self._refuse_idle()

    def _refuse_idle(self) -> None:
        asks = _ASKS[self.exploration]
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if name in _SETTINGS and name not in asks and value != field.default:
                which = " or ".join(word for word, names in _ASKS.items() if name in names)
                raise InvalidConfig(
                    f"exploration={self.exploration} does not ask for {name}, got {value}: leave "
                    f"it out, or explore by {which}"
                )

    @property
    def counts_visits(self) -> bool:
        """Whether it matters how often a percept was acted on."""
        return self.exploration in {"visits", "boltzmann"}

    def choose(self, values: Floats, clock: Clock, draws: Draws) -> Integers:
        """Choose by values: (E, N, A) -> (E, N)."""
        if self.exploration == "boltzmann":
            return drawn(self._boltzmann(values, clock), draws.random((values.shape[1],)))
        epsilon = self._epsilon(clock)
        return epsilon_greedy(values, epsilon, draws, ties=self.ties, num_actions=clock.num_actions)

    def probabilities(self, values: Floats, clock: Clock) -> Floats:
        """Return the law that ``choose`` follows: (E, N, A) -> (E, N, A)."""
        if self.exploration == "boltzmann":
            return self._boltzmann(values, clock)
        num_actions = values.shape[2]
        if self.ties == "random":
            is_best = values == values.max(axis=2, keepdims=True)
            greedy = is_best / is_best.sum(axis=2, keepdims=True)
        else:
            greedy = values.argmax(axis=2)[:, :, None] == np.arange(num_actions)
        epsilon = np.broadcast_to(self._epsilon(clock), values.shape[:2])[:, :, None]
        legal = np.arange(num_actions) < clock.num_actions[:, None]  # (N, A)
        law: Floats = (1 - epsilon) * greedy + epsilon * legal / clock.num_actions[:, None]
        return law

    def _epsilon(self, clock: Clock) -> float | Floats:
        if self.exploration == "constant":
            return float(self.epsilon)
        if self.exploration == "visits":
            shares = self.epsilon * clock.visits ** -self._exponent(clock)
        elif self.exploration == "log":
            logs = np.maximum(np.log(clock.steps + 1), 1e-9)  # 0 at the first step
            shares = np.minimum(self.epsilon / logs, 1.0)[:, None]  # (E, 1)
        else:
            gone = clock.steps / (self.decay_steps or 1)
            if self.decay_episodes is not None:
                gone = clock.episodes / self.decay_episodes
            fallen = self.epsilon + (self.last_epsilon - self.epsilon) * np.minimum(gone, 1.0)
            shares = fallen[:, None]  # (E, 1)
        finite: Floats = np.maximum(shares, 1e-300)  # what is divided by them, that is
        return finite

    def _exponent(self, clock: Clock) -> float:
        return 1 / (2 * len(clock.num_actions)) if self.exponent is None else self.exponent

    def _boltzmann(self, values: Floats, clock: Clock) -> Floats:
        legal = values > -np.inf
        below = np.where(legal, values.max(axis=2, keepdims=True) - values, 0)  # the best, by much
        spread = below.max(axis=2)
        growth = self._exponent(clock) * np.log(clock.visits)
        coldness = np.divide(growth, spread, out=np.zeros_like(spread), where=spread > 0)
        if self.temperature > 0:
            coldness = np.minimum(coldness, 1 / self.temperature)
        odds = np.where(legal, np.exp(-coldness[:, :, None] * below), 0)
        law: Floats = odds / odds.sum(axis=2, keepdims=True)
        return law


def drawn(law: Floats, coins: Floats) -> Integers:
    """Draw by a law (E, N, A) and uniform numbers (E, N); never what has no probability."""
    reached = np.cumsum(law, axis=2)
    # Rounding may leave the last sum below 1: compare with what was reached.
    drawn: Integers = (reached <= (coins * reached[:, :, -1])[:, :, None]).sum(axis=2)
    return drawn
