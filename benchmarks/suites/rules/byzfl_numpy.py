"""byzfl on NumPy arrays."""

from collections.abc import Callable
from typing import Any

from suites.rules import Call, Library, Rule, without_torchvision


def _rule(make: Callable[[Any, int], Callable[[Any], Any]]) -> Rule:
    def rule(updates: Any, f: int) -> Call:
        without_torchvision()
        import byzfl  # type: ignore[import-not-found]  # lives in .venv-peers

        call = make(byzfl, f)
        return lambda: call(updates)

    return rule


def _mixed(make: Callable[[Any, int], Callable[[Any], Any]]) -> Rule:
    def both(byzfl: Any, f: int) -> Callable[[Any], Any]:
        mix, call = byzfl.NNM(f), make(byzfl, f)
        return lambda updates: call(mix(updates))

    return _rule(both)


RULES: dict[str, Rule] = {
    "mean": _rule(lambda byzfl, _: byzfl.Average()),
    "median": _rule(lambda byzfl, _: byzfl.Median()),
    "trimmed_mean": _rule(lambda byzfl, f: byzfl.TrMean(f)),
    "meamed": _rule(lambda byzfl, f: byzfl.Meamed(f)),
    "geometric_median": _rule(lambda byzfl, _: byzfl.GeometricMedian()),
    "krum": _rule(lambda byzfl, f: byzfl.Krum(f)),
    "multi_krum": _rule(lambda byzfl, f: byzfl.MultiKrum(f)),
    "mda": _rule(lambda byzfl, f: byzfl.MDA(f)),
    "caf": _rule(lambda byzfl, f: byzfl.CAF(f)),
    "monna": _rule(lambda byzfl, f: byzfl.MoNNA(f)),
    "smea": _rule(lambda byzfl, f: byzfl.SMEA(f)),
    # It keeps its answer for the next call, so each starts anew.
    "centered_clipping": _rule(
        lambda byzfl, _: lambda updates: byzfl.CenteredClipping(tau=1.0)(updates)  # noqa: PLW0108
    ),
    "nnm+trimmed_mean": _mixed(lambda byzfl, f: byzfl.TrMean(f)),
    "nnm+krum": _mixed(lambda byzfl, f: byzfl.Krum(f)),
    "nnm+geometric_median": _mixed(lambda byzfl, _: byzfl.GeometricMedian()),
}
MEMORY = {
    rule: lambda n, f, d: 4 * n * (n - f) * d for rule in RULES if rule.startswith("nnm")
}  # all neighbours of all, gathered

LIBRARY = Library(
    name="byzfl",
    rules=RULES,
    packages=("byzfl", "numpy", "scipy"),
    needs="byzfl",
    memory=MEMORY,
    enumerates=("mda", "smea"),
)
SUITE = LIBRARY.suite
