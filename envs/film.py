"""Moving pictures of an episode, of any world that draws RGB arrays."""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rallypoint.batch_env import Actions, BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy

Frame = NDArray[np.uint8]  # (H, W, 3)

_COLOURS = 96  # of one palette for all frames
_SAMPLED = 12  # frames the palette is chosen from
_LAST_SHOWN = 1.5  # seconds, so that the end is seen before it all begins again
_TITLE, _MARGIN = 34, 12  # pixels
_INK = "#20242b"


def record(
    env: BatchEnv,
    acting: Policy | Iterable[Actions],
    *,
    copy: int = 0,
    seed: int | None = None,
    max_steps: int | None = None,
) -> list[Frame]:
    """Run an episode from a reset, and return a picture of its start and of each of its steps.

    Args:
        env: a world made with ``render_mode="rgb_array"``.
        acting: a policy, or the actions of each step; where they run out, the film ends.
        copy: the index of the copy to watch; its end is the film's.
        seed: of the world, and of the policy's draws; without one the next episode is filmed.
        max_steps: when to stop if the episode has not.

    Raises:
        InvalidConfig: the world draws no RGB arrays.
    """
    if env.render_mode != "rgb_array":
        raise InvalidConfig(
            f"a film needs a world made with render_mode='rgb_array', got {env.render_mode!r}"
        )
    return list(_frames(env, acting, copy, seed, max_steps))


def _frames(
    env: BatchEnv,
    acting: Policy | Iterable[Actions],
    copy: int,
    seed: int | None,
    max_steps: int | None,
) -> Iterator[Frame]:
    observations = env.reset(seed)
    policy = cast("Policy", acting) if hasattr(acting, "act") else None
    script = iter(()) if policy else iter(cast("Iterable[Actions]", acting))
    begin = getattr(policy, "begin_episode", lambda _: None)  # of one that remembers
    begin(None)
    draws = Draws(env.seed, "film/policy", env.copies)
    num_steps = 0
    yield env.render(copy)
    while max_steps is None or num_steps < max_steps:
        actions = policy.act(observations, draws) if policy else next(script, None)
        if actions is None:
            return
        step = env.step(actions)
        num_steps += 1
        yield env.render(copy)
        ended = step.ended
        if ended[copy]:
            return
        observations = step.observations
        if ended.any():  # copies that nobody watches
            observations = env.reset(mask=ended)
            draws.begin_episode(ended)
            begin(ended)


def side_by_side(
    left: Sequence[Frame], right: Sequence[Frame], titles: tuple[str, str]
) -> list[Frame]:
    """Show two films at once, each under its title; the shorter one waits at its end."""
    shown = []
    for i in range(max(len(_checked(left)), len(_checked(right)))):
        panels = (left[min(i, len(left) - 1)], right[min(i, len(right) - 1)])
        height = max(len(panel) for panel in panels)
        titled = [
            _titled(panel, height, title) for panel, title in zip(panels, titles, strict=True)
        ]
        gap = np.full((len(titled[0]), _MARGIN, 3), 255, dtype=np.uint8)
        shown.append(np.concatenate([titled[0], gap, titled[1]], axis=1))
    return shown


def gif(frames: Sequence[Frame], *, fps: float = 10) -> bytes:
    """Return the bytes of a GIF that repeats for ever; the last frame is held a while.

    Raises:
        InvalidConfig: there are no frames, they differ in shape, or no such speed exists.
    """
    _checked(frames)
    if not 0 < fps <= 50:
        raise InvalidConfig(f"a GIF shows more than 0 and up to 50 frames a second, got {fps}")
    # One palette, so that what does not change between frames need not be stored again.
    spread = np.unique(np.linspace(0, len(frames) - 1, _SAMPLED).round().astype(int))
    sample = Image.fromarray(np.concatenate([frames[i] for i in spread]))
    # Coverage and one round of k-means: white stays white, which the median cut does not see to.
    palette = sample.quantize(
        _COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
    )
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    shown = round(100 / fps) * 10  # milliseconds; a GIF counts hundredths of a second
    durations = [shown] * (len(images) - 1) + [max(shown, round(1000 * _LAST_SHOWN))]
    written = io.BytesIO()
    images[0].save(
        written,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        optimize=True,
    )
    return written.getvalue()


def _checked(frames: Sequence[Frame]) -> Sequence[Frame]:
    shapes = {(np.shape(frame), getattr(frame, "dtype", None)) for frame in frames}
    ((shape, dtype), *others) = shapes or {((), None)}
    if others or len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
        came = ", ".join(f"{dtype} {shape}" for shape, dtype in shapes) or "none"
        raise InvalidConfig(f"frames are uint8 arrays of one shape (H, W, 3), got {came}")
    return frames


def _titled(panel: Frame, height: int, title: str) -> Frame:
    framed = np.full((_TITLE + height, panel.shape[1], 3), 255, dtype=np.uint8)
    framed[:_TITLE] = _strip(title, panel.shape[1])
    framed[_TITLE : _TITLE + len(panel)] = panel
    return framed


@cache
def _strip(title: str, width: int) -> Frame:
    image = Image.new("RGB", (width, _TITLE), "white")
    font = ImageFont.load_default(18)
    ImageDraw.Draw(image).text((width / 2, _TITLE / 2 + 2), title, _INK, font=font, anchor="mm")
    return np.asarray(image)
