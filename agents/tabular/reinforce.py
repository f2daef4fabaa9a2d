"""REINFORCE with a table of preferences, over meta-episodes of many short ones."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.tabular.neutrality import Outcome, Reward, drest_discounts
from rallypoint.config import Config, check_least, check_within
from rallypoint.draws import Floats, Integers, Mask


class Walk(NamedTuple):
    """The M mini-episodes of a meta-episode of R runs, step by step."""

    percepts: Integers  # (T, R, M, N)
    actions: Integers  # (T, R, M, N)
    present: Mask  # (T, R, M, N)


@dataclass(frozen=True, kw_only=True)
class Reinforce(Config):
    """Follows the gradient of what mini-episodes earn; no baseline, one update for all of them.

    The policy is ``(1 - eps) softmax(theta[s]) + eps / A``, and the gradient that of this mixture.
    In a meta-episode the policy stands still; ``theta += step_size * sum of reward x gradient``
    over its mini-episodes. The reward of a mini-episode that earned c, where m was the most that
    its length allows, is

    - ``default``: c / unit;
    - ``drest``: ``discount^(n - (i - 1) / k) c / m`` for the i-th one, whose length was chosen n
      times before, of k (discounted reward for same-length trajectories);
    - ``lopsided``: likewise with c / unit in place of c / m.

    Source: Williams (1992), "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning"; Thornley et al. (2024), "Towards shutdownable agents via stochastic
    choice", arXiv:2407.00805.
    """

    learner: ClassVar[str] = "local"

    reward: Reward = "default"
    mini_episodes: int = 64  # in a meta-episode
    step_size: float = 0.05
    epsilon: float = 0.5  # of the mixture at first; it falls geometrically
    last_epsilon: float = 0.001  # from a share of the meta-episodes on
    falls_over: float = 0.75  # that share
    discount: float = 0.9  # of a length already chosen
    num_lengths: int = 2  # k
    unit: float = 1.0  # of what is earned, such as the most that there is

    def __post_init__(self) -> None:
        """Refuse rewards that are none, and numbers that cannot be meant.

        Raises:
            InvalidConfig: says which.
        """
        check_within(self, "(0, 1]", "epsilon", "last_epsilon", "discount", "falls_over")
        check_least(self, 1, "mini_episodes", "num_lengths")
        check_within(self, "(0, inf)", "step_size", "unit")

    def epsilon_at(self, done: int, of: int) -> float:
        """Return the share of uniform actions after so many of all meta-episodes."""
        gone = min(1.0, done / max(1.0, self.falls_over * of))
        return float(self.epsilon * (self.last_epsilon / self.epsilon) ** gone)

    def law(self, tables: Floats, legal: Mask, epsilon: float) -> Floats:
        """Return the policy (R, N, S, A) of preferences (R, N, S, A); legal is (N, A)."""
        law = _softmax(tables, legal[:, None])
        law *= 1 - epsilon
        law += epsilon * (legal / legal.sum(axis=1, keepdims=True))[:, None]
        return law

    def rewards(self, outcome: Outcome) -> Floats:
        """Return what each mini-episode (…, M) is rewarded with."""
        if self.reward == "default":
            return outcome.earned / self.unit
        discounts = drest_discounts(
            outcome.lengths, discount=self.discount, num_lengths=self.num_lengths
        )
        per = outcome.most if self.reward == "drest" else self.unit
        rewards: Floats = discounts * outcome.earned / per
        return rewards

    def learn(
        self, tables: Floats, legal: Mask, walk: Walk, rewards: Floats, epsilon: float
    ) -> Floats:
        """Return the preferences (R, N, S, A) after a meta-episode.

        Args:
            tables: the preferences by which it was played.
            legal: (N, A) which actions each agent has.
            walk: what was seen and done in it.
            rewards: (R, N, M) of its mini-episodes.
            epsilon: share of uniform actions that it was played with.
        """
        num_runs, num_agents, num_states, num_actions = tables.shape
        runs = np.arange(num_runs)[:, None, None]
        rows = (runs * num_agents + np.arange(num_agents)) * num_states + walk.percepts
        seen, places = np.unique(rows, return_inverse=True)  # few of all; nothing else changes
        agents = seen // num_states % num_agents
        learned = tables.reshape(-1, num_actions).copy()
        soft = _softmax(learned[seen], legal[agents])  # (K, A)
        entries = places.reshape(rows.shape) * num_actions + walk.actions
        chosen = soft.reshape(-1).take(entries)
        counts = legal.sum(axis=1)
        # d log((1 - eps) p + eps / A) = share of p in the mixture x d log p
        share = (1 - epsilon) * chosen / ((1 - epsilon) * chosen + epsilon / counts)
        pull = np.where(walk.present, share * rewards.swapaxes(1, 2), 0)  # (T, R, M, N)
        towards = np.bincount(entries.ravel(), pull.ravel(), soft.size)
        away = np.bincount(places.ravel(), pull.ravel(), len(seen))
        gradient = towards.reshape(soft.shape) - away[:, None] * soft
        learned[seen] += self.step_size * gradient
        return learned.reshape(tables.shape)


def _softmax(tables: Floats, legal: Mask) -> Floats:
    """Return the softmax over each agent's own actions, the last axis; the others broadcast."""
    # One action at a time: NumPy is slow where it reduces over a few neighbouring numbers.
    highest = tables[..., :1].copy()
    for action in range(1, tables.shape[-1]):
        np.maximum(highest, tables[..., action, None], out=highest)
    powers: Floats = np.exp(tables - highest) * legal
    total = powers[..., :1].copy()
    for action in range(1, tables.shape[-1]):
        total += powers[..., action, None]
    powers /= total
    return powers


agents.add("tabular_reinforce", Reinforce)
