"""How well a policy does, in whole episodes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.noted import noting
from rallypoint.policies import Policy


class Evaluation(NamedTuple):
    """What each agent got out of each episode; nothing is counted where it was not there."""

    agents: tuple[str, ...]
    returns: NDArray[np.float64]  # (episodes, N)
    lengths: NDArray[np.int64]  # (episodes, N), steps
    ended_early: Mask  # (episodes, N), before the time limit: it arrived, fell, or was removed

    def summary(self) -> dict[str, Any]:
        """Return plain numbers; means are over episodes and those agents that were ever there."""
        there = self.lengths > 0
        by_episode = np.where(there, self.returns, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return {
            "episodes": len(self.returns),
            "return_mean": float(by_episode.mean()),
            # Where all are equal, the rounding of their mean would be seen.
            "return_std": float(by_episode.std()) if np.ptp(by_episode) else 0.0,
            "return_by_agent": {
                agent: float(self.returns[there[:, i], i].mean())
                for i, agent in enumerate(self.agents)
                if there[:, i].any()
            },
            "length_mean": float(self.lengths[there].mean()),
            "ended_early_share": float(self.ended_early[there].mean()),
        }


def evaluate(env: BatchEnv, policy: Policy, *, episodes: int, seed: int) -> Evaluation:
    """Play whole episodes and return what came of each, the first episodes of all copies first.

    Args:
        env: the world; each copy plays its first episodes of this seed.
        policy: acts for every group; if it has ``begin_episode``, it is told of starts.
        episodes: how many.
        seed: of world and policy.

    Raises:
        InvalidConfig: there is no episode to play.
    """
    if episodes < 1:
        raise InvalidConfig(f"episodes is a number >= 1, got {episodes}")
    num_each = -(-episodes // env.num_copies)
    with noting(lambda: f"while {episodes:,} episodes were played"):
        return _played(env, policy, episodes, num_each, seed)


def _played(env: BatchEnv, policy: Policy, episodes: int, num_each: int, seed: int) -> Evaluation:
    # A last row for what copies play that have played enough.
    shape = (num_each + 1, env.num_copies, env.num_agents)
    returns, lengths, early = np.zeros(shape), np.zeros(shape, np.int64), np.zeros(shape, bool)
    begin = getattr(policy, "begin_episode", lambda _: None)
    draws = Draws(seed, "evaluate/policy", env.copies)
    observations = env.reset(seed)
    begin(None)
    acting, over = env.alive, np.zeros(shape[1:], bool)
    played = np.zeros(env.num_copies, np.int64)
    while played.min() < num_each:
        step = env.step(policy.act(observations, draws))
        at = (np.minimum(played, num_each), np.arange(env.num_copies))
        earned = step.infos.get("true_rewards", step.rewards)  # whatever learners are told
        returns[at] += np.where(acting, earned, 0)
        lengths[at] += acting
        over |= step.terminated | step.truncated
        stays = step.alive & ~over
        early[at] |= acting & ~stays & (step.terminated | ~step.truncated)
        over |= acting & ~stays
        acting, observations = stays, step.observations
        ended = step.ended
        if ended.any():
            played += ended
            observations = env.reset(mask=ended)
            draws.begin_episode(ended)
            begin(ended)
            over[ended] = False
            acting = np.where(ended[:, None], env.alive, acting)
    rows = (-1, env.num_agents)
    return Evaluation(
        env.agents,
        returns[:-1].reshape(rows)[:episodes],
        lengths[:-1].reshape(rows)[:episodes],
        early[:-1].reshape(rows)[:episodes],
    )
