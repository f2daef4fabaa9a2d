"""What rounds tell, for TensorBoard, under the names that SB3 has for it."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rallypoint.errors import UnwritablePath

# One file of one name, so that a run's folder knows it for its own whatever stops the run.
EVENTS = "tensorboard/events.out.tfevents.rallypoint"

_NAMES = {
    "return": "rollout/ep_rew_mean",
    "episodes": "rollout/episodes",
    "round": "time/iterations",
    "steps": "time/total_timesteps",
    "variance_to_norm": "train/variance_to_norm",
    "cosine": "train/cosine",
    "diameter": "train/diameter",
}


class Scalars:
    """Writes a row of metrics as scalars at the step it tells of; a context manager."""

    def __init__(self, out: Path, *, resumed: bool = False) -> None:
        """Begin a file anew; rows from before come again when a training goes on.

        Args:
            out: the folder of the run.
            resumed: whether they do; how fast steps are played is then not told.

        Raises:
            UnwritablePath: the folder takes no files.
        """
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
        from tensorboard.summary.writer.record_writer import (  # type: ignore[import-untyped]
            RecordWriter,
        )

        path = out / EVENTS
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb")
        except OSError as error:
            raise UnwritablePath(f"cannot write {path}: {error.strerror or error}") from error
        self._event, self._writer = Event, RecordWriter(self._file)
        self._began = None if resumed else time.monotonic()
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, row: Mapping[str, Any]) -> None:
        """Write what a row of ``TeamTraining.run`` tells; what it leaves open is left out."""
        told = {name: row.get(key) for key, name in _NAMES.items()}
        for contributor, weight in row.get("believed", {}).items():
            told[f"train/believed/{contributor}"] = weight
        if self._began is not None:
            told["time/fps"] = row["steps"] / max(time.monotonic() - self._began, 1e-9)
        event = self._event(wall_time=time.time(), step=row["steps"])
        for name, value in told.items():
            if value is not None:
                event.summary.value.add(tag=name, simple_value=value)
        self._write(event)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _write(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        self._writer.flush()  # so that it can be watched while it goes on
