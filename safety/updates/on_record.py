"""All frames of a run around one world or many: to updates and to what servers say, recorded."""

from collections.abc import Sequence
from pathlib import Path

from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.updates.frame import UpdateThreats
from rallypoint.safety.updates.recorder import UpdateRecorder, recorded_faults
from rallypoint.safety.updates.recording import read_all_updates

UPDATES, SERVERS = "updates", "servers"  # folders in that of a run's recording


class FramesOfRun:
    """What stands between a run's contributors and servers."""

    def __init__(self, updates: UpdateThreats | None, servers: Sequence[UpdateThreats]) -> None:
        """Take the frame around updates, if there is one, and those around what servers say."""
        self._frames: dict[str, UpdateThreats] = {} if updates is None else {UPDATES: updates}
        self._frames |= dict(zip(server_folders(len(servers)), servers, strict=True))
        self._recorders: list[UpdateRecorder] = []

    def record(self, folder: Path, *, vectors: bool = False) -> None:
        """Write down what passes them, each into a folder of its own; see ``UpdateRecorder``."""
        self._recorders = [
            UpdateRecorder(frame, folder / name, vectors=vectors)
            for name, frame in self._frames.items()
        ]

    def account(self) -> tuple[tuple[Receipt, ...], list[str]]:
        """Return all receipts, and where they depart from what was declared, or recorded."""
        frames = self._frames.values()
        receipts = tuple(receipt for frame in frames for receipt in frame.receipts())
        if self._recorders:
            return receipts, [fault for one in self._recorders for fault in one.finish()]
        return receipts, [
            fault for frame in frames for fault in disagreements(frame.model, frame.receipts())
        ]

    def faults(self, folder: Path, receipts: Sequence[Receipt]) -> list[str]:
        """Say where receipts depart from the declaration, or from what a run wrote down.

        Args:
            folder: of the recording, as ``record`` had it.
            receipts: of all frames, as ``account`` returns them.

        Raises:
            UnreadableFile: a recording is missing, or damaged.
        """
        found: list[str] = []
        for name, frame in self._frames.items():
            mine, receipts = receipts[: len(frame.receipts())], receipts[len(frame.receipts()) :]
            found += recorded_faults(frame, read_all_updates(folder / name), mine)
        return found


def server_folders(count: int) -> list[str]:
    """Return the folders of so many frames around what servers say.

    >>> server_folders(2)
    ['servers', 'servers-2']
    """
    return [f"{SERVERS}-{place}" if place > 1 else SERVERS for place in range(1, count + 1)]


def recorded_in(folder: Path, recording: str) -> tuple[str, ...]:
    """Return the files in a run's folder that recordings of updates left there, by name."""
    paths = sorted((folder / recording).glob("*/part-*.npz"))
    return tuple(path.relative_to(folder).as_posix() for path in paths)
