"""What callers do with their arrays, and of which type they are, changes nothing in the world."""

import numpy as np

from rallypoint.batch_env import Array, Observations, Step
from rallypoint.envs.conformance.recording import Recorder, difference, named, play, told
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant


def check(subject: Subject) -> None:
    """Write into everything returned, and give actions of another type and memory order.

    Raises:
        NotConformant: the episode becomes another one.
    """
    env = subject.make(copies=4)
    steps = subject.steps
    as_ever = play(env, 0, steps)

    def scribble(returned: Observations | Step) -> None:
        arrays = told(returned) if isinstance(returned, Step) else named(returned)
        asked = [writer.env.alive] + ([writer.env.state()] if "state" in env.offers else [])
        asked += writer.env.regions().values() if "regions" in env.offers else []
        for array in [*arrays.values(), *asked]:
            if array.flags.writeable:
                array[...] = ~array if array.dtype == bool else 7

    writer = Recorder(subject.make(copies=4), afterwards=scribble)
    _two_episodes(writer, steps)
    if found := difference(env, as_ever, writer.moments):
        raise NotConformant(f"writing into arrays that it returned changes the world: {found}")
    other = Recorder(subject.make(copies=4), given=_of_another_kind)
    _two_episodes(other, steps)
    if found := difference(env, as_ever, other.moments):
        raise NotConformant(f"actions as int32, in another memory order, act otherwise: {found}")


def _two_episodes(recorder: Recorder, steps: int) -> None:
    recorder.begin(seed=0)
    recorder.step(steps)
    recorder.begin()
    recorder.step(steps)


def _of_another_kind(actions: Array) -> Array:
    return np.asfortranarray(actions.astype(np.int32) if actions.dtype == np.int64 else actions)
