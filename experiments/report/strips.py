"""A claim as a strip: where its interval lies, and on which side of its threshold."""

import math
from typing import NamedTuple

from rallypoint.claims import LEAST_VALUES, Claim
from rallypoint.experiments.report.metric_rows import Rows, is_number
from rallypoint.experiments.report.scales import Scale, label, span
from rallypoint.experiments.tables import number

WIDTH = 208.0  # units of the drawing; the page shows about one pixel for each
_EDGE = 8.0
_LETTER = 6.2  # width of one in a label


class Label(NamedTuple):
    """A number below the strip."""

    place: float
    anchor: str  # start, middle or end
    text: str


class Strip(NamedTuple):
    """The drawing of one claim, as places along it."""

    wanted: tuple[float, float]  # from where to where the claim would hold
    threshold: float
    every_seed: float | None  # where single seeds have a threshold of their own
    interval: tuple[float, float] | None
    measured: float | None
    seeds: tuple[float, ...]
    labels: tuple[Label, ...]


def draw_strip(claim: Claim, seeds: tuple[float, ...] = ()) -> Strip | None:
    """Draw a claim; None where there is nothing to see, or numbers too large to see anything."""
    expected = claim.expected
    thresholds = [t for t in (expected.threshold, expected.every_seed) if t is not None]
    values = [*thresholds, *seeds, *(claim.interval or ())]
    values += [claim.measured] if claim.measured is not None else []
    if len(values) == len(thresholds) or not all(map(is_number, values)):
        return None
    low, high = span(values, margin=0.15)
    scale = Scale(low=low, high=high, start=_EDGE, end=WIDTH - _EDGE)
    threshold = scale(expected.threshold)
    upward = expected.comparison in (">=", ">")
    own = expected.every_seed if expected.every_seed != expected.threshold else None
    return Strip(
        wanted=(threshold, WIDTH) if upward else (0.0, threshold),
        threshold=threshold,
        every_seed=None if own is None else scale(own),
        interval=None
        if claim.interval is None
        else (scale(claim.interval[0]), scale(claim.interval[1])),
        measured=None if claim.measured is None else scale(claim.measured),
        seeds=tuple(scale(seed) for seed in seeds),
        labels=_labels(scale, expected.threshold),
    )


def seed_values(claim: Claim, rows: Rows) -> tuple[float, ...]:
    """Return what each seed measured, where the rows tell.

    These are the rows under the claim's own name, and the column whose mean or median is what the
    claim reports; so no experiment has to say which column that is.
    """
    if claim.measured is None:
        return ()
    own = [row for row in rows if claim.id in (row.get("claim"), _in_cell(row))]
    if len(own) != claim.n or not 1 < len(own) <= 100:
        return ()
    for column in own[0]:
        values = [row.get(column) for row in own]
        if column == "seed" or not all(map(is_number, values)):
            continue
        found = sorted(float(value) for value in values if value is not None)
        middle = (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
        if any(
            math.isclose(claim.measured, v, rel_tol=1e-9, abs_tol=1e-12)
            for v in (math.fsum(found) / len(found), middle)
        ):
            return tuple(found)
    return ()


def _gap(size: float) -> str:
    return number(abs(size)) if abs(size) >= 100 else f"{abs(size):.2g}"


def margin(claim: Claim) -> str:
    """Say in words how far a claim is from its threshold, as its verdict has it."""
    expected, interval = claim.expected, claim.interval
    if interval is None:
        return "nothing was measured"
    upward = expected.comparison in (">=", ">")
    near, far = interval if upward else interval[::-1]
    clears_all = expected.clears(near, expected.threshold)
    clears_none = not expected.clears(far, expected.threshold)
    match claim.verdict:
        case "holds":
            words = f"clear of it by {_gap(near - expected.threshold)}"
        case "fails" if clears_none:
            words = f"misses it by {_gap(far - expected.threshold)}"
        case "fails" if expected.every_seed is not None:
            words = f"a seed misses {label(expected.every_seed)}"
        case "undecided" if not clears_all and not clears_none:
            words = "the interval crosses it"
        case "undecided" if claim.n < LEAST_VALUES:
            words = f"{claim.n} {'seed says' if claim.n == 1 else 'seeds say'} too little"
        case _:  # of an invalid run
            words = ""
    return words


def _in_cell(row: dict[str, object]) -> str | None:
    # What `rallypoint run … --set key=a,b` calls the claim of one cell.
    return f"{row.get('claim')}/{row['cell']}" if "cell" in row else None


def _labels(scale: Scale, threshold: float) -> tuple[Label, ...]:
    """Label the threshold, and the ends as far as there is room beside it."""
    middle, words = scale(threshold), label(threshold)
    half = len(words) * _LETTER / 2
    place = min(max(middle, half), WIDTH - half)
    labels = [Label(place, "middle", words)]
    for end, at, anchor in ((scale.low, 0.0, "start"), (scale.high, WIDTH, "end")):
        text = label(end)
        if abs(place - at) > half + (len(text) + 1) * _LETTER:
            labels.append(Label(at, anchor, text))
    return tuple(labels)
