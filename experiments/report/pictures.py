"""A run's pictures, as data URIs: what is shown needs no other file."""

import base64
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
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
_COLOURS = 64  # of a picture that is made smaller, and of stills
_WIDTHS = (640, 480, 320, 200)  # to which a picture is made smaller


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture that shows without its file."""

    name: str
    uri: str  # empty where a film is too large to be shown moving
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


def read_pictures(folder: Path, names: Iterable[str], *, room: int) -> Pictures:
    """Read the pictures among the files that a manifest lists.

    Args:
        folder: of the run.
        names: as the manifest lists them.
        room: bytes for all of them together; what takes more than its share is made smaller, and
            a film stands still.

    Raises:
        UnreadableFile: a name leads out of the folder.
    """
    contents: dict[str, bytes] = {}
    others, notes = [], []
    for name in names:
        path = _inside(folder, name)
        if Path(name).suffix.lower() not in _MEDIA_TYPES:
            others.append(name)
            continue
        try:
            contents[name] = _read(path)
        except _NotShown as reason:
            notes.append(f"{name} is not shown: {reason}.")
    shares = shared_out({name: len(content) for name, content in contents.items()}, room)
    pictures = []
    smaller = 0
    for name, content in contents.items():
        try:
            pictures.append(_shown(name, content, shares[name]))
            smaller += shares[name] < len(content)
        except _NotShown as reason:
            notes.append(f"{name} is not shown: {reason}.")
    if smaller:
        notes.append(
            f"{smaller} of {len(pictures)} pictures are smaller than they were drawn, and films "
            "stand still: this page shows so much. The folder has them as they were."
        )
    return Pictures(tuple(pictures), tuple(others), tuple(notes))


def shared_out(sizes: Mapping[str, int], room: int) -> dict[str, int]:
    """Share room out fairly: what takes less than its share leaves the rest to others.

    >>> shared_out({"a": 10, "b": 80, "c": 90}, 110)
    {'a': 10, 'b': 50, 'c': 50}
    """
    shares: dict[str, int] = {}
    left = room
    for place, (name, size) in enumerate(sorted(sizes.items(), key=lambda item: item[1])):
        shares[name] = min(size, left // (len(sizes) - place))
        left -= shares[name]
    return shares


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


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _NotShown("it is missing")
        if path.stat().st_size > _MOST_BYTES:
            raise _NotShown(f"it has more than {_MOST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise _NotShown(f"{error.strerror or error}") from error


def _shown(name: str, content: bytes, share: int) -> Picture:
    """Return a picture in so many bytes, having looked at all of it."""
    media_type = _MEDIA_TYPES[Path(name).suffix.lower()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a decompression bomb is only a warning, at first
        try:
            with Image.open(io.BytesIO(content)) as image:
                is_meant = image.get_format_mimetype() == media_type
                is_small = image.width * image.height <= _MOST_PIXELS
                if is_meant and is_small:
                    image.load()
                    return _fitted(name, image, media_type, content, share)
        except Exception as error:  # decoders raise anything at all on hostile bytes
            raise _NotShown(f"it holds no {media_type}") from error
    raise _NotShown("it is too large" if is_meant else f"it holds no {media_type}")


def _fitted(name: str, image: Image.Image, media_type: str, content: bytes, share: int) -> Picture:
    width, height = image.size
    is_whole = len(content) <= share
    smaller = [narrow for narrow in _WIDTHS if narrow < width] or [width]
    uri = _uri(media_type, content) if is_whole else ""
    if frames := _ends(image):
        widths = [width] if is_whole else smaller
        stills = tuple(_redrawn(frame, widths, share // 2) for frame in frames)
        return Picture(name=name, uri=uri, width=width, height=height, stills=stills)
    uri = uri or _redrawn(image.convert("RGB"), smaller, share)
    return Picture(name=name, uri=uri, width=width, height=height)


def _ends(image: Image.Image) -> tuple[Image.Image, ...]:
    """Return the first and last frame of a film: for print, and for who wants nothing to move."""
    if not 1 < getattr(image, "n_frames", 1) <= _MOST_FRAMES:
        return ()
    first = last = image.convert("RGB")
    for frame in ImageSequence.Iterator(image):
        last = frame
    return first, last.convert("RGB")


def _redrawn(image: Image.Image, widths: Sequence[int], share: int) -> str:
    """Return a picture in few colours, of the first width that fits, or of the last."""
    buffer = io.BytesIO()
    taken, last = 0, widths[0]
    for width in widths:
        # As experience has it, bytes grow a bit faster than the width: so some need no try.
        if taken * (width / last) ** 1.3 > share and width != widths[-1]:
            continue
        size = width, max(1, round(image.height * width / image.width))
        scaled = image.resize(size, Image.Resampling.BOX) if size != image.size else image
        buffer = io.BytesIO()
        scaled.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            buffer, format="PNG"
        )
        taken, last = buffer.tell(), width
        if taken <= share:
            break
    return _uri("image/png", buffer.getvalue())


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
