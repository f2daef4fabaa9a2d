"""What a world must refuse, and go on as if it had not been asked."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from rallypoint.batch_env import Array, BatchEnv, Group
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.faults import must_raise
from rallypoint.envs.conformance.recording import Recorder, difference
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import InvalidAction, NotConformant


def check(subject: Subject) -> None:
    """Give every kind of wrong action and mask.

    Raises:
        NotConformant: one is accepted, refused with another error, or has an effect.
    """
    asked, left_alone = Recorder(subject.make(copies=2)), Recorder(subject.make(copies=2))
    for recorder in (asked, left_alone):
        recorder.begin(seed=0)
    for what, actions in wrong_actions(asked.env):
        must_raise(InvalidAction, what, partial(asked.env.step, actions))
    for what, mask in wrong_masks(asked.env):
        # Any error will do: which one, the contract leaves open.
        must_raise(Exception, what, partial(asked.env.reset, mask=mask))
    for recorder in (asked, left_alone):
        recorder.step(min(subject.steps, 10))
    if found := difference(asked.env, asked.moments, left_alone.moments):
        raise NotConformant(f"something refused has an effect all the same: {found}")


def wrong_actions(env: BatchEnv) -> Iterator[tuple[str, Any]]:
    """Yield actions that a world must refuse, each with what it is."""
    right = Actor(env).choose()
    for group in env.groups:
        for what, actions in _wrong_in(group, right[group.name]):
            yield f"{what} for group {group.name!r}", right | {group.name: actions}
        without = {name: actions for name, actions in right.items() if name != group.name}
        yield f"a dict of actions without group {group.name!r}", without
    yield "a dict of actions with a group that is none", right | {"no such group": np.zeros(1)}
    yield "an array in place of the dict of actions", right[env.groups[0].name]


def _wrong_in(group: Group, right: Array) -> Iterator[tuple[str, Array]]:
    space: Any = group.action_space
    yield "an array of actions with a copy too many", np.concatenate([right, right[:1]])
    yield (
        "an array of actions with an agent too many",
        np.concatenate([right, right[:, :1]], axis=1),
    )
    yield "an array of actions with an axis too many", right[..., None]
    if isinstance(space, Box):
        highest, lowest = space.high.astype(np.float64), space.low.astype(np.float64)
        if np.isfinite(highest).all():
            yield "an action above its space", _with_last(right, highest + 1 + abs(highest))
        if np.isfinite(lowest).all():
            yield "an action below its space", _with_last(right, lowest - 1 - abs(lowest))
        yield "an action that is not a number", _with_last(right, np.nan)
        return
    start = getattr(space, "start", 0)
    count = space.n if isinstance(space, Discrete) else getattr(space, "nvec", 2)
    yield f"the action {start + count}, above its space,", _with_last(right, start + count)
    yield f"the action {start - 1}, below its space,", _with_last(right, start - 1)
    yield "an action that is no whole number", _with_last(right, start + 0.5)


def _with_last(right: Array, action: Any) -> Array:
    """Put an action in the place of the last agent of the last copy."""
    action = np.asarray(action)
    wrong = right.astype(np.result_type(right.dtype, action.dtype))
    wrong[-1, -1] = action
    return wrong


def wrong_masks(env: BatchEnv) -> Iterator[tuple[str, Array]]:
    """Yield masks that no reset may take, each with what it is."""
    yield "reset with a mask that is too long", np.ones(env.num_copies + 1, dtype=bool)
    yield "reset with a mask of integers", np.ones(env.num_copies, dtype=np.int64)
