"""A time limit cuts an episode short: it truncates, and terminates nobody."""

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.episodes import Walk
from rallypoint.envs.conformance.faults import during, whose
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import InvalidConfig, NotConformant

_COPIES = 8


def check(subject: Subject) -> None:
    """Look at the step of the limit, beside a world with a later one where such can be made.

    Raises:
        NotConformant: the limit terminates, or ``max_cycles`` does not set it.
    """
    _max_cycles(subject)
    limit = subject.make().time_limit
    if limit is None or limit > subject.max_steps:
        return
    env = subject.make(copies=_COPIES)
    acted, terminated = _at_step(env, limit)
    later = _with_max_cycles(subject, limit + 1)
    if later is not None:
        terminated &= ~_at_step(later, limit)[1]
    elif not (terminated == acted).all():  # not everybody, so it may well be the task's doing
        return
    if terminated.any():
        agent = whose(env.agents, np.argwhere(terminated)[0])
        raise NotConformant(
            f"{agent} is terminated at step {limit} because time_limit is {limit}; a time limit "
            "truncates"
        )


def _max_cycles(subject: Subject) -> None:
    env = _with_max_cycles(subject, 2)
    if env is None:
        return
    if env.time_limit != 2:
        raise NotConformant(f"made with max_cycles=2, it has time_limit {env.time_limit}")
    walk = Walk(env)
    walk.begin(seed=0)
    walk.steps(3)


def _with_max_cycles(subject: Subject, limit: int) -> BatchEnv | None:
    """Make a world with another time limit, if it has such a setting."""
    try:
        return subject.make(_COPIES, max_cycles=limit)
    except (NotConformant, InvalidConfig):  # no such setting
        return None


def _at_step(env: BatchEnv, limit: int) -> tuple[Mask, Mask]:
    """Return who acted in step number limit of an episode, and who was terminated: (E, N)."""
    actor = Actor(env)
    env.reset(seed=0)
    elapsed = np.zeros(env.num_copies, dtype=np.int64)
    for _ in range(limit):
        acted = env.alive
        with during(f"step {elapsed.max() + 1}"):
            step = env.step(actor.choose())
        elapsed += 1
        there = (elapsed == limit)[:, None]
        if step.ended.any():
            env.reset(mask=step.ended)
            elapsed[step.ended] = 0
    return acted & there, step.terminated & there
