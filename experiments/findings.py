"""Findings that many experiments tell alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rallypoint.draws import Floats
from rallypoint.experiments.experiment import Finding, Metric, Receipts, Row
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.updates import UpdateThreats


def receipts_of(condition: str, *frames: Threatened | UpdateThreats) -> Receipts:
    """Say what the threats of a condition did, and where that is not what was declared."""
    accounts = [(frame.model, frame.receipts()) for frame in frames]
    return Receipts(
        condition,
        [receipt.to_dict() for _, receipts in accounts for receipt in receipts],
        tuple(fault for model, receipts in accounts for fault in disagreements(model, receipts)),
    )


def noted(
    found: Mapping[str, list[dict[str, Any]]],
    names: Sequence[str],
    seed: int,
    told: Iterable[tuple[dict[str, Any], Sequence[UpdateThreats]]],
) -> Iterator[Finding]:
    """Add what a seed told of conditions run side by side to what was found; yield it, too."""
    for name, (one, frames) in zip(names, told, strict=True):
        found[name].append(one)
        yield Row({"seed": seed, "condition": name, **one})
        if frames:
            yield receipts_of(f"{name}, seed {seed}", *frames)


def summed_up(
    found: Mapping[str, Sequence[Mapping[str, Any]]], names: Sequence[str], **listed: str
) -> Iterator[Metric]:
    """Yield means over seeds by condition; ``returns="return"`` lists those of all seeds, too."""
    for name, several in found.items():
        means: dict[str, Any] = dict(means_over_seeds(several, names))
        for plural, one in listed.items():
            means[plural] = [None if o[one] is None else round(o[one], 1) for o in several]
        yield Metric(name.replace(", ", "/").replace(" ", "-"), means)


def over_seeds(told: Sequence[Mapping[str, Any]], name: str) -> Floats:
    """Return what was told of every seed under a name: (R,), NaN where there was nothing."""
    return np.array([np.nan if one[name] is None else one[name] for one in told], dtype=np.float64)


def means_over_seeds(
    told: Sequence[Mapping[str, Any]], names: Iterable[str]
) -> dict[str, float | None]:
    """Return the mean of each over those seeds that there was something to tell of."""
    found = {name: over_seeds(told, name) for name in names}
    known = {name: values[~np.isnan(values)] for name, values in found.items()}
    return {name: float(values.mean()) if len(values) else None for name, values in known.items()}


def rows_by_seed(claim: str, seeds: Sequence[int], **columns: ArrayLike) -> Iterator[Row]:
    """Yield one line of metrics per seed: each column holds a value of every seed."""
    listed = {name: np.asarray(column).tolist() for name, column in columns.items()}
    for place, seed in enumerate(seeds):
        values = {name: column[place] for name, column in listed.items()}
        yield Row({"claim": claim, "seed": seed} | values)
