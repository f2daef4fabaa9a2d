"""Sending updates by UDP on this machine, to measure what lossy transport costs and saves.

The channel of experiments is deterministic (the threat ``packet_loss``); this one is real: what the
kernel drops is lost, besides what senders leave out on purpose, as loopback hardly loses anything.
"""

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.datagrams import Datagram, packed, pieces, unpacked
from rallypoint.batch_env import Mask

_ENDS = 3  # times that a sender says it has no more, as that may be lost, too
_ROOM = 1 << 22  # bytes that the kernel is asked to keep for the receiver
_PAUSE = 1 << 16  # bytes after which senders let the receiver run


class Collected(NamedTuple):
    """What arrived of a round's updates."""

    updates: NDArray[np.float32]  # (n, d); NaN where nothing arrived
    sent: int  # datagrams, those sent again counted again
    refused: int  # that were malformed, badly signed or late
    seconds: float


class Channel:
    """A receiver on loopback, and senders with a key each."""

    def __init__(self, key_by_sender: Mapping[int, bytes], *, packet: int = 8192) -> None:
        """Open a port.

        Args:
            key_by_sender: by which datagrams are signed; without one nobody is heard.
            packet: coordinates in a datagram.
        """
        self.packet = packet
        self._keys = dict(key_by_sender)
        self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        self._receiver.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._receiver.getsockname()

    def __enter__(self) -> Self:
        """Return the channel."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port."""
        self._receiver.close()

    def carry(
        self,
        updates: NDArray[Any],
        round_number: int,
        rng: np.random.Generator,
        *,
        loss: float = 0.0,
        again: bool = False,
        deadline: float = 5.0,
    ) -> Collected:
        """Send updates (n, d) of senders 0 to n - 1, and return what arrives.

        Args:
            updates: of float32.
            round_number: datagrams of another one are refused.
            rng: of what senders leave out.
            loss: probability of each datagram to be left out.
            again: whether what is missing is sent again until everything is there, as a reliable
                transport does.
            deadline: seconds after which whatever is missing stays so.
        """
        began = time.perf_counter()
        got = np.full(updates.shape, np.nan, dtype=np.float32)
        starts = range(0, updates.shape[1], self.packet)
        missing = np.ones((len(updates), len(starts)), dtype=bool)
        sent = refused = attempt = 0
        while missing.any() and time.perf_counter() - began < deadline:
            goes = missing & (rng.random(missing.shape) >= loss)
            sender = threading.Thread(
                target=self._send, args=(updates, round_number, attempt, goes)
            )
            sender.start()
            sent += int(goes.sum())
            left = deadline - (time.perf_counter() - began)
            refused += self._collect(got, missing, (round_number, attempt), left)
            sender.join()
            attempt += 1
            if not again:
                break
        return Collected(got, sent, refused, time.perf_counter() - began)

    def _send(self, updates: NDArray[Any], round_number: int, attempt: int, goes: Mask) -> None:
        """Send the pieces that go, and then that there are no more in this attempt."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            waiting = 0
            for sender, (update, chosen) in enumerate(zip(updates, goes, strict=True)):
                for (offset, values), is_sent in zip(
                    pieces(update, self.packet), chosen, strict=True
                ):
                    if is_sent:
                        one = Datagram(sender, round_number, offset, values, is_end=False)
                        waiting += out.sendto(packed(one, self._keys[sender]), self.address)
                    if waiting > _PAUSE:
                        time.sleep(0)
                        waiting = 0
            nothing = np.empty(0, dtype=np.float32)
            for sender in [*range(len(updates))] * _ENDS:
                end = Datagram(sender, round_number, attempt, nothing, is_end=True)
                out.sendto(packed(end, self._keys[sender]), self.address)

    def _collect(
        self, got: NDArray[np.float32], missing: Mask, now: tuple[int, int], seconds: float
    ) -> int:
        """Put what arrives in its place until all have ended; return how much was refused.

        Now is a round and an attempt in it.
        """
        until = time.perf_counter() + seconds
        ended: set[int] = set()
        refused = 0
        while len(ended) < len(got) and (left := until - time.perf_counter()) > 0:
            self._receiver.settimeout(left)
            try:
                message = self._receiver.recv(1 << 16)
            except TimeoutError:
                break
            one = unpacked(message, self._keys)
            if one is None or one.round_number != now[0] or not _fits(one, got, self.packet):
                refused += 1
            elif one.is_end:
                if one.offset == now[1]:
                    ended.add(one.sender)
            else:
                got[one.sender, one.offset : one.offset + len(one.values)] = one.values
                missing[one.sender, one.offset // self.packet] = False
        return refused


def _fits(one: Datagram, got: NDArray[Any], packet: int) -> bool:
    """Say whether a datagram is a whole piece of an update that is expected."""
    if one.sender >= len(got):
        return False
    expected = min(packet, got.shape[1] - one.offset)
    is_piece = expected > 0 and not one.offset % packet and len(one.values) == expected
    return one.is_end or is_piece


def carry_reliably(updates: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Send updates (n, d) by TCP on loopback; return what arrived, and the seconds it took."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address: tuple[str, int] = server.getsockname()
        began = time.perf_counter()
        sender = threading.Thread(target=_send_rows, args=(updates, address))
        sender.start()
        got = np.empty(updates.shape, dtype=np.float32)
        for row in got:
            connection, _ = server.accept()
            with connection:
                _fill(connection, row)
        sender.join()
        return got, time.perf_counter() - began


def _send_rows(updates: Sequence[NDArray[Any]], address: tuple[str, int]) -> None:
    for update in updates:
        with socket.create_connection(address) as out:
            out.sendall(np.ascontiguousarray(update, dtype=np.float32).data)


def _fill(connection: socket.socket, row: NDArray[np.float32]) -> None:
    view = memoryview(row.data).cast("B")
    while len(view):
        view = view[connection.recv_into(view) :]
