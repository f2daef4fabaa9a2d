"""What is to be run, checked before a folder is touched."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rallypoint.counts import MOST_AT_ONCE
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.settings import Cell, cells, swept_config

# A measure may give each seed thousands of copies with ids of their own (seed * cycles + k), which
# must stay within 64 bits.
_SEEDS_END = 2**31


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be run, all of it checked."""

    experiment: Experiment[Any]
    cells: Sequence[Cell]
    config: dict[str, Any]  # of the whole, with a list of values where several are swept
    seeds: tuple[int, ...]
    quick: bool
    out: Path
    command: Sequence[str]

    @property
    def is_sweep(self) -> bool:
        """Whether there are several cells, each with a folder of its own."""
        return len(self.cells) > 1


def make_plan(
    experiment: Experiment[Any],
    *,
    settings: Sequence[str] = (),
    first_seed: int = 0,
    num_seeds: int | None = None,
    quick: bool = False,
    out: Path | None = None,
    command: Sequence[str] = (),
) -> Plan:
    """Check what was asked for, and fill in what was not.

    Raises:
        InvalidConfig: a setting or a seed that cannot be meant.
    """
    config = experiment.config()
    if quick:
        config = dataclasses.replace(config, **experiment.quick)
    if num_seeds is None:
        num_seeds = experiment.quick_seeds if quick else experiment.seeds
    return Plan(
        experiment=experiment,
        cells=cells(config, settings),
        config=swept_config(config, settings),
        seeds=_seeds(first_seed, num_seeds),
        quick=quick,
        out=_new_folder(experiment.name) if out is None else out,
        command=command,
    )


def _seeds(first: int, count: int) -> tuple[int, ...]:
    if not 1 <= count <= MOST_AT_ONCE:
        raise InvalidConfig(f"--seeds is how many, from 1 to {MOST_AT_ONCE:,}, got {count}")
    if not 0 <= first <= _SEEDS_END - count:
        raise InvalidConfig(
            "seeds lie in [0, 2**31), since they number the copies of a world as well: got "
            f"--seed {first} for {count} seed{'s' if count > 1 else ''}"
        )
    return tuple(range(first, first + count))


def _new_folder(name: str) -> Path:
    wanted = Path("runs") / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    folder, again = wanted, 1
    while folder.exists():  # started within the same second
        again += 1
        folder = wanted.with_name(f"{wanted.name}-{again}")
    return folder
