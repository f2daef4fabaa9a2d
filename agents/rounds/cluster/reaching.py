"""Asking whether a Ray can be reached at all: Ray itself would try for minutes."""

import os
import socket

from ray._private.services import canonicalize_bootstrap_address

SECONDS = 10.0  # in which a Ray has to answer; one that lives takes milliseconds
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, section 3.4
_NO_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # the frame that follows it, and is answered
_LENGTH, _KIND = 9, 3  # of the head of a frame, and where the head says what is in the frame
_SETTINGS = b"\x04"


def reach_itself() -> None:
    """Refuse a machine that cannot connect to itself: parts of a Ray talk over its loopback.

    Raises:
        OSError: it has no loopback, or a firewall stands before it.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=SECONDS).close()


def reach(address: str) -> None:
    """Refuse an address at which nobody answers as Ray's head does, which is by gRPC.

    Args:
        address: host:port, or "auto" for the one that RAY_ADDRESS or ``ray start`` left here.

    Raises:
        OSError: there is none, nobody listens there, or who listens is no Ray, or hangs.
        ValueError: it is no address.
    """
    found = str(canonicalize_bootstrap_address(address))
    host, _, port = found.rpartition(":")
    try:
        answer = _answer(host.strip("[]"), int(port))
    except OSError as error:
        raise ConnectionError(f"{found} does not answer: {error}") from error
    if answer is not None and answer[_KIND:][:1] != _SETTINGS:
        raise ConnectionError(f"what listens at {found} is no Ray")


def _answer(host: str, port: int) -> bytes | None:
    """Return the head of what is said to somebody who opens HTTP/2; None where it is ciphered."""
    with socket.create_connection((host, port), timeout=SECONDS) as connection:
        if os.environ.get("RAY_USE_TLS", "0") == "1":
            return None
        connection.sendall(_PREFACE + _NO_SETTINGS)
        return connection.recv(_LENGTH, socket.MSG_WAITALL)
