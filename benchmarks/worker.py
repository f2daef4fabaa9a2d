"""The process in which one suite is timed: it is asked and answers in lines of JSON.

    python benchmarks/worker.py SUITE [--quick]

``{"do": "versions"}``, ``{"do": "open", "case": id, "rounds": null}``,
``{"do": "check", "kind": kind}`` and ``{"do": "sample", "case": id, "seconds": 0.2}`` are answered
by ``{"ok": …}`` or ``{"failure": reason}``. It runs where rallypoint is not installed, and needs no
more than the suite's own library.
"""

import json
import os
import sys
import warnings
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

from suites import Suite, load
from timing import Case, Sampler, opened, reason


def main() -> None:
    """Answer until nobody asks any more."""
    answers = _kept_for_answers()
    _stay_on_one_core()
    warnings.simplefilter("ignore")  # of libraries, about their own dependencies
    name, *options = sys.argv[1:]
    worker = Worker(load(name), quick="--quick" in options)
    for line in sys.stdin:
        try:
            answer = {"ok": worker.answer(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - other libraries fail in their own ways
            answer = {"failure": reason(error)}
        print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """Holds what is open."""

    def __init__(self, suite: Suite, *, quick: bool) -> None:
        """Open nothing yet."""
        self._suite = suite
        self._cases: dict[str, Case] = {case.id: case for case in suite.cases(quick=quick)}
        self._samplers: dict[str, Sampler] = {}

    def answer(self, asked: dict[str, Any]) -> Any:
        """Do what is asked."""
        match asked:
            case {"do": "versions"}:
                return _versions(self._suite.packages)
            case {"do": "check", "kind": kind} if self._suite.check is not None:
                return self._suite.check(kind)
            case {"do": "open", "case": id, "rounds": rounds}:
                self._samplers[id] = opened(replace(self._cases[id], rounds=rounds))
                return None
            case {"do": "sample", "case": id, "seconds": seconds}:
                return self._samplers[id](seconds)
        raise ValueError(f"asked for {asked}, which is nothing known here")


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _stay_on_one_core() -> None:
    """Keep every thread on one core: helpers of JAX cost half as much again across two."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _kept_for_answers() -> TextIO:
    """Take stdout away: what libraries print, even from C, goes to stderr instead."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
