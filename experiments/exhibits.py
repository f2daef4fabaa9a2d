"""Exhibits: which rows of a run belong together on its page, and as what.

Rows in ``metrics.jsonl`` say what was measured; an exhibit says how to look at them. An experiment
declares its own (``Experiment(exhibits=…)``), a training has its own, and each run's manifest lists
them, so that a page can be made where the experiment is not installed:

- *learning*: ``measure`` over a clock, ``over``;
- *breakdown*: ``measure`` over how many, or which share, are faulty, under the worst of ``among``;
- *certificate*: ``measure`` under the strongest of ``among``, and ``certified``, over the size of
  a lie;
- *scores*: one ``measure`` of each run, compared between ``lines`` over the strata ``among``.

``metrics.jsonl`` without exhibits has its learning curves found: see ``report.found``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rallypoint.config import Config
from rallypoint.errors import InvalidConfig

Kind = Literal["learning", "breakdown", "certificate", "scores"]


@dataclass(frozen=True, kw_only=True)
class Exhibit(Config):
    """Rows that are shown together.

    The measure of a row is a number, an object of numbers (its keys are then one stratum more), or
    a list of numbers over time. Rows that lack a column that is named here are no part of it.
    """

    kind: Kind
    measure: str  # column
    over: str = ""  # column along the axis; of a list over time, a list as long, or what it counts
    lines: tuple[str, ...] = ()  # columns that tell lines apart, or what is compared
    panels: tuple[str, ...] = ()  # columns that tell charts apart
    among: tuple[str, ...] = ()  # columns that tell strata apart: attacks, tasks
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # rows with one of these
    less_is_better: bool = False
    at_least: float | None = None  # what any smaller number counts for
    at_most: float | None = None  # what any larger number counts for
    certified: str = ""  # column of what is certified; any row may tell it
    withstands: str = ""  # metric that says how many a line's rule takes: "{rule}/takes"
    title: str = ""  # what is seen, in a few words
    measure_words: str = ""  # what the measure is called, where its column's name says little
    over_words: str = ""  # likewise

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not self.measure or (self.kind != "scores" and not self.over):
            raise InvalidConfig(
                f"an exhibit of {self.kind} names the columns measure"
                f"{'' if self.kind == 'scores' else ' and over'}; got {self.measure!r} and "
                f"{self.over!r}"
            )
        if (self.kind == "certificate") != bool(self.certified):
            raise InvalidConfig(
                "an exhibit of a certificate names the column certified, and no other does; got "
                f"{self.certified!r} for {self.kind}"
            )
