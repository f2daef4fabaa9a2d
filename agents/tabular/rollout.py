"""Greedy roll-outs: what each of many learned teams does when it no longer explores."""

from typing import NamedTuple

import numpy as np

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding, refuse_unread
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.errors import InvalidConfig


class Rollout(NamedTuple):
    """One episode of each copy."""

    returns: Floats  # (E, N)
    lengths: Integers  # (E, N) steps
    visited: Mask  # (E, N, S) percepts that an agent came to, the last one included
    truncated: Mask  # (E, N) whom the time limit cut short


def greedy_rollout(env: BatchEnv, values: Floats, encoding: Encoding, *, seed: int) -> Rollout:
    """Play one episode of each copy by tables of its own, ties to the lowest action.

    Under interruption, in a world that is; without, in the same world without threats.

    Args:
        env: the world, with as many copies as there are teams.
        values: (E, N, S, A) of each team, such as ``learner.values(state)``.
        encoding: from observations to table rows.
        seed: of the world; greedy teams draw nothing.

    Raises:
        InvalidConfig: there is not one team for each copy, or the encoding does not read what they
            see.
    """
    refuse_unread(env, encoding)
    if len(values) != env.num_copies:
        raise InvalidConfig(
            f"each copy plays by tables of its own, got {len(values)} teams for {env.num_copies} "
            "copies"
        )
    columns = Columns.of(env)
    replicates = np.arange(len(values))
    policy = TabularPolicy(values, encoding, replicates=replicates, columns=columns, ties="lowest")
    draws = Draws(seed, "tabular/rollout", env.copies)
    shape = values.shape[:2]
    returns, lengths = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    visited, truncated = np.zeros(values.shape[:3], dtype=bool), np.zeros(shape, dtype=bool)
    at = np.arange(shape[0])[:, None], np.arange(shape[1])
    observations = env.reset(seed)
    acting = env.alive
    goes_on = np.ones(env.num_copies, dtype=bool)
    while goes_on.any():
        step = env.step(policy.act(observations, draws))
        for seen in (observations, step.observations):
            visited[(*at, columns.percepts(encoding, seen))] |= acting
        returns += np.where(acting, step.rewards, 0)
        lengths += acting
        truncated |= acting & step.truncated
        ended, observations = step.ended, step.observations
        goes_on &= ~ended
        acting = step.alive & ~step.terminated & ~step.truncated & goes_on[:, None]
        if ended.any() and goes_on.any():
            observations = env.reset(mask=ended)  # a world steps all its copies: these play on
    return Rollout(returns, lengths, visited, truncated)
