"""Pictures: of the right kind, of the copy that is asked for, and without a trace in the world."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from rallypoint.batch_env import BatchEnv, Observations, Step
from rallypoint.envs.conformance.recording import Recorder, difference
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant, Unavailable

_STEPS = 5


def check(subject: Subject) -> None:
    """Draw some steps in each mode, on no screen.

    Raises:
        NotConformant: says what came instead of a picture.
    """
    plain = Recorder(subject.make(copies=2))
    plain.begin(seed=0)
    plain.step(min(_STEPS, subject.steps))
    for mode in plain.env.metadata["render_modes"]:
        env = subject.make(copies=2, render_mode=mode)
        if env.render_mode != mode:
            raise NotConformant(f"made with render_mode={mode!r}, it has {env.render_mode!r}")
        drawn = Recorder(env, afterwards=partial(_draw, env, mode))
        with _no_screen():
            try:
                drawn.begin(seed=0)
                drawn.step(min(_STEPS, subject.steps))
            except Unavailable:  # the window's library is an extra
                continue
        if found := difference(env, plain.moments, drawn.moments):
            raise NotConformant(f"drawing in mode {mode!r} changes the episode: {found}")


def _draw(env: BatchEnv, mode: str, returned: Observations | Step) -> None:
    del returned
    for copy in range(2):
        try:
            picture: Any = env.render(copy)
        except Unavailable:
            raise
        except Exception as error:
            raise NotConformant(
                f"render(copy={copy}) in mode {mode!r} raises {type(error).__name__}: {error}"
            ) from error
        _check_picture(mode, picture)


def _check_picture(mode: str, picture: Any) -> None:
    if mode == "rgb_array":
        is_image = isinstance(picture, np.ndarray) and picture.dtype == np.uint8
        if not is_image or picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
            came = (
                f"{picture.dtype} {picture.shape}"
                if isinstance(picture, np.ndarray)
                else repr(picture)
            )
            raise NotConformant(
                f"render() in mode 'rgb_array' must be uint8 (H, W, 3), and is {came}"
            )
    elif mode == "ansi" and not isinstance(picture, str):
        raise NotConformant(f"render() in mode 'ansi' must be a string, and is {picture!r}")
    elif mode == "human" and picture is not None:
        raise NotConformant(
            f"render() in mode 'human' shows a window and must return None, and returns {picture!r}"
        )


@contextmanager
def _no_screen() -> Iterator[None]:
    """Let SDL, which draws windows for most Python worlds, draw into memory."""
    variable = "SDL_VIDEODRIVER"
    before = os.environ.get(variable)
    os.environ[variable] = "dummy"
    try:
        yield
    finally:
        os.environ.pop(variable) if before is None else os.environ.update({variable: before})
