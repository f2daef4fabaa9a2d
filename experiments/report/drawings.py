"""What is shown of runs, with every figure drawn and ready to be laid out."""

from typing import NamedTuple

from rallypoint.experiments.report.charts import Chart, draw_chart
from rallypoint.experiments.report.comparison import Comparison
from rallypoint.experiments.report.shown import Shown


class Group(NamedTuple):
    """Charts of one kind."""

    kind: str
    heading: str
    charts: tuple[Chart, ...]


class Scores(NamedTuple):
    """A comparison of scores, and its performance profiles."""

    found: Comparison
    profiles: tuple[Chart, ...]


class Drawn(NamedTuple):
    """All that is drawn of a run, or of several beside each other."""

    groups: tuple[Group, ...]
    scores: tuple[Scores, ...]
    more: tuple[Chart, ...]
    notes: tuple[str, ...]


def draw(shown: Shown) -> Drawn:
    """Draw everything."""
    return Drawn(
        groups=tuple(
            Group(kind, heading, tuple(map(draw_chart, figures)))
            for kind, heading, figures in shown.groups
        ),
        scores=tuple(
            Scores(found, tuple(map(draw_chart, found.profiles))) for found in shown.comparisons
        ),
        more=tuple(map(draw_chart, shown.more)),
        notes=shown.notes,
    )
