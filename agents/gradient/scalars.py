"""What rounds tell, for TensorBoard and other dashboards, under the names that SB3 has for it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rallypoint.errors import UnwritablePath

# One file of one name, so that a run's folder knows it for its own whatever stops the run.
EVENTS = "tensorboard/events.out.tfevents.rallypoint"

# Takes the agent steps that were played so far, and scalars by name: the shape of `wandb.log`.
Watch = Callable[[int, Mapping[str, float]], None]

_NAMES = {
    "return": "rollout/ep_rew_mean",
    "length": "rollout/ep_len_mean",
    "episodes": "rollout/episodes",
    "round": "time/iterations",
    "steps": "time/total_timesteps",
    "variance_to_norm": "train/variance_to_norm",
    "variance_to_norm_limit": "train/variance_to_norm_limit",
    "cosine": "train/cosine",
    "diameter": "train/diameter",
}


class Scalars:
    """Writes a row of metrics as scalars at the step it tells of, and hands them on."""

    def __init__(self, out: Path, *, watch: Watch = lambda *_: None, resumed: bool = False) -> None:
        """Begin a file anew; rows from before come again when a training goes on.

        Args:
            out: the folder of the run.
            watch: takes the scalars of each row, too.
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
        self._event, self._writer, self._watch = Event, RecordWriter(self._file), watch
        self._began = None if resumed else time.monotonic()
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, row: Mapping[str, Any]) -> None:
        """Tell what a row of ``TeamTraining.run`` tells; what it leaves open is left out."""
        told = {name: row.get(key) for key, name in _NAMES.items()}
        for contributor, weight in row.get("believed", {}).items():
            told[f"train/believed/{contributor}"] = weight
        if self._began is not None:
            told["time/fps"] = row["steps"] / max(time.monotonic() - self._began, 1e-9)
        scalars = {name: value for name, value in told.items() if value is not None}
        event = self._event(wall_time=time.time(), step=row["steps"])
        for name, value in scalars.items():
            event.summary.value.add(tag=name, simple_value=value)
        self._write(event)
        self._watch(row["steps"], scalars)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _write(self, event: Any) -> None:
        self._writer.write(event.SerializeToString())
        self._writer.flush()  # so that it can be watched while it goes on
