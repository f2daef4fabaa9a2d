"""Films and pictures as files."""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, overload

import numpy as np
from PIL import Image

from rallypoint.envs import film
from rallypoint.envs.drawing.canvas import Frame
from rallypoint.errors import InvalidConfig, Unavailable
from rallypoint.files import write_atomically

KINDS = (".gif", ".mp4", ".png")
_HELD = 1.5  # seconds for which the last picture is seen


class Reel(Sequence[Frame]):
    """Pictures kept small: those of an episode are flat, and much alike."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        """Keep pictures of one shape."""
        self._shape: tuple[int, ...] = ()
        self._packed = []
        for frame in frames:
            self._shape = frame.shape
            self._packed.append(zlib.compress(np.ascontiguousarray(frame).tobytes(), 1))

    def __len__(self) -> int:
        """How many."""
        return len(self._packed)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Frame]: ...
    def __getitem__(self, index: int | slice) -> Frame | Sequence[Frame]:
        """Unpack one picture, or several."""
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        unpacked = np.frombuffer(zlib.decompress(self._packed[index]), dtype=np.uint8)
        return unpacked.reshape(self._shape)


def check_out(out: Path, episodes: int) -> None:
    """Refuse, before anything is played, a file that could not be written in the end.

    Raises:
        InvalidConfig: of a kind that is not known, or a film strip of several episodes.
        Unavailable: an MP4 without what writes it; says how to get it.
    """
    if out.suffix.lower() not in KINDS:
        raise InvalidConfig(
            f"--out ends in {', '.join(KINDS[:-1])} (a film) or {KINDS[-1]} (a film strip), "
            f"got {str(out)!r}"
        )
    if out.suffix.lower() == ".png" and episodes > 1:
        raise InvalidConfig(
            f"a film strip shows one episode, got --episodes {episodes}; take --out FILE.gif"
        )
    if out.suffix.lower() == ".mp4":
        _av()


def write_film(frames: Sequence[Frame], out: Path, fps: float) -> None:
    """Write a GIF or an MP4, by how its name ends.

    Raises:
        Unavailable: an MP4 without what writes it.
        UnwritablePath: nothing is left behind.
    """
    content = mp4(frames, fps) if out.suffix.lower() == ".mp4" else film.gif(frames, fps=fps)
    write_atomically(out, content)


def write_picture(frame: Frame, out: Path) -> None:
    """Write a PNG.

    Raises:
        UnwritablePath: nothing is left behind.
    """
    written = io.BytesIO()
    Image.fromarray(frame).save(written, format="PNG", optimize=True)
    write_atomically(out, written.getvalue())


def mp4(frames: Sequence[Frame], fps: float) -> bytes:
    """Return the bytes of an MP4 (H.264); the last picture is held a while.

    Raises:
        Unavailable: without PyAV.
    """
    av = _av()
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as container:
        stream = container.add_stream("h264", rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"  # what every reader plays
        stream.thread_count = 1  # the same bytes on every machine
        for frame in _with_end(frames, fps):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return written.getvalue()


def _with_end(frames: Sequence[Frame], fps: float) -> Iterator[Frame]:
    yield from frames
    for _ in range(round(_HELD * fps) - 1):
        yield frames[-1]


def _av() -> Any:
    try:
        import av
        from av import VideoFrame  # noqa: F401  # a folder of that name would be imported, too
    except ImportError as error:
        raise Unavailable(
            "an MP4 needs PyAV, which is not installed: pip install 'rallypoint[video]', or take "
            "--out FILE.gif"
        ) from error
    return av
