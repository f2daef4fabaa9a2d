"""All frames of a run around one world or many: to updates and to what servers say, recorded."""

from collections.abc import Sequence
from pathlib import Path

from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.receipts.contradictions import faults_of_agents
from rallypoint.safety.recording_files import remove_parts
from rallypoint.safety.updates.frame import UpdateThreats
from rallypoint.safety.updates.recorder import UpdateRecorder, recorded_faults
from rallypoint.safety.updates.recording import read_all_updates

UPDATES, SERVERS = "updates", "servers"  # folders in that of a run's recording


class FramesOfRun:
    """What stands between a run's contributors and servers."""

    def __init__(self, updates: Sequence[UpdateThreats], servers: Sequence[UpdateThreats]) -> None:
        """Take the frames around updates, one for each group, and around what servers say."""
        self._frames: dict[str, UpdateThreats] = {}
        for name, frames in ((UPDATES, updates), (SERVERS, servers)):
            self._frames |= dict(zip(folders(name, len(frames)), frames, strict=True))
        self._recorders: list[UpdateRecorder] = []

    def record(self, folder: Path, *, vectors: bool = False) -> None:
        """Write down what passes them, each into a folder of its own; see ``UpdateRecorder``.

        What an earlier run had frames for, and this one has not, is removed.
        """
        for kind in (UPDATES, SERVERS):
            for other in {folder / kind, *folder.glob(f"{kind}-*")}:
                if other.name not in self._frames:
                    remove_parts(other)
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

    def faults(self, folder: Path | None, receipts: Sequence[Receipt]) -> list[str]:
        """Say where receipts depart from the declaration, or from what a run wrote down.

        Args:
            folder: of the recording, as ``record`` had it; none, if nothing was written down.
            receipts: of all frames, as ``account`` returns them.

        Raises:
            UnreadableFile: a recording is missing, or damaged.
        """
        found: list[str] = []
        for name, frame in self._frames.items():
            mine, receipts = receipts[: len(frame.receipts())], receipts[len(frame.receipts()) :]
            if folder is None:
                found += faults_of_agents(mine, frame.contributors)
                found += disagreements(frame.model, mine)
            else:
                found += recorded_faults(frame, read_all_updates(folder / name), mine)
        if receipts:
            found.append(f"there are {len(receipts)} receipts more than threats")
        return found


def folders(name: str, count: int) -> list[str]:
    """Return the folders of so many frames of a kind.

    >>> folders("servers", 2)
    ['servers', 'servers-2']
    """
    return [f"{name}-{place}" if place > 1 else name for place in range(1, count + 1)]


def recorded_in(folder: Path, recording: str) -> tuple[str, ...]:
    """Return the files in a run's folder that recordings of updates left there, by name."""
    paths = sorted((folder / recording).glob("*/part-*.npz"))
    return tuple(path.relative_to(folder).as_posix() for path in paths)
