"""Clouds planted among Gaussian rows: which detector finds which."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats, stream
from rallypoint.experiments.backdoor import SEVER, SPECTRE
from rallypoint.experiments.experiment import Finding, Metric, Row
from rallypoint.safety.defences.detection import Detector, Que, Spectral, blind_below, detect, sever

OF_FEATURES: dict[str, Detector] = {"spectral": Spectral(), "que": Que()}
DETECTORS = (*OF_FEATURES, "sever")
_ROWS, _ENTRIES, _PLANTED = 1000, 32, 50
_SHARE = _PLANTED / _ROWS
_HIDDEN = 0.2  # standard deviations; what a cloud of this share must exceed is 4.5
_CASES = {
    "far": (12.0, 1.0),
    "isotropic": (6.0, 1.0),
    "anisotropic": (6.0, 10.0),
    "hidden": (_HIDDEN, 1.0),
}


def findings(seeds: tuple[int, ...]) -> Iterator[Finding]:
    """Plant, look, and judge."""
    recalls = np.empty((len(_CASES), len(DETECTORS), len(seeds)))
    for c, (case, (shift, widest)) in enumerate(_CASES.items()):
        for place, seed in enumerate(seeds):
            for d, name in enumerate(DETECTORS):
                recalls[c, d, place] = _recall(seed, shift, widest, name)
                at = {"planted": case, "seed": seed, "detector": name}
                yield Row(at | {"recall": float(recalls[c, d, place])})
        for name, found in zip(DETECTORS, recalls[c].mean(axis=1).tolist(), strict=True):
            yield Metric(f"planted/{case}/{name}/recall", found)
    found = "a cloud 6 standard deviations off is found"
    lost = "and is lost where honest rows are ten times as wide in one direction", "<= 0.3"
    missed = _hidden_in_words(), "<= 0.3"
    told = {
        "far": {"sever": ("a cloud 12 standard deviations off is found", ">= 0.98")},
        "isotropic": {"spectral": (found, ">= 0.98"), "que": (found, ">= 0.98")},
        "anisotropic": {
            "spectral": lost,
            "que": ("where whitening finds it", ">= 0.98"),
            "sever": lost,
        },
        "hidden": dict.fromkeys(DETECTORS, missed),
    }
    for case, by_detector in told.items():
        for name, (words, expected) in by_detector.items():
            yield claim_over_seeds(
                f"backdoor/planted/{case}/{name}",
                recalls[list(_CASES).index(case), DETECTORS.index(name)],
                statement=f"of {_PLANTED} rows planted among {_ROWS}, by {name}: {words}; share "
                "found",
                source=SPECTRE if name != "sever" else SEVER,
                expected=expected,
            )


def _hidden_in_words() -> str:
    return (
        f"a cloud {_HIDDEN:g} off, where none below {blind_below(_SHARE):.1f} need be noticed, is "
        "missed"
    )


def _recall(seed: int, shift: float, widest: float, name: str) -> float:
    rows: Floats = stream(seed, "backdoor/planted").normal(size=(_ROWS, _ENTRIES))
    rows[:, 0] *= widest
    rows[:_PLANTED, 1:] += shift / np.sqrt(_ENTRIES - 1)
    if name == "sever":
        return float((~sever(rows, _SHARE).kept)[:_PLANTED].mean())
    one_class = np.zeros(_ROWS, dtype=np.int64)
    found = detect(rows, one_class, share=_SHARE, detector=OF_FEATURES[name])
    return float(found.suspects[:_PLANTED].mean())
