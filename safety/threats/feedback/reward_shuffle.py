"""Reward shuffle: what is told was earned, but at another step."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, State, register
from rallypoint.safety.threats.feedback import FeedbackThreat


@register
@dataclass(frozen=True, kw_only=True)
class RewardShuffle(FeedbackThreat):
    """Learners are told, at each step, something they earned at one of the steps so far.

    Each of an agent's rewards of this episode, the last one included, is as likely as any other,
    drawn anew at every step. It is what somebody can do who lies while the episode goes on. The
    random rewards of published attacks are a finished episode's rewards in another order: those
    keep the return and tell each reward once, and here early rewards are told more often than late
    ones (that of step s in 1 / (s + 1) + … + 1 / T of T tellings, on average). Where every step
    earns the same, as in CartPole, neither does anything.

    Source: the random-reward attack of the code of Fan, Ma, Dai, Jing, Tan & Low (2021),
    "Fault-Tolerant Federated Reinforcement Learning with Theoretical Guarantee", NeurIPS,
    arXiv:2110.14074, made causal. What is kept of a long episode is a uniform sample, by algorithm
    R of Vitter (1985), "Random Sampling with a Reservoir".
    """

    kind: ClassVar[str] = "reward_shuffle"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_feedback"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_feedback",)
    kept: int = 256  # rewards of each agent; of a longer episode, a sample of so many

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kept < 1:
            raise InvalidConfig(f"kept counts rewards, from 1, got {self.kept}")

    def in_words(self) -> dict[str, str]:
        """Say what is told."""
        at = "one of the steps so far in the episode, drawn anew at every step"
        return {"does": f"the learner is told the {self.signal} of {at}"}

    def init(self, E: int, N: int) -> State:
        """Return that nothing was earned yet."""
        return {"earned": np.zeros((E, N, self.kept)), "count": np.zeros((E, N), dtype=np.int64)}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Keep what was earned now, and tell something of what is kept."""
        reward = known.own_feedback
        coins = draws.random((2, *reward.shape[1:]))
        is_new = ~np.isnan(reward)  # of whoever took part in the step
        count = state["count"] + is_new
        place = count - 1
        # Full, the newest takes a place with chance kept / count, and is left out otherwise.
        place = np.where(place < self.kept, place, (coins[:, 0] * count).astype(np.int64))
        copies, agents = (is_new & (place < self.kept)).nonzero()
        earned = state["earned"].copy()
        earned[copies, agents, place[copies, agents]] = reward[copies, agents]
        held = np.minimum(count, self.kept)
        told = (coins[:, 1] * held).astype(np.int64)[..., None]
        values = np.take_along_axis(earned, told, axis=2)[..., 0]
        return Proposal(known.affordable, values), {"earned": earned, "count": count}
