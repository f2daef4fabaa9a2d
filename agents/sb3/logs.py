"""What SB3 logs of a training: where it goes to, and what is added to it."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback, CallbackList, ConvertCallback
from stable_baselines3.common.logger import (
    HumanOutputFormat,
    JSONOutputFormat,
    KVWriter,
    Logger,
    TensorBoardOutputFormat,
)
from stable_baselines3.common.type_aliases import MaybeCallback

from rallypoint.agents.gradient.scalars import Watch
from rallypoint.envs.views.sb3 import Sb3View

METRICS = "metrics.jsonl"
TENSORBOARD = "tensorboard"


def logger(
    out: Path | None, watch: Watch | None, *, tensorboard: bool, aloud: bool = False
) -> Logger:
    """Return what writes into a folder, if there is one, or hands on what it would write.

    Args:
        out: the folder.
        watch: takes each row of metrics, in the place of the file of them.
        tensorboard: whether to write that, too.
        aloud: whether to print SB3's table of metrics.
    """
    writers: list[KVWriter] = [] if watch is None else [_Watched(watch)]
    if aloud:
        writers.append(HumanOutputFormat(sys.stdout))
    if out is None:  # SB3's own default leaves a folder behind, wherever temporary files go
        return Logger(None, writers)
    if watch is None:
        writers.append(JSONOutputFormat(str(out / METRICS)))
    if tensorboard:
        writers.append(TensorBoardOutputFormat(str(out / TENSORBOARD)))
    return Logger(str(out), writers)


class _Watched(KVWriter):
    """Hands on the numbers of what SB3 logs."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        del key_excluded  # what is left out for want of room
        told = {
            # numpy's become Python's
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in key_values.items()
        }
        self._watch(step, {n: v for n, v in told.items() if isinstance(v, int | float)})

    def close(self) -> None:
        """Leave nothing open."""


def with_share(view: Sb3View, callback: MaybeCallback) -> BaseCallback:
    """Return a callback that logs which share of a view's rows was filler, then does as given."""
    share = _FillerShare(view)
    if callback is None:
        return share
    if isinstance(callback, list):
        return CallbackList([share, *callback])
    known = callback if isinstance(callback, BaseCallback) else ConvertCallback(callback)
    return CallbackList([share, known])


class _FillerShare(BaseCallback):
    """Logs which share of the rows was filler."""

    def __init__(self, view: Sb3View) -> None:
        super().__init__()
        self._view = view

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.logger.record("rollout/filler_share", self._view.filler_share)
