"""A principal offers incentives, and an agent with an interest of its own answers."""

from collections.abc import Sequence

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Floats
from rallypoint.envs.batch import Copies
from rallypoint.envs.checks import check_number, check_size
from rallypoint.envs.told import ToldWorld
from rallypoint.errors import InvalidConfig

PRINCIPAL, AGENT = "principal", "agent"  # group, and who is in it

# The published instance: what the principal earns on each arm, and what the agent does.
MEANS = (0.30, 0.24, 0.88, 0.07, 0.65)
INTERESTS = (0.64, 0.99, 0.73, 0.61, 0.59)


class PrincipalAgent(ToldWorld):
    """In every round the principal offers an incentive for each arm, and the agent pulls one.

    A round is two steps. In the first only the principal's action counts: what it would pay for
    each arm, (K,) in [0, ``most``]. In the second only the agent's does: the arm. Then the
    principal earns what the arm brings, drawn from N(``means``, ``noise``²), less what it offered
    for it; the agent earns its ``interests`` in the arm, with ``agent_noise``, and the incentive.
    All other rewards are 0.

    Observation of the principal, float64: whether it is to offer (1) or to wait (0), the arm of the
    last round, one-hot, and what it earned there. Of the agent: whether it is to answer, the
    offers, the arm of the last round, and what it earned there. Nobody sees the other's rewards.
    Infos: ``net`` (E,), what the arm of this round would have brought on average for the least
    incentive that makes a selfish agent choose it; ``paid`` (E,), the incentive. Both are 0 in an
    offer.

    Source: Scheid, Tiapkin, Boursier, Capitaine, El Mhamdi, Moulines, Jordan & Durmus (2024),
    "Incentivized Learning in Principal-Agent Bandit Games", ICML, arXiv:2403.03811.
    """

    offers = frozenset({"state"})
    _state_arrays = ("_turns", "_offers", "_arms", "_earned")

    def __init__(
        self,
        *,
        copies: Copies = 1,
        means: Sequence[float] = MEANS,
        interests: Sequence[float] = INTERESTS,
        noise: float = 1.0,
        agent_noise: float = 0.0,
        most: float = 1.0,
        rounds: int = 2500,
        max_cycles: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Set up a game.

        Args:
            copies: how many, or the global id of each.
            means: what each arm brings the principal on average; K >= 2 of them.
            interests: what each arm brings the agent on average.
            noise: standard deviation of what the principal earns, >= 0.
            agent_noise: standard deviation of what the agent earns, >= 0.
            most: the highest incentive that can be offered, > 0.
            rounds: offers and answers in an episode, T.
            max_cycles: steps in an episode; two for each round if not given.
            render_mode: "ansi", or None.
        """
        check_size("rounds", rounds, 1)
        self.means, self.interests = _numbers("means", means), _numbers("interests", interests)
        if len(self.means) != len(self.interests) or len(self.means) < 2:
            raise InvalidConfig(
                "means and interests have one number for each of at least two arms, got "
                f"{len(self.means)} and {len(self.interests)}"
            )
        check_number("noise", noise, 0)
        check_number("agent_noise", agent_noise, 0)
        check_number("most", most, above=0)
        self._noises = np.array([noise, agent_noise])
        arms = self.num_arms = len(self.means)
        offer = Box(0.0, most, (arms,), np.float64)
        seen_by_principal = _space([1] * (1 + arms))
        seen_by_agent = _space([1, *[most] * arms, *[1] * arms])
        super().__init__(
            "principal-agent-v0",
            [
                Group(PRINCIPAL, (PRINCIPAL,), seen_by_principal, offer),
                Group(AGENT, (AGENT,), seen_by_agent, Discrete(arms)),
            ],
            copies=copies,
            time_limit=2 * rounds if max_cycles is None else max_cycles,
            render_mode=render_mode,
        )
        num_copies = len(self.copies)
        self._turns = np.zeros(num_copies, dtype=np.int64)  # 0 to offer, 1 to answer
        self._offers = np.zeros((num_copies, arms))
        self._arms = np.full(num_copies, -1)  # of the last round; -1 before the first
        self._earned = np.zeros((num_copies, 2))  # in the last round

    @property
    def least(self) -> Floats:
        """The infimum of incentives that make a selfish agent choose each arm: (K,)."""
        least: Floats = self.interests.max() - self.interests
        return least

    @property
    def nets(self) -> Floats:
        """What each arm brings on average for the least incentive that it takes: (K,)."""
        return self.means - self.least

    def _start(self, mask: Mask) -> None:
        self._turns[mask] = 0
        self._offers[mask] = 0
        self._arms[mask] = -1
        self._earned[mask] = 0

    def _advance(self, actions: Actions) -> tuple[Floats, Mask, dict[str, Array]]:
        answers = self._turns == 1
        offered = actions[PRINCIPAL][:, 0].astype(np.float64)
        arms = actions[AGENT][:, 0].astype(np.int64)
        paid = np.take_along_axis(self._offers, arms[:, None], axis=1)[:, 0]
        drawn = self._noises * self._draws.normal((2,))
        earned = np.stack([self.means[arms] - paid, self.interests[arms] + paid], axis=1) + drawn
        self._offers = np.where(answers[:, None], self._offers, offered)
        self._arms = np.where(answers, arms, self._arms)
        self._earned = np.where(answers[:, None], earned, self._earned)
        self._turns = 1 - self._turns
        rewards = np.where(answers[:, None], earned, 0.0)
        infos = {
            "net": np.where(answers, self.nets[arms], 0.0),
            "paid": np.where(answers, paid, 0.0),
        }
        return rewards, np.zeros(rewards.shape, dtype=bool), infos

    def _observe(self) -> Observations:
        turn = self._turns[:, None].astype(np.float64)
        arm = (self._arms[:, None] == np.arange(self.num_arms)).astype(np.float64)
        principal = np.concatenate([1 - turn, arm, self._earned[:, :1]], axis=1)
        shown = turn * self._offers  # an offer holds for its own round
        agent = np.concatenate([turn, shown, arm, self._earned[:, 1:]], axis=1)
        return {PRINCIPAL: principal[:, None], AGENT: agent[:, None]}

    def state(self) -> Array:
        """Return whose turn it is, the offers, and the arm of the last round: (E, K + 2)."""
        return np.concatenate([self._turns[:, None], self._offers, self._arms[:, None]], axis=1)

    def _tell(self, copy: int) -> str:
        step, arm = int(self._elapsed[copy]), int(self._arms[copy])
        offers = ", ".join(f"{amount:.4g}" for amount in self._offers[copy])
        lines = [f"step {step} / {self.time_limit}, offers {offers}"]
        if arm >= 0:
            principal, agent = self._earned[copy]
            lines.append(f"last: arm {arm}, principal {principal:.3g}, agent {agent:.3g}")
        return "\n".join(lines)


def _space(highest: Sequence[float]) -> Box:
    """Return entries in [0, highest], and one more without bounds: what was earned."""
    high = np.array([*highest, np.inf])
    return Box(np.array([*[0.0] * len(highest), -np.inf]), high, dtype=np.float64)


def _numbers(name: str, values: Sequence[float]) -> Floats:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.zeros(())
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise InvalidConfig(f"{name} is a list of finite numbers, got {values!r}")
    return numbers
