"""Experiments so small that they take seconds, each in the folder of its tests.

``<experiment>/miniature.py`` has ``MINIATURE``, a config, ``SEEDS``, and ``REFUSED``, settings that
cannot be run with words of the refusal; where no config makes it small enough, also ``small()``, a
context in which it is; and where what is announced is no promise, a ``progress`` of its own.
"""

import importlib
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest

from rallypoint.experiments import experiments, plots
from rallypoint.experiments.experiment import Row
from tests.experiments.progress import no_progress

IN_MINIATURE = sorted(path.parent.name for path in Path(__file__).parent.glob("*/miniature.py"))


def miniature_of(name):
    """Return what makes an experiment small."""
    return importlib.import_module(f"tests.experiments.{name}.miniature")


def found_by(name, seeds):
    """Run an experiment in miniature."""
    about = miniature_of(name)
    run = experiments[name].load()
    with getattr(about, "small", nullcontext)():
        return tuple(run(about.MINIATURE, seeds, getattr(about, "progress", no_progress)))


@cache
def findings_of(name):
    """Return all that an experiment finds in miniature; it is run once."""
    return found_by(name, miniature_of(name).SEEDS)


def rows_alone(name, seed):
    """Return the rows of a run on one seed, in which nothing is drawn: that takes longest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "png", lambda figure: b"")
        return rows_of(found_by(name, (seed,)), seed)


def of_kind(findings, kind):
    """Return the findings of a kind."""
    return [finding for finding in findings if isinstance(finding, kind)]


def rows_of(findings, seed):
    """Return what was measured on a seed as text, in which NaN is NaN; times are left out."""
    rows = [row.values for row in of_kind(findings, Row) if row.values.get("seed") == seed]
    return [str({k: v for k, v in row.items() if not k.endswith("seconds")}) for row in rows]
