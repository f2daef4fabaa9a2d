"""Aggregators beside their peers: the sizes, the updates, and what a library is asked.

A suite for each library, with a case for each of its rules and sizes. Every case of a process
aggregates the same updates: normal numbers in float32, the last f of which are shifted by five.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

from timing import Case, Failed, Work

from suites import Suite

NAMES = (
    "rules.floors",
    "rules.ours",
    "rules.byzfl_numpy",
    "rules.byzfl_torch",
    "rules.byzpy_torch",
    "rules.krum_torch",
    "rules.flower",
    "rules.flower_messages",
)
NUM_UPDATES, NUM_COLUMNS = (10, 20, 50, 100), (10_000, 100_000, 1_000_000)
_QUICK = (20,), (10_000, 100_000)
SHARED = "RALLYPOINT_BENCH_UPDATES"  # names the folder that processes share
_MOST_SUBSETS = 20_000
_MOST_BYTES = 2 * 2**30

Call = Callable[[], Any]  # aggregates once
Rule = Callable[[Any, int], Call]  # updates, f -> what aggregates them


@dataclass(frozen=True, kw_only=True)
class Library:
    """What is timed of a library; its rules import it."""

    name: str  # in tables
    rules: Mapping[str, Rule]
    convert: Callable[[Any], Any] = lambda updates: updates  # to what it takes
    packages: tuple[str, ...] = ()
    needs: str | None = None
    memory: Mapping[str, Callable[[int, int, int], int]] | None = None  # bytes of (n, f, d)
    enumerates: tuple[str, ...] = ()  # rules that walk through all subsets of n - f

    @property
    def suite(self) -> Suite:
        """Its cases, each answering whether it is right when asked."""
        return Suite(cases=self._cases, check=self._check, packages=self.packages, needs=self.needs)

    def _cases(self, *, quick: bool) -> Sequence[Case]:
        return [
            Case(
                row=row(self.name, rule),
                column=column(n, d),
                prepare=partial(self._work, rule, n, d),
            )
            for n, d in sizes(quick=quick)
            for rule in self.rules
        ]

    def _work(self, rule: str, n: int, d: int) -> Work:
        f = bound(rule, n)
        self._refuse_too_much(rule, n, f, d)
        call = self.rules[rule](self.convert(updates(n, f, d)), f)

        def aggregated() -> int:
            call()
            return n * d

        return aggregated

    def _refuse_too_much(self, rule: str, n: int, f: int, d: int) -> None:
        if rule in self.enumerates and (subsets := comb(n, f)) > _MOST_SUBSETS:
            raise Failed(f"skipped: it would walk through {subsets:.2g} subsets")
        taken = (self.memory or {}).get(rule)
        if taken is not None and (size := taken(n, f, d)) > _MOST_BYTES:
            raise Failed(f"skipped: it would allocate {size / 2**30:.0f} GiB")

    def _check(self, rule: str) -> str:
        from suites.rules.verdicts import verdict

        return verdict(rule, lambda x, f: self.rules[rule](self.convert(x), f)())


def sizes(*, quick: bool) -> list[tuple[int, int]]:
    """Return the pairs (n, d), small before large."""
    rows, columns = _QUICK if quick else (NUM_UPDATES, NUM_COLUMNS)
    return [(n, d) for n in rows for d in columns]


def row(library: str, rule: str) -> str:
    """Return the row of a rule."""
    return f"{library}: {rule}"


def column(n: int, d: int) -> str:
    """Return the column of a size."""
    return f"n={n} d={d:,}"


def id_of(library: str, rule: str, n: int, d: int) -> str:
    """Return the id of a case."""
    return f"{row(library, rule)} {column(n, d)}"


def size_of(case: Case) -> tuple[int, int]:
    """Return (n, d) of a case."""
    n, d = (int(part.partition("=")[2].replace(",", "")) for part in case.column.split())
    return n, d


def bound(rule: str, n: int) -> int:
    """Return the f that a rule is asked to tolerate among n: a fifth, or what Bulyan can."""
    return min(n // 5, (n - 3) // 4) if "bulyan" in rule else n // 5


def updates(n: int, f: int, d: int) -> Any:
    """Return updates (n, d), drawn once for all processes that share a folder: 400 MB at most."""
    import numpy as np

    if folder := os.environ.get(SHARED):
        path = Path(folder) / f"{n}-{f}-{d}.npy"
        if not path.exists():  # one process is asked at a time
            np.save(path, _drawn(n, f, d))
        return np.asarray(np.load(path, mmap_mode="c"))  # what is written to it nobody else sees
    return _drawn(n, f, d)


def _drawn(n: int, f: int, d: int) -> Any:
    import numpy as np

    drawn = np.random.default_rng(0).standard_normal((n, d), dtype=np.float32)
    drawn[n - f :] += 5
    return drawn


def tensors(updates: Any) -> Any:
    """Return updates as a tensor that shares their memory."""
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(updates)


def without_torchvision() -> None:
    """Let libraries import torchvision, which no rule uses and which would bring a torch along."""
    import sys
    from unittest.mock import MagicMock

    for name in ("torchvision", "torchvision.datasets", "torchvision.transforms"):
        sys.modules.setdefault(name, MagicMock())
