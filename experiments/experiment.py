"""What an experiment is: one question, a config, and a generator of findings.

To add one, make a folder ``experiments/<name>/`` of four files:

- ``config.py``: a frozen, keyword-only ``Config``. A comment behind each field says its unit and
  source; the command line shows it. Thresholds are no fields: they belong to the claims, so that
  neither ``--quick`` nor ``--set`` can move them.
- ``run.py``: ``run(config, seeds, progress)`` (see ``Run``), which yields findings as soon as it
  has them. What was yielded is on disk when the next one is computed, so whatever stops the run
  leaves the rest standing: yield early, and cheap claims first.
- ``__init__.py``: registers ``Experiment(…)`` in ``rallypoint.experiments.experiments``. It names
  ``run`` as a string, so that ``rallypoint list`` imports no learner. Its ``exhibits`` say which
  rows are curves, sweeps or certificates, for the page of a run.
- ``__main__.py``: ``from rallypoint.experiments.cli import run_alone`` and ``run_alone("<name>")``.

Whatever one seed measures must not depend on which others run beside it: key every draw by the
seed itself, never by its place in ``seeds``.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from rallypoint.claims import Claim
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig, Unavailable
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.registry import import_address

Asked = TypeVar("Asked")
ConfigIn_contra = TypeVar("ConfigIn_contra", contravariant=True)


@dataclass(frozen=True)
class Row:
    """One line of ``metrics.jsonl``: what was measured, and where (seed, condition, step)."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """One number of ``summary.json`` that no claim is made about."""

    name: str
    value: Any


@dataclass(frozen=True)
class Receipts:
    """What a condition's threats really did; a disagreement makes the whole run invalid."""

    condition: str
    receipts: Any  # anything JSON can say
    disagreements: tuple[str, ...] = ()  # how they depart from the threat model, in sentences


@dataclass(frozen=True)
class File:
    """A plot, a moving picture, a table of parameters: a file for the run's folder."""

    name: str
    content: bytes


Finding = Claim | Row | Metric | Receipts | File


class Advance(Protocol):
    """Says that so many more units of a piece of work are done."""

    def __call__(self, units: int = 1) -> None:
        """Advance; cheap enough for every training cycle."""
        ...


class Progress(Protocol):
    """Shows a piece of long work, with the time left: ``with progress("G1: training", 1000)``.

    Units should take equal time; pieces may be nested.
    """

    def __call__(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """Begin a piece of so many units."""
        ...


class Run(Protocol[ConfigIn_contra]):
    """How an experiment is run."""

    def __call__(
        self, config: ConfigIn_contra, seeds: tuple[int, ...], progress: Progress
    ) -> Iterator[Finding]:
        """Yield what is found, as soon as it is found."""
        ...


@dataclass(frozen=True, kw_only=True)
class Experiment(Config, Generic[Asked]):
    """One question, and how it is answered."""

    name: str  # the folder's
    question: str  # one line, for lists
    config: type[Asked]  # frozen, keyword-only; the defaults are the full experiment
    run: str | Run[Asked]  # "package.module:function", imported when it runs
    check: str = ""  # likewise, of a config: refuses what cannot be run, before a folder is touched
    seeds: int = 5  # how many, unless --seeds says otherwise
    quick_seeds: int = 3
    quick: Mapping[str, Any] = field(default_factory=dict)  # the fields --quick changes: budgets
    places: tuple[str, ...] = ()  # fields that say where pieces are kept or computed: no number
    exhibits: tuple[Exhibit, ...] = ()  # how rows are shown together on the run's page

    def __post_init__(self) -> None:
        """Refuse a config that is no frozen dataclass, and quick fields that it has not."""
        if not dataclasses.is_dataclass(self.config):
            raise InvalidConfig(f"the config of {self.name!r} is a dataclass, got {self.config!r}")
        known = {f.name for f in dataclasses.fields(self.config)}
        if unknown := {*self.quick, *self.places} - known:
            raise InvalidConfig(f"{self.config.__name__} has no field {sorted(unknown)}")

    def load(self) -> Run[Asked]:
        """Import what runs the experiment.

        Raises:
            Unavailable: it cannot be imported; says why.
        """
        run: Run[Asked] = self._imported(self.run) if isinstance(self.run, str) else self.run
        return run

    def refuse(self, config: Asked) -> None:
        """Refuse a config that cannot be run.

        Raises:
            Unavailable: what runs the experiment cannot be imported; says why.
            RallypointError: what else stands in the way.
        """
        self.load()
        if self.check:
            self._imported(self.check)(config)

    def _imported(self, address: str) -> Any:
        try:
            return import_address(address)
        except (ImportError, AttributeError) as error:
            raise Unavailable(
                f"experiment {self.name!r} cannot be run: {address!r} does not import: {error}"
            ) from error
