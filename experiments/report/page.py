"""The page: what was read of each run, laid out by the templates beside this file."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rallypoint import __version__
from rallypoint.errors import RallypointError
from rallypoint.experiments import experiments
from rallypoint.experiments.progress import in_words
from rallypoint.experiments.report import charts, strips, words
from rallypoint.experiments.report.claim_rows import ClaimTables, claim_tables
from rallypoint.experiments.report.comparison import STRIP
from rallypoint.experiments.report.differing import differences, flat
from rallypoint.experiments.report.drawings import Drawn, draw
from rallypoint.experiments.report.markers import marked
from rallypoint.experiments.report.pictures import Picture
from rallypoint.experiments.report.recorded import Recorded
from rallypoint.experiments.report.shown import shown
from rallypoint.experiments.report.side_by_side import comparisons
from rallypoint.experiments.report.threats_done import Deed, deeds
from rallypoint.experiments.tables import files_in_words, number, tally
from rallypoint.takeover import REPORT_SIGN

# What a terminal or a browser would obey instead of show: control characters, and those that turn
# the direction of text, so that a name could read as another.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# How many figures are drawn of one run: a page of many runs is to open all the same.
_MOST_FIGURES, _FEW_FIGURES = 60, 2
_MOST_BESIDE = 20  # of several runs together


class Section(NamedTuple):
    """One run, laid out."""

    anchor: str
    label: str  # of its folder
    question: str
    run: Recorded
    claims: ClaimTables
    differs: str
    films: tuple[Picture, ...]
    plots: tuple[Picture, ...]
    drawn: Drawn
    deeds: tuple[Deed, ...]
    command: str | None
    took: str

    @property
    def outcome(self) -> str:
        """How many claims hold; a training makes none."""
        return self.claims.tally if self.run.makes_claims else "no claims are made"

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, those of each threat by themselves: a file of threats is no one's value."""
        return flat(self.run.summary.config)

    @property
    def left_out(self) -> list[str]:
        """Kinds of threats in its file that nobody could meet, each once."""
        return [*dict.fromkeys(self.run.manifest.get("left_out", []))]

    @property
    def was_recorded(self) -> bool:
        """Whether receipts were held against a recording of a training as well."""
        run = self.run.summary
        return run.experiment == "train" and run.config.get("record") is True

    @property
    def invalid(self) -> bool:
        """Whether its receipts disagree with its threat model."""
        return not self.run.summary.valid

    def about(self, picture: Picture) -> list[Any]:
        """Return the claims a picture is about, as its name has it."""
        return [row for row in self.claims.all if row.claim.id.split("/")[0] == picture.about]

    def alternative(self, picture: Picture) -> str:
        """Say what a picture shows to who does not see it."""
        kind = "Film" if picture.is_film else "Plot"
        claims = [row.claim for row in self.about(picture)]
        told = f", for {tally(claims)}; the table of claims has the numbers" if claims else ""
        return f"{kind}: {picture.words}{told}."


def render(runs: Sequence[Recorded]) -> str:
    """Return the page of these runs; the same runs give the same page."""
    differing = differences(runs)
    labels = _labels(runs)
    most = max(_FEW_FIGURES, _MOST_FIGURES // len(runs))
    sections = [
        _section(run, place, label=labels[place], differs=differing[place], most=most)
        for place, run in enumerate(runs)
    ]
    return (
        _environment()
        .get_template("page.html")
        .render(
            generator=f'{REPORT_SIGN} {__version__}">',
            version=__version__,
            sections=sections,
            comparisons=comparisons(runs, labels, most=_MOST_BESIDE),
            equal_to=_EqualPictures(),
        )
    )


class _EqualPictures:
    """Knows where on the page a picture stands that is the same to the bit."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], str] = {}

    def __call__(self, picture: Picture, anchor: str) -> str:
        """Return the anchor of its first place, or nothing where this is it."""
        first = self._first.setdefault((picture.uri, *picture.stills), anchor)
        return "" if first == anchor else first


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "words": words,
        "number": number,
        "files_in_words": files_in_words,
        "marked": marked,
        "chart_size": charts,
        "strip_size": strips,
        "strip_width": STRIP,
    }
    return environment


def _section(run: Recorded, place: int, *, label: str, differs: str, most: int) -> Section:
    anchor = f"run-{place + 1}"
    return Section(
        anchor=anchor,
        label=label,
        question=_question(run),
        run=run,
        claims=claim_tables(run.summary.claims, run.rows, prefix=anchor),
        differs=differs,
        films=tuple(picture for picture in run.pictures if picture.is_film),
        plots=tuple(picture for picture in run.pictures if not picture.is_film),
        drawn=draw(shown(run.exhibits, run.rows, run.summary.metrics, most=most)),
        deeds=deeds(run.receipts),
        command=words.command_line(run.manifest["command"]),
        took=in_words(run.summary.wall_seconds),
    )


def _question(run: Recorded) -> str:
    """Return what a run asks; of an experiment that is not installed here there is only a name."""
    if title := run.manifest.get("title"):
        return title
    try:
        return experiments[run.summary.experiment].question
    except RallypointError:
        return f"Experiment {run.summary.experiment}"


def _labels(runs: Sequence[Recorded]) -> list[str]:
    """Name runs by their folders, with as much of the path as tells them apart."""
    names = [run.folder.name or str(run.folder) for run in runs]
    if len(set(names)) < len(names):
        return [str(run.folder) for run in runs]
    return names


def _printable(content: Any) -> Any:
    if not isinstance(content, str) or hasattr(content, "__html__"):
        return content  # no text, or a part of the page that went through here before
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", content)
