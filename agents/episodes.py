"""Playing an episode: the one loop in which a policy meets a world."""

from collections.abc import Iterator
from typing import NamedTuple

from rallypoint.batch_env import Actions, BatchEnv, Observations, Step
from rallypoint.draws import Draws
from rallypoint.policies import Policy


class Moment(NamedTuple):
    """One step of every copy, from what was seen before it to what came of it."""

    time: int  # steps taken before this one
    observations: Observations
    actions: Actions
    step: Step


def play(
    env: BatchEnv, policy: Policy, draws: Draws, *, seed: int | None = None
) -> Iterator[Moment]:
    """Reset all copies and play until every copy has ended, step by step.

    Copies of one task end together unless the world says otherwise; a copy that ends earlier is
    not reset, so worlds whose copies end apart are played through ``autoreset``.
    """
    observations = env.reset(seed)
    draws.begin_episode()
    if hasattr(policy, "begin_episode"):  # one that remembers
        policy.begin_episode(None)
    time = 0
    ended = False
    while not ended:
        actions = policy.act(observations, draws)
        step = env.step(actions)
        yield Moment(time, observations, actions, step)
        observations = step.observations
        ended = bool(step.ended.all())
        time += 1
