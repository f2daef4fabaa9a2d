"""The package krum, on torch tensors."""

from importlib import import_module
from typing import Any

from suites.rules import Call, Library, Rule, tensors, without_torchvision


def _rule(module: str, kind: str, **settings: Any) -> Rule:
    def rule(updates: Any, f: int) -> Call:
        without_torchvision()
        found = getattr(import_module(f"krum.primitives.aggregators.{module}"), kind)
        return lambda: found.aggregate(updates, n=len(updates), f=f, **settings)

    return rule


def _multi_krum(updates: Any, f: int) -> Call:
    return _rule("multikrum", "MultiKrum", m=len(updates) - f - 2)(updates, f)


LIBRARY = Library(
    name="krum",
    rules={
        "mean": _rule("average", "Average"),
        "median": _rule("median", "Median"),
        "trimmed_mean": _rule("trimmed_mean", "TrimmedMean"),
        "geometric_median": _rule("geometric_median", "GeometricMedian"),
        "krum": _rule("krum", "Krum"),
        "multi_krum": _multi_krum,
        "bulyan": _rule("bulyan", "Bulyan"),
        "aksel": _rule("aksel", "Aksel"),
        "mda": _rule("brute", "Brute"),
    },
    convert=tensors,
    packages=("krum", "torch"),
    needs="krum",
    enumerates=("mda",),
)
SUITE = LIBRARY.suite
