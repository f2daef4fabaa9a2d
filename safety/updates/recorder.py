"""Recording what contributors find and what is sent, and checking receipts by it."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Array, Snapshot
from rallypoint.draws import Integers
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.receipts import Receipt, disagreements
from rallypoint.safety.recording_files import part_path, remove_parts
from rallypoint.safety.threats.update import Updates
from rallypoint.safety.updates.audit import UpdateAudit
from rallypoint.safety.updates.directions import lengths_of
from rallypoint.safety.updates.frame import Stage, UpdateThreats
from rallypoint.safety.updates.recording import (
    DIGEST,
    NOBODY,
    UpdateRecording,
    read_all_updates,
    write_updates,
)
from rallypoint.safety.updates.witness import changed_rows

_PART_BYTES = 4 << 20  # kept before they are written; checkpoints carry what is kept


class UpdateRecorder:
    """Writes down what passes a frame of threats to updates, round by round.

    It looks at updates as they were found, as each threat left them, and as they were sent::

        frame = UpdateThreats(threats, contributors=10, seed=0)
        recorder = UpdateRecorder(frame, out / "recording" / "updates")
        ...
        wrong = recorder.finish()

    Whatever the frame goes on from, a snapshot, say, the recording goes on from with it.
    """

    def __init__(
        self,
        frame: UpdateThreats,
        folder: Path | None = None,
        *,
        vectors: bool = False,
        part_bytes: int = _PART_BYTES,
    ) -> None:
        """Record a frame from its first round on.

        Args:
            frame: of the threats; one without threats is recorded all the same.
            folder: where parts are written; they are kept in memory if none is given. What an
                earlier recording left there is removed.
            vectors: whether to write down all numbers, and not only digests, lengths and
                distances.
            part_bytes: so much is kept before it is written.

        Raises:
            InvalidConfig: the frame is in use already, so that receipts would speak of more than
                the recording.
        """
        if frame.recorder is not None or any(one.occasions for one in frame.receipts()):
            raise InvalidConfig("record updates from the start: make the recorder before a round")
        frame.recorder = self
        self.parts: list[UpdateRecording] = []  # where they are kept in memory
        self._frame = frame
        self._folder = folder
        self._vectors = vectors
        self._part_bytes = part_bytes
        self._num_parts = 0
        self._open_part()

    def keep(
        self,
        number: int,
        members: Integers,
        found: Updates,
        stages: Sequence[Stage],
        received: Updates,
    ) -> None:
        """Write down a round.

        Args:
            number: of the round.
            members: (n,) whose updates they are.
            found: (n, d).
            stages: what each threat made of them, in the order in which they acted.
            received: (n, d) what is sent in the end.
        """
        self._note(
            numbers=np.array([number]),
            counts=np.array([len(members)], dtype=np.int32),
            senders=members.astype(np.int32),
            digests=_digests(found),
            norms=lengths_of(found),
            **({"found": found.copy()} if self._vectors else {}),
        )
        before = found
        for threat, after in (*stages, Stage(NOBODY, received)):
            if np.may_share_memory(before, after):
                continue  # nothing was put in its place
            where = np.flatnonzero(changed_rows(before, after))
            told = after[where]
            with np.errstate(over="ignore", invalid="ignore"):
                apart = told.astype(np.float64) - before[where]
            self._note(
                rows=(self._num_rows + where).astype(np.int32),
                threats=np.full(len(where), threat, dtype=np.int32),
                digests_sent=_digests(told),
                norms_sent=lengths_of(told),
                distances=lengths_of(apart),
                **({"sent": told} if self._vectors else {}),
            )
            before = after
        self._num_rows += len(members)
        if self._kept_bytes > self._part_bytes:
            self._end_part()

    def finish(self) -> list[str]:
        """Write what is left, and say where receipts depart from what was recorded.

        Raises:
            UnwritablePath: the folder takes no more.
        """
        if self._kept or not self._num_parts:
            self._end_part()
        parts = self.parts if self._folder is None else read_all_updates(self._folder)
        return recorded_faults(self._frame, parts, self._frame.receipts())

    def snapshot(self) -> Snapshot:
        """Return how much is written, and what is not yet."""
        written: Snapshot = {"parts": np.array(self._num_parts)}
        return written | nested("open", self._assembled().arrays())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; what was written since then is removed.

        Raises:
            UnreadableFile: what was written before is not there any more.
        """
        self._num_parts = int(snapshot["parts"])
        del self.parts[self._num_parts :]
        if self._folder is not None:
            for number in range(self._num_parts):
                if not (path := part_path(self._folder, number)).is_file():
                    raise UnreadableFile(f"{path} is gone: the recording cannot be gone on with")
            remove_parts(self._folder, first=self._num_parts)
        self._open_part()
        arrays = part_of(snapshot, "open")
        arrays.pop("byzantine")
        self._num_rows = len(arrays["senders"])
        self._note(**{name: array for name, array in arrays.items() if len(array)})

    def _open_part(self) -> None:
        self._kept: dict[str, list[Array]] = {}
        self._kept_bytes = self._num_rows = 0

    def _note(self, **arrays: Array) -> None:
        for name, array in arrays.items():
            self._kept.setdefault(name, []).append(array)
            self._kept_bytes += array.nbytes

    def _end_part(self) -> None:
        part = self._assembled()
        if self._folder is None:
            self.parts.append(part)
        else:
            if not self._num_parts:
                remove_parts(self._folder)
            write_updates(part, part_path(self._folder, self._num_parts))
        self._num_parts += 1
        self._open_part()

    def _assembled(self) -> UpdateRecording:
        frame = self._frame
        arrays = _NOTHING | {name: np.concatenate(kept) for name, kept in self._kept.items()}
        if self._vectors:
            found = arrays.get("found", np.zeros((0, 0)))
            arrays = {"found": found, "sent": found[:0]} | arrays
        return UpdateRecording(
            contributors=frame.contributors, seed=frame.seed, byzantine=frame.byzantine, **arrays
        )


def recorded_faults(
    frame: UpdateThreats, parts: Iterable[UpdateRecording], receipts: Sequence[Receipt]
) -> list[str]:
    """Say where receipts depart from the declaration, or from what was recorded.

    Args:
        frame: of the threats that were declared; what it did itself does not matter.
        parts: of the recording, in order.
        receipts: of its threats.
    """
    audit = UpdateAudit(frame.model, frame.contributors, frame.seed)
    for part in parts:
        audit.add(part)
    return disagreements(frame.model, receipts) + audit.faults(receipts)


_NOTHING: dict[str, Array] = {
    "numbers": np.zeros(0, dtype=np.int64),
    **{name: np.zeros(0, dtype=np.int32) for name in ("counts", "senders", "rows", "threats")},
    **{name: np.zeros((0, DIGEST), dtype=np.uint8) for name in ("digests", "digests_sent")},
    **{name: np.zeros(0) for name in ("norms", "norms_sent", "distances")},
}


def _digests(rows: Updates) -> NDArray[np.uint8]:
    """Return the digest of each row: (n, 16)."""
    found = [blake2b(row.tobytes(), digest_size=DIGEST).digest() for row in rows]
    return np.frombuffer(b"".join(found), dtype=np.uint8).reshape(-1, DIGEST)
