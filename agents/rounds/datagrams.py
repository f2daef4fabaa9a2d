"""Updates in datagrams, each with its offset and a signature."""

import hmac
import struct
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

_HEAD = struct.Struct("<4sHIIH")  # magic, sender, round, offset, coordinates
_MAGIC, _ENDED = b"rpu1", b"rpe1"
_SIGNED = 16  # bytes of a signature
LARGEST = (65507 - _HEAD.size - _SIGNED) // 4  # coordinates that fit into a datagram


class Datagram(NamedTuple):
    """A piece of an update; none of it where its sender says that there is no more."""

    sender: int
    round_number: int
    offset: int  # of its first coordinate
    values: NDArray[np.float32]
    is_end: bool


def packed(datagram: Datagram, key: bytes) -> bytes:
    """Return a datagram's bytes, signed by its sender's key."""
    head = _HEAD.pack(
        _ENDED if datagram.is_end else _MAGIC,
        datagram.sender,
        datagram.round_number,
        datagram.offset,
        len(datagram.values),
    )
    body = head + datagram.values.astype("<f4").tobytes()
    return body + _signature(body, key)


def unpacked(message: bytes, key_by_sender: Mapping[int, bytes]) -> Datagram | None:
    """Return what a message says; None if it is cut, of nobody known, or not signed by them."""
    if len(message) < _HEAD.size + _SIGNED:
        return None
    body, signature = message[:-_SIGNED], message[-_SIGNED:]
    magic, sender, round_number, offset, count = _HEAD.unpack_from(body)
    key = key_by_sender.get(sender)
    if key is None or magic not in (_MAGIC, _ENDED) or len(body) != _HEAD.size + 4 * count:
        return None
    if not hmac.compare_digest(signature, _signature(body, key)):
        return None
    values = np.frombuffer(body, dtype="<f4", offset=_HEAD.size).astype(np.float32)
    return Datagram(sender, round_number, offset, values, magic == _ENDED)


def pieces(update: NDArray[Any], packet: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield an update (d,) in pieces of so many coordinates, each with its offset.

    Raises:
        InvalidConfig: a piece would not fit into a datagram.
    """
    if not 1 <= packet <= LARGEST:
        raise InvalidConfig(f"a packet holds 1 to {LARGEST} coordinates, got {packet}")
    for offset in range(0, len(update), packet):
        yield offset, update[offset : offset + packet]


def _signature(body: bytes, key: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_SIGNED).digest()
