"""What is to be run, checked before a folder is touched."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rallypoint.counts import MOST_AT_ONCE
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import Experiment
from rallypoint.experiments.settings import Cell, cells, swept_config, threat_files

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

    def check(self) -> None:
        """Refuse what cannot be run.

        Raises:
            RallypointError: says why.
        """
        for cell in self.cells:
            self.experiment.refuse(cell.config)

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
    reads: bool = True,
) -> Plan:
    """Check what was asked for, and fill in what was not.

    What threat files say takes the place of their names, so that a run's folder tells all of it;
    where nothing reads them, the names stay.

    Raises:
        InvalidConfig: a setting or a seed that cannot be meant.
        UnreadableFile, UnknownName: a threat file that cannot be read, or meant.
    """
    config = experiment.config()
    if quick:
        config = dataclasses.replace(config, **experiment.quick)
    if num_seeds is None:
        num_seeds = experiment.quick_seeds if quick else experiment.seeds
    found, whole = cells(config, settings), swept_config(config, settings)
    if reads:
        files = threat_files(experiment.config)
        found = [
            Cell(cell.name, dataclasses.replace(cell.config, **_read(vars(cell.config), files)))
            for cell in found
        ]
        whole |= _read(whole, files)
    return Plan(
        experiment=experiment,
        cells=found,
        config=whole,
        seeds=_seeds(first_seed, num_seeds),
        quick=quick,
        out=_new_folder(experiment.name) if out is None else out,
        command=command,
    )


def plan_meant(
    experiment: Experiment[Any],
    given: Mapping[str, Any],
    *,
    out: Path | None = None,
    command: Sequence[str] = (),
    reads: bool = True,
) -> Plan:
    """Return what options of an experiment's command mean.

    Args:
        experiment: whose command it is.
        given: the values of those options that say what is run.
        out: where to.
        command: its words.
        reads: whether to read the threat files that are named.

    Raises:
        InvalidConfig, UnreadableFile, UnknownName: what cannot be meant.
    """
    common = {name: given[name] for name in ("quick", "num_seeds", "first_seed")}
    flags = {name: value for name, value in given.items() if name not in (*common, "settings")}
    of_flags = [f"{key}={_text(value)}" for key, value in flags.items() if value is not None]
    settings = [*given["settings"], *of_flags]
    return make_plan(experiment, settings=settings, out=out, command=command, reads=reads, **common)


def _read(settings: Mapping[str, Any], files: Sequence[str]) -> dict[str, Any]:
    """Return those settings that are threat files, with what the files say."""
    return {name: _said(settings[name]) for name in files}


def _said(file: Any) -> Any:
    from rallypoint.safety.threat_model import ThreatModel

    if isinstance(file, list):  # of a sweep
        return [_said(each) for each in file]
    return ThreatModel.from_toml(file).to_dict() if file and isinstance(file, str) else file


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


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
