"""How well a policy does, in whole episodes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.noted import noting
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.wrapper import BatchWrapper


class Evaluation(NamedTuple):
    """What each agent got out of each episode; nothing is counted where it was not there."""

    agents: tuple[str, ...]
    returns: NDArray[np.float64]  # (episodes, N)
    lengths: NDArray[np.int64]  # (episodes, N), steps
    ended_early: Mask  # (episodes, N), before the time limit: it arrived, fell, or was removed
    hostile: Mask | None = None  # (episodes, N), whose own actions threats were set to change
    performance: NDArray[np.float64] | None = None  # (episodes, N) of a world that hides a score
    costs: NDArray[np.float64] | None = None  # (episodes, N, k) of a world that has some
    cost_names: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return plain numbers; means are over episodes and those agents that were ever there.

        Where threats were set to change the actions of some but not of all, ``return_of_honest`` is
        the mean of the others. ``performance_mean`` is of the score that a world hides from who
        learns, and ``cost_by_name`` of what it costs, whatever is told of it: both per agent, as
        the return.
        """
        there = self.lengths > 0
        by_episode = self._by_episode(there)
        told = self._of_all(there, by_episode) | self._of_safety(there)
        if self.hostile is not None and (there & self.hostile).any():
            honest = there & ~self.hostile
            if (some := honest.any(axis=1)).any():
                told["return_of_honest"] = float(self._by_episode(honest)[some].mean())
        return told

    def _of_safety(self, there: Mask) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if self.performance is not None:
            told["performance_mean"] = float(self._by_episode(there, self.performance).mean())
        if self.costs is not None:
            told["cost_by_name"] = {
                name: float(self._by_episode(there, self.costs[:, :, i]).mean())
                for i, name in enumerate(self.cost_names)
            }
        return told

    def _by_episode(self, who: Mask, of: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Return the mean over some agents (episodes, N) in each episode: (episodes,).

        Of their returns, if nothing else is given.
        """
        summed = np.where(who, self.returns if of is None else of, 0).sum(axis=1)
        means: NDArray[np.float64] = summed / np.maximum(who.sum(axis=1), 1)
        return means

    def _of_all(self, there: Mask, by_episode: NDArray[np.float64]) -> dict[str, Any]:
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
    shape = (env.num_copies, env.num_agents)
    names = env.cost_names if "cost" in env.offers else ()
    returns, performance, costs = np.zeros(shape), np.zeros(shape), np.zeros((*shape, len(names)))
    lengths, early, hostile = (
        np.zeros(shape, np.int64),
        np.zeros(shape, bool),
        np.zeros(shape, bool),
    )
    # Of the episodes that copies are in, (E, N, …), and of those that are over, (num_each, E, N, …)
    now = (returns, lengths, early, hostile, performance, costs)
    done = tuple(np.zeros((num_each, *part.shape), part.dtype) for part in now)
    frame, hides = _frame_of(env), False
    begin = getattr(policy, "begin_episode", lambda _: None)
    draws = Draws(seed, "evaluate/policy", env.copies)
    observations = env.reset(seed)
    begin(None)
    acting, over = env.alive, np.zeros(shape, bool)
    played = np.zeros(env.num_copies, np.int64)
    while played.min() < num_each:
        if frame is not None:
            hostile |= frame.hostile  # of this episode, which may be over after the step
        step = env.step(policy.act(observations, draws))
        earned = step.infos.get("true_rewards", step.rewards)  # whatever learners are told
        np.add(returns, earned, out=returns, where=acting)
        scored = step.infos.get("performance")
        if scored is not None and scored.shape == shape:  # else a world means something else by it
            hides = True
            np.add(performance, scored, out=performance, where=acting)
        if names:
            cost = step.infos["true_costs"] if "true_costs" in step.infos else env.cost()
            np.add(costs, cost, out=costs, where=acting[:, :, None])
        lengths += acting
        over |= step.terminated | step.truncated
        stays = step.alive & ~over
        early |= acting & ~stays & (step.terminated | ~step.truncated)
        over |= acting & ~stays
        acting, observations = stays, step.observations
        ended = step.ended
        if ended.any():
            counts = ended & (played < num_each)  # a copy may have played enough
            for kept, part in zip(done, now, strict=True):
                kept[played[counts], counts] = part[counts]
                part[ended] = 0
            played += ended
            observations = env.reset(mask=ended)
            draws.begin_episode(ended)
            begin(ended)
            over[ended] = False
            acting = np.where(ended[:, None], env.alive, acting)
    rows = num_each * env.num_copies
    returns, lengths, early, hostile, performance, costs = (
        kept.reshape(rows, *kept.shape[2:])[:episodes] for kept in done
    )
    return Evaluation(
        env.agents,
        returns,
        lengths,
        early,
        None if frame is None else hostile,
        performance if hides else None,
        costs if names else None,
        names,
    )


def _frame_of(env: BatchEnv) -> Threatened | None:
    while isinstance(env, BatchWrapper):
        if isinstance(env, Threatened):
            return env
        env = env.env
    return None
