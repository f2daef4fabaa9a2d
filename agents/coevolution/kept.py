"""Populations on disk: who stops loses one round."""

from pathlib import Path

from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import Regime
from rallypoint.agents.gradient.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from rallypoint.batch_env import Snapshot
from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.plain_json import to_json
from rallypoint.snapshots import as_array, as_text

_REGIME = "regime"


class Kept:
    """A folder of populations of one regime, each in a checkpoint of its own."""

    def __init__(self, folder: Path, regime: Regime) -> None:
        """Keep them in a folder."""
        self._folder = folder
        self._regime = to_json({"name": type(regime).__name__, "settings": to_dict(regime)})

    def population(self, seed: int) -> Population | None:
        """Return the population of a seed as it was kept last, if it was.

        Raises:
            UnreadableFile: it is damaged.
            InvalidConfig: it is of another regime.
        """
        folder = self._of(seed)
        return Population.restored(_arrays(folder, self._regime)) if _is_kept(folder) else None

    def check(self) -> None:
        """Refuse a folder in which any population is of another regime, before one is evolved.

        Raises:
            UnreadableFile: one is damaged.
            InvalidConfig: one is of another regime.
        """
        for folder in filter(_is_kept, sorted(self._folder.glob("seed-*"))):
            _arrays(folder, self._regime)

    def keep(self, population: Population) -> None:
        """Keep a population in place of what was kept before, all of it or nothing.

        Raises:
            UnwritablePath: the folder takes no files.
        """
        snapshot = population.snapshot() | {_REGIME: as_array(self._regime)}
        write_checkpoint(self._of(population.seed), Checkpoint(snapshot, [], population.spent))

    def _of(self, seed: int) -> Path:
        return self._folder / f"seed-{seed}"


def _is_kept(folder: Path) -> bool:
    return (folder / CHECKPOINT).is_file()


def _arrays(folder: Path, regime: str) -> Snapshot:
    """Return the arrays of a population, if it is of a regime."""
    snapshot = read_checkpoint(folder).snapshot
    if as_text(snapshot.pop(_REGIME, None)) != regime:
        raise InvalidConfig(
            f"{folder} keeps a population of another regime, or of other settings; keep those "
            "of this one in another folder"
        )
    return snapshot
