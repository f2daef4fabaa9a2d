"""Learning curves that nobody declared: columns of numbers beside a column that counts."""

from collections.abc import Iterable, Iterator
from typing import Any

from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.metric_rows import Rows, is_number

# Columns that count how far a run is; the first that a row has is the one it is drawn over.
CLOCKS = (
    *(
        "agent_steps",
        "time/total_timesteps",
        "steps",
        "step",
        "rounds",
        "round",
        "updates",
        "update",
    ),
    *("cycles", "cycle", "episodes", "episode", "iterations", "iteration", "epochs", "epoch"),
)
_ABOUT = ("claim", "condition")  # columns that say what a row is about
_NO_LINES = (*_ABOUT, "seed")


def found_exhibits(rows: Rows, declared: Iterable[Exhibit] = ()) -> Iterator[tuple[Exhibit, Rows]]:
    """Yield exhibits of learning with the rows they are made of, in the order of their first row.

    Words in a row tell lines apart, its claim or condition tells charts apart. What is declared
    is not found once more.
    """
    taken = {exhibit.measure for exhibit in declared}
    kinds: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]] = {}
    for row in rows:
        clock = next((name for name in CLOCKS if is_number(row.get(name))), None)
        if clock is None:
            continue
        panels = tuple(column for column in _ABOUT if column in row)[:1]
        lines = tuple(c for c, v in row.items() if isinstance(v, str) and c not in _NO_LINES)
        kinds.setdefault((clock, panels, lines), []).append(row)
    for (clock, panels, lines), alike in kinds.items():
        named = {*panels, *lines, *CLOCKS, *taken, "seed"}
        measures = dict.fromkeys(
            column for row in alike for column, value in row.items() if is_number(value)
        )
        for measure in measures:
            if measure not in named:
                yield (
                    Exhibit(
                        kind="learning", measure=measure, over=clock, lines=lines, panels=panels
                    ),
                    tuple(alike),
                )
