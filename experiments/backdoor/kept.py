"""Finished cells, also on disk: who stops loses one, and who asks again waits for nothing."""

from collections.abc import Callable
from typing import Any

from rallypoint.config import to_dict
from rallypoint.experiments import kept as pieces
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.experiment import Advance

Cell = dict[str, Any]  # plain numbers, lists and texts


class Kept:
    """Cells that are finished, and a folder with one file for each condition and seed of them."""

    def __init__(self, config: BackdoorConfig, advance: Advance) -> None:
        """Keep them in a folder as well, if the config says in which."""
        self.config = config
        self.advance = advance
        self._files = pieces.Kept(config.kept)
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
        file = f"{name}-seed-{seed}"
        if (name, seed) in self._cells or self._files.has(file):
            self.advance(units)
        if (name, seed) not in self._cells:
            about = {"setting": self._setting, "condition": name, "seed": seed}
            self._cells[name, seed] = self._files.plain(file, about, compute)
        return self._cells[name, seed]
