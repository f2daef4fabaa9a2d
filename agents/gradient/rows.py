"""What a training by contributors tells in rows of metrics, and in the end."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.reports import (
    Report,
    filtered_in_words,
    lived_in_words,
    share_left_out,
)

_GROUPS = "groups"  # in a row of metrics
_LAST = 10  # of so many parts of a training, the last is what it has come to


def row_of(
    number: int,
    played: int,
    report: Report,
    names: Sequence[str],
    actors: Actors,
    *,
    limit: float | None = None,
) -> dict[str, Any]:
    """Return what a round brought.

    Args:
        number: rounds so far.
        played: agent steps so far.
        report: of the round.
        names: of the contributors.
        actors: who learns.
        limit: of ``variance_to_norm``, below which the rule is proved to go along the honest.
    """
    return {
        "round": number,
        "steps": played,
        "return": plain(report.returns[0]),
        "length": plain(report.lengths[0]),
        "episodes": int(report.episodes[0]),
        "variance_to_norm": plain(report.ratio[0]),
        "variance_to_norm_limit": None if limit is None else plain(limit),
        "cosine": plain(report.cosine[0]),
        "believed": dict(zip(names, report.believed[0].round(4).tolist(), strict=True)),
        **filtered_in_words(report, names),
        **lived_in_words(report, names),
        **by_group_in_words(report, names, actors),
    }


def summed_up(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a training has come to, and how much of what it played was left out."""
    return {"return": mean_of_last(rows), **returns_by_group(rows), **share_left_out(rows)}


def by_group_in_words(report: Report, names: Sequence[str], actors: Actors) -> dict[str, Any]:
    """Return what a round brought each group; nothing of a world of one, of which all is told."""
    told = {
        actor.group.name: {
            "return": plain(own.returns[0]),
            "length": plain(own.lengths[0]),
            "episodes": int(own.episodes[0]),
            "variance_to_norm": plain(own.ratio[0]),
            "cosine": plain(own.cosine[0]),
            "believed": {
                name: round(float(weight), 4)
                for name, weight in zip(names, own.believed[0], strict=True)
                if not math.isnan(weight)
            },
        }
        for actor, own in zip(actors.each, report.of_actors, strict=False)
    }
    return {_GROUPS: told} if told else {}


def mean_of_last(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean return over the last tenth of rows, if any episode ended in them."""
    last = [row["return"] for row in rows[-max(1, len(rows) // _LAST) :]]
    told = [value for value in last if value is not None]
    return float(np.mean(told)) if told else None


def returns_by_group(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the same for each group, where there are several."""
    groups = rows[-1].get(_GROUPS, {}) if rows else {}
    return {f"return/{name}": mean_of_last([row[_GROUPS][name] for row in rows]) for name in groups}


def plain(value: Any) -> float | None:
    """Return a number as rows of metrics have it: nothing in the place of none."""
    return None if math.isnan(value) else round(float(value), 6)
