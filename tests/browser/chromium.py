"""A headless Chromium, spoken to through two pipes: the DevTools protocol, and no package for it.

``--remote-debugging-pipe`` reads commands from file descriptor 3 and writes answers and events to
4, as JSON that ends in a zero byte (https://chromedevtools.github.io/devtools-protocol).
"""

import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 60.0  # seconds for one answer, on a busy machine
_FLAGS = (
    *("--headless", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars"),
    *("--no-first-run", "--no-default-browser-check", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-extensions", "--mute-audio"),
    "--disable-dev-shm-usage",  # which is too small in many containers
)


class NoChromium(Exception):
    """There is no browser here; says what to do."""


class BrowserError(Exception):
    """The browser refused a command, ended, or was silent for too long."""


def find_chromium() -> str:
    """Return the browser's path: $CHROMIUM, or the first of its names that is installed.

    Raises:
        NoChromium: there is none.
    """
    chosen = os.environ.get("CHROMIUM")
    for name in [chosen] if chosen else NAMES:
        if found := shutil.which(name):
            return found
    raise NoChromium(
        f"these tests need a Chromium, and there is no {chosen or ' or '.join(NAMES[:2])}: install "
        "one (apt-get install chromium), or say where it is with CHROMIUM=/path/to/chromium"
    )


class Chromium:
    """One browser; ``call`` gives it commands, and events wait in ``events`` until looked at."""

    def __init__(self) -> None:
        self._profile = TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        flags = [*_FLAGS, f"--user-data-dir={self._profile.name}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # which root cannot have
        silent = os.open(os.devnull, os.O_RDWR)
        binary = find_chromium()
        self._process = os.posix_spawn(
            binary,
            [binary, *flags],
            os.environ | {"HOME": self._profile.name},  # no settings of somebody's own
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, silent, at) for at in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            ],
            setpgroup=0,  # so that its children end with it
        )
        for descriptor in (theirs_in, theirs_out, silent):
            os.close(descriptor)
        self._unread = b""
        self._number = 0
        self.events: deque[dict[str, Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(BrowserError, OSError):
            self.call("Browser.close")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not os.waitpid(self._process, os.WNOHANG)[0]:
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Give a command and return its answer.

        Raises:
            BrowserError: it was refused, or there is no answer.
        """
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        _write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read(_PATIENCE, method)
            if message.get("id") != self._number:
                self.events.append(message)
            elif "error" in message:
                raise BrowserError(f"{method}: {message['error'].get('message')}")
            else:
                answer: dict[str, Any] = message["result"]
                return answer

    def wait_for(self, event: str, session: str) -> None:
        """Return when an event has come; it may have come before."""
        place = 0
        while True:
            while place < len(self.events):
                message = self.events[place]
                if message.get("method") == event and message.get("sessionId") == session:
                    return
                place += 1
            self.events.append(self._read(_PATIENCE, event))

    @contextmanager
    def tab(self) -> Iterator[str]:
        """Open an empty tab, and yield its session."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        yield self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Target.closeTarget", targetId=target)

    def _read(self, patience: float, what: str) -> dict[str, Any]:
        deadline = time.monotonic() + patience
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise BrowserError(f"no answer to {what} in {patience:g} seconds")
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise BrowserError(f"the browser ended before it answered {what}")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


def _pipe() -> tuple[int, int]:
    """Return a pipe whose ends are not among the numbers that the browser gives a meaning."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
