"""Finished cells, also on disk: who stops loses one, and who asks again waits for nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.experiment import Advance
from rallypoint.files import write_atomically
from rallypoint.plain_json import to_json

Cell = dict[str, Any]  # plain numbers, lists and texts


class Kept:
    """Cells that are finished, and a folder with one file for each condition and seed of them."""

    def __init__(self, config: BackdoorConfig, advance: Advance) -> None:
        """Keep them in a folder as well, if the config says in which."""
        self.config = config
        self.advance = advance
        self._folder = Path(config.kept) if config.kept else None
        self._cells: dict[tuple[str, int], Cell] = {}
        # What changes no number of a cell may be another.
        self._setting = {
            name: value
            for name, value in to_dict(config).items()
            if name not in {"kept", "spreads"}
        }

    def cell(self, name: str, seed: int, units: int, compute: Callable[[], Cell]) -> Cell:
        """Return a cell that is there, or compute it.

        Args:
            name: of the condition.
            seed: of all that is drawn.
            units: by which ``compute`` advances.
            compute: makes the cell.

        Raises:
            UnreadableFile: the file is no such thing.
            InvalidConfig: it is of another setting.
            UnwritablePath: the folder takes no files.
        """
        if (there := self._cells.get((name, seed))) is None and self._folder is not None:
            there = self._read(self._folder, name, seed)
        if there is None:
            made = self._cells[name, seed] = compute()
            if self._folder is not None:
                path, about = self._place(self._folder, name, seed)
                write_atomically(path, to_json(about | {"cell": made}))
            return made
        self._cells[name, seed] = there
        self.advance(units)
        return there

    def _place(self, folder: Path, name: str, seed: int) -> tuple[Path, dict[str, Any]]:
        about = {"setting": self._setting, "condition": name, "seed": seed}
        return folder / f"{name}-seed-{seed}.json", about

    def _read(self, folder: Path, name: str, seed: int) -> Cell | None:
        path, about = self._place(folder, name, seed)
        try:
            found = msgspec.json.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise UnreadableFile(
                f"{path} should hold a finished cell, and cannot be read: {error}; remove it, and "
                "it is computed again"
            ) from error
        if not isinstance(found, dict) or {key: found.get(key) for key in about} != about:
            raise InvalidConfig(
                f"{path} holds a cell of another setting; keep those of this one in another folder"
            )
        cell: Cell = found["cell"]
        return cell
