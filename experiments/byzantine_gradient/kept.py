"""Finished runs on disk: who stops loses little, and who asks again waits for nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.byzantine_gradient.outcome import Outcome
from rallypoint.experiments.byzantine_gradient.rules import aggregator
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.byzantine_gradient.stack import Run
from rallypoint.files import write_atomically
from rallypoint.plain_json import read_json, to_json

_FORMAT = 1


class Kept:
    """A folder of finished runs, one file for each setting, attack and rule; or no folder."""

    def __init__(self, folder: str) -> None:
        """Keep them in a folder; nothing is kept where its name is empty."""
        self._folder = Path(folder) if folder else None

    def of(self, setting: Setting, attack: str, rule: str) -> dict[int, Outcome]:
        """Return the runs that are there, by seed.

        Raises:
            UnreadableFile: the file is no such thing.
            InvalidConfig: it is of another setting.
        """
        if self._folder is None:
            return {}
        path = self._path(setting, attack, rule)
        if not path.exists():
            return {}
        try:
            found = msgspec.convert(read_json(path), dict[str, Any])
        except ValueError as error:  # no JSON, or no table
            raise _unreadable(path, error) from error
        about = self._about(setting, attack, rule)
        if {name: found.get(name) for name in about} != about:
            raise InvalidConfig(
                f"{path} holds runs of another setting, or of another version; keep those of this "
                "one in another folder"
            )
        try:
            runs = msgspec.convert(found.get("runs"), dict[str, dict[str, Any]])
            return {int(seed): Outcome.from_dict(plain) for seed, plain in runs.items()}
        except ValueError as error:  # no table, no number of a seed, or no outcome
            raise _unreadable(path, error) from error

    def add(self, setting: Setting, attack: str, outcomes: Mapping[Run, Outcome]) -> None:
        """Keep finished runs of an attack beside those that are there.

        Raises:
            UnwritablePath: the folder takes no files.
        """
        if self._folder is None:
            return
        for rule in {run.rule for run in outcomes}:
            whole = self.of(setting, attack, rule)
            whole |= {run.seed: found for run, found in outcomes.items() if run.rule == rule}
            runs = {str(seed): whole[seed].to_dict() for seed in sorted(whole)}
            content = to_json(self._about(setting, attack, rule) | {"runs": runs})
            write_atomically(self._path(setting, attack, rule), content)

    def _path(self, setting: Setting, attack: str, rule: str) -> Path:
        assert self._folder is not None, "asked by those who have one"
        return self._folder / setting.name / attack / f"{rule}.json"

    def _about(self, setting: Setting, attack: str, rule: str) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "setting": setting.to_dict(),
            "attack": attack,
            "aggregator": aggregator(rule, setting),
        }


def _unreadable(path: Path, error: Exception) -> UnreadableFile:
    return UnreadableFile(
        f"{path} should hold finished runs, and cannot be read: {error}; remove it, and they are "
        "run again"
    )
