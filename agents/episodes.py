"""Playing an episode: the one loop in which a policy meets a world."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Actions, BatchEnv, Mask, Observations, Step
from rallypoint.draws import Draws
from rallypoint.policies import Policy


class Moment(NamedTuple):
    """One step of every copy, from what was seen before it to what came of it."""

    time: int  # steps taken before this one
    observations: Observations
    actions: Actions
    step: Step
    in_first_episode: Mask  # (E,) copies whose first episode this step is of; others do not count


def play(
    env: BatchEnv, policy: Policy, draws: Draws, *, seed: int | None = None
) -> Iterator[Moment]:
    """Reset all copies and play until each has ended once, step by step.

    A copy that ends before the others starts anew and is played on, as a world needs it to be; its
    steps from then on count for nothing, and a moment's ``in_first_episode`` says so. Where copies
    end together, which is the rule, every step counts. Give it the world without ``autoreset``.
    """
    observations = env.reset(seed)
    draws.begin_episode()
    if hasattr(policy, "begin_episode"):  # one that remembers
        policy.begin_episode(None)
    time = 0
    in_first: Mask = np.ones(env.num_copies, dtype=bool)
    while in_first.any():
        actions = policy.act(observations, draws)
        step = env.step(actions)
        yield Moment(time, observations, actions, step, in_first)
        observations = step.observations
        ended = step.ended
        in_first = in_first & ~ended  # a new one: callers keep moments
        if ended.any() and in_first.any():
            observations = env.reset(mask=ended)
            draws.begin_episode(ended)
            if hasattr(policy, "begin_episode"):
                policy.begin_episode(ended)
        time += 1
