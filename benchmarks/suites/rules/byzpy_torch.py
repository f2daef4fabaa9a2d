"""byzpy on torch tensors; on NumPy arrays most of its rules raise."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from suites.rules import Call, Library, Rule, tensors, without_torchvision

_FOLDERS = {
    "CoordinateWiseMedian": "coordinate_wise.median",
    "CoordinateWiseTrimmedMean": "coordinate_wise.trimmed_mean",
    "MeanOfMedians": "coordinate_wise.mean_of_medians",
    "GeometricMedian": "geometric_wise.geometric_median",
    "Krum": "geometric_wise.krum",
    "MultiKrum": "geometric_wise.krum",
    "MinimumDiameterAveraging": "geometric_wise.minimum_diameter_average",
    "MoNNA": "geometric_wise.monna",
    "SMEA": "geometric_wise.smea",
    "CAF": "norm_wise.caf",
    "CenteredClipping": "norm_wise.center_clipping",
    "ComparativeGradientElimination": "norm_wise.comparative_gradient_elimination",
}


def _rule(
    kind: str, settings: Callable[[int, int], dict[str, Any]], *, mixed: bool = False
) -> Rule:
    def rule(updates: Any, f: int) -> Call:
        without_torchvision()
        module = import_module(f"byzpy.aggregators.{_FOLDERS[kind]}")
        aggregator = getattr(module, kind)(**settings(len(updates), f))
        rows = list(updates)
        if not mixed:
            return lambda: aggregator.aggregate(rows)
        mix = import_module("byzpy.pre_aggregators.nnm").NearestNeighborMixing(f=f)
        return lambda: aggregator.aggregate(mix.pre_aggregate(rows))

    return rule


def _f(n: int, f: int) -> dict[str, Any]:
    del n
    return {"f": f}


def _nothing(n: int, f: int) -> dict[str, Any]:
    del n, f
    return {}


LIBRARY = Library(
    name="byzpy",
    rules={
        "median": _rule("CoordinateWiseMedian", _nothing),
        "trimmed_mean": _rule("CoordinateWiseTrimmedMean", _f),
        "meamed": _rule("MeanOfMedians", _f),
        "geometric_median": _rule("GeometricMedian", _nothing),
        "krum": _rule("Krum", _f),
        "multi_krum": _rule("MultiKrum", lambda n, f: {"f": f, "q": n - f - 2}),
        "mda": _rule("MinimumDiameterAveraging", _f),
        "caf": _rule("CAF", _f),
        "monna": _rule("MoNNA", _f),
        "smea": _rule("SMEA", _f),
        "cge": _rule("ComparativeGradientElimination", _f),
        "centered_clipping": _rule(
            "CenteredClipping", lambda _n, _f: {"c_tau": 1.0, "M": 1, "init": "zero"}
        ),
        "nnm+trimmed_mean": _rule("CoordinateWiseTrimmedMean", _f, mixed=True),
        "nnm+krum": _rule("Krum", _f, mixed=True),
        "nnm+geometric_median": _rule("GeometricMedian", _nothing, mixed=True),
    },
    convert=tensors,
    packages=("byzpy", "torch"),
    needs="byzpy",
    enumerates=("mda", "smea"),
)
SUITE = LIBRARY.suite
