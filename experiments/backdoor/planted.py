"""Clouds planted among Gaussian rows: which detector finds which."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats, stream
from rallypoint.experiments.backdoor import SPECTRE
from rallypoint.experiments.experiment import Finding, Metric, Row
from rallypoint.safety.defences.detection import Detector, Que, Spectral, blind_below, detect

DETECTORS: dict[str, Detector] = {"spectral": Spectral(), "que": Que()}
_ROWS, _ENTRIES, _PLANTED = 1000, 32, 50
_SHARE = _PLANTED / _ROWS
_HIDDEN = 0.2  # standard deviations; what a cloud of this share must exceed is 4.5
_CASES = {"isotropic": (6.0, 1.0), "anisotropic": (6.0, 10.0), "hidden": (_HIDDEN, 1.0)}


def findings(seeds: tuple[int, ...]) -> Iterator[Finding]:
    """Plant, look, and judge."""
    recalls = np.empty((len(_CASES), len(DETECTORS), len(seeds)))
    for c, (case, (shift, widest)) in enumerate(_CASES.items()):
        for place, seed in enumerate(seeds):
            for d, (name, detector) in enumerate(DETECTORS.items()):
                recalls[c, d, place] = _recall(seed, shift, widest, detector)
                at = {"planted": case, "seed": seed, "detector": name}
                yield Row(at | {"recall": float(recalls[c, d, place])})
        for name, found in zip(DETECTORS, recalls[c].mean(axis=1).tolist(), strict=True):
            yield Metric(f"planted/{case}/{name}/recall", found)
    told = {
        ("isotropic", "spectral"): ("a cloud 6 standard deviations off is found", ">= 0.98"),
        ("isotropic", "que"): ("a cloud 6 standard deviations off is found", ">= 0.98"),
        ("anisotropic", "spectral"): (
            "and is lost where honest rows are ten times as wide in one direction",
            "<= 0.3",
        ),
        ("anisotropic", "que"): ("where whitening finds it", ">= 0.98"),
        ("hidden", "spectral"): (_hidden_in_words(), "<= 0.3"),
        ("hidden", "que"): (_hidden_in_words(), "<= 0.3"),
    }
    for (case, name), (words, expected) in told.items():
        yield claim_over_seeds(
            f"backdoor/planted/{case}/{name}",
            recalls[list(_CASES).index(case), list(DETECTORS).index(name)],
            statement=f"of {_PLANTED} rows planted among {_ROWS} by {name}: {words}; share found",
            source=SPECTRE,
            expected=expected,
        )


def _hidden_in_words() -> str:
    return (
        f"a cloud {_HIDDEN:g} off, where none below {blind_below(_SHARE):.1f} need be noticed, is "
        "missed"
    )


def _recall(seed: int, shift: float, widest: float, detector: Detector) -> float:
    rows: Floats = stream(seed, "backdoor/planted").normal(size=(_ROWS, _ENTRIES))
    rows[:, 0] *= widest
    rows[:_PLANTED, 1:] += shift / np.sqrt(_ENTRIES - 1)
    found = detect(rows, np.zeros(_ROWS, dtype=np.int64), share=_SHARE, detector=detector)
    return float(found.suspects[:_PLANTED].mean())
