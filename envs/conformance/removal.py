"""Whoever is removed is gone until the next reset, and other copies do not notice."""

import numpy as np

from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.faults import during, must_raise, whose
from rallypoint.envs.conformance.lives import Lives
from rallypoint.envs.conformance.recording import Moment, difference, named
from rallypoint.envs.conformance.shapes import check_observations, check_step
from rallypoint.envs.conformance.subject import Subject
from rallypoint.envs.conformance.witness import unchanged
from rallypoint.errors import EpisodeEnded, NotConformant

_ROW = 1  # of three, whose agents are removed
_STEPS = 5


def check(subject: Subject) -> None:
    """Remove one living agent of a copy and, in the next episode, everybody of it.

    Raises:
        NotConformant: it is still there or comes back, or somebody else is gone.
    """
    env = subject.make(copies=3)
    if "remove" not in env.offers:
        return
    env.reset(seed=0)
    agent = int(np.argmax(env.alive[_ROW]))
    _remove(env, _only(env, agent))
    if "geometry" in env.offers and (env.geometry().positions[_ROW, agent] != -1).any():
        raise NotConformant(
            f"{env.agents[agent]} is removed, and geometry() still has it somewhere"
        )
    _stays_away(env, agent, min(_STEPS, subject.steps))
    _comes_back(env, subject.make(copies=3))
    _remove(env, _only(env, slice(None)))
    must_raise(
        EpisodeEnded,
        f"a step after everybody in row {_ROW} was removed",
        lambda: env.step(Actor(env).choose()),
    )
    wrong = np.ones((3, env.num_agents + 1), dtype=bool)
    must_raise(Exception, "removing with a mask of an agent too many", lambda: env.remove(wrong))


def _only(env: BatchEnv, agents: int | slice) -> Mask:
    mask = np.zeros((3, env.num_agents), dtype=bool)
    mask[_ROW, agents] = True
    return mask & env.alive


def _remove(env: BatchEnv, mask: Mask) -> None:
    alive = env.alive
    with during("remove()"), unchanged({"mask": mask}, "remove()", read_only=True):
        observations = env.remove(mask)
    if (env.alive != (alive & ~mask)).any():
        index = np.argwhere(env.alive != (alive & ~mask))[0]
        what = "removed and still alive" if mask[tuple(index)] else "gone, though not removed"
        raise NotConformant(f"{whose(env.agents, index)} is {what}")
    check_observations(env, observations, env.alive, "remove()")


def _stays_away(env: BatchEnv, agent: int, steps: int) -> None:
    actor, lives = Actor(env), Lives(env)
    if not env.alive[_ROW].any():
        return  # it was alone, so the copy has ended
    lives.begin(np.ones(3, dtype=bool))
    for number in range(1, steps + 1):
        with during(f"step {number} after remove()"):
            step = env.step(actor.choose())
        check_step(env, step, f"step {number} after remove()")
        if step.alive[_ROW, agent]:
            raise NotConformant(
                f"{whose(env.agents, (_ROW, agent))} was removed, and is alive {number} steps later"
            )
        lives.step(step)
        if step.ended.any():
            return


def _comes_back(env: BatchEnv, undisturbed: BatchEnv) -> None:
    undisturbed.reset(seed=0)
    next_resets = [
        [Moment("the next reset", named(world.reset()) | {"alive": world.alive})]
        for world in (env, undisturbed)
    ]
    if found := difference(env, next_resets[0], next_resets[1]):
        raise NotConformant(f"removal lasts beyond the next reset: {found}")
