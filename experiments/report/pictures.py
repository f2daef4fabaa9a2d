"""A run's pictures, as data URIs: what is shown needs no other file."""

import base64
import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageSequence

from rallypoint.errors import UnreadableFile

_MEDIA_TYPES = {
    ".png": "image/png",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
}
_MOST_BYTES = 8_000_000  # of one picture
_MOST_PIXELS = 16_000_000
_MOST_FRAMES = 1000  # of a film, to find its last one
_PALETTE = 128  # colours of a still


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that shows without its file."""

    name: str
    uri: str
    width: int
    height: int
    stills: tuple[str, ...] = ()  # of a film: its first and its last frame, as URIs

    @property
    def is_film(self) -> bool:
        """Whether it moves."""
        return bool(self.stills)

    @property
    def about(self) -> str:
        """The claims' letter that its name begins with, such as G1 in ``G1-learning.png``."""
        return Path(self.name).stem.partition("-")[0]

    @property
    def words(self) -> str:
        """The name, to be read."""
        return Path(self.name).stem.replace("-", " ").replace("_", " ")


class Pictures(NamedTuple):
    """The pictures among a run's files, the files that are none, and what must be said."""

    pictures: tuple[Picture, ...]
    others: tuple[str, ...]
    notes: tuple[str, ...]


def read_pictures(folder: Path, names: Iterable[str]) -> Pictures:
    """Read the pictures among the files that a manifest lists.

    Raises:
        UnreadableFile: a name leads out of the folder.
    """
    pictures, others, notes = [], [], []
    for name in names:
        path = _inside(folder, name)
        if Path(name).suffix.lower() not in _MEDIA_TYPES:
            others.append(name)
            continue
        try:
            pictures.append(_read(path, name))
        except _NotShown as reason:
            notes.append(f"{name} is not shown: {reason}.")
    return Pictures(tuple(pictures), tuple(others), tuple(notes))


class _NotShown(Exception):
    """Why a picture is missing from the page; the rest of the run can still be read."""


def _inside(folder: Path, name: str) -> Path:
    # A manifest may come from anywhere, and must not publish files from elsewhere.
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()):
            return path
    except (OSError, ValueError) as error:  # a loop of links, a NUL
        raise UnreadableFile(f"{folder} lists a file {name[:80]!r}: {error}") from error
    raise UnreadableFile(f"{folder} lists a file {name[:80]!r}, which lies elsewhere")


def _read(path: Path, name: str) -> Picture:
    try:
        if not path.is_file():
            raise _NotShown("it is missing")
        if path.stat().st_size > _MOST_BYTES:
            raise _NotShown(f"it has more than {_MOST_BYTES:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise _NotShown(f"{error.strerror or error}") from error
    media_type = _MEDIA_TYPES[Path(name).suffix.lower()]
    size, stills = _decoded(content, media_type)
    return Picture(
        name=name, uri=_uri(media_type, content), width=size[0], height=size[1], stills=stills
    )


def _decoded(content: bytes, media_type: str) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return a picture's size and, of a film, its stills, having looked at all of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a decompression bomb is only a warning, at first
        try:
            with Image.open(io.BytesIO(content)) as image:
                is_meant = image.get_format_mimetype() == media_type
                is_small = image.width * image.height <= _MOST_PIXELS
                if is_meant and is_small:
                    image.load()
                    return image.size, _stills(image)
        except Exception as error:  # decoders raise anything at all on hostile bytes
            raise _NotShown(f"it holds no {media_type}") from error
    raise _NotShown("it is too large" if is_meant else f"it holds no {media_type}")


def _stills(image: Image.Image) -> tuple[str, ...]:
    """Return the first and last frame of a film: for print, and for who wants nothing to move."""
    if not 1 < getattr(image, "n_frames", 1) <= _MOST_FRAMES:
        return ()
    first = last = image.convert("RGB")
    for frame in ImageSequence.Iterator(image):
        last = frame
    return tuple(_still(frame.convert("RGB")) for frame in (first, last))


def _still(frame: Image.Image) -> str:
    buffer = io.BytesIO()
    frame.quantize(_PALETTE).save(buffer, format="PNG", optimize=True)
    return _uri("image/png", buffer.getvalue())


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
