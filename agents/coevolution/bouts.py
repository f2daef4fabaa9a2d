"""Bouts, in which a host and a pathogen learn from each other: what is ordered, and what came."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Snapshot
from rallypoint.draws import Floats

Learned = Snapshot  # parameters and the optimiser's memory, of one (d,) or of several (R, d)


class Bout(NamedTuple):
    """Order: let a host and a pathogen meet, who are then measured, if that is asked for.

    What comes of it is a function of the order alone: it may be computed anywhere, beside whatever
    else, and again.
    """

    seed: int  # of the population
    number: int  # of the bout in it, which keys all that is drawn
    units: tuple[int, ...]  # of the host's hidden layers: its species
    host: Learned
    pathogen: Learned | None = None  # None: the host is alone
    host_rounds: int = 0  # of learning; the pathogen's come first
    pathogen_rounds: int = 0
    measures_clean: bool = False
    measures_attacked: bool = False


class Fought(NamedTuple):
    """What came of a bout."""

    host: Learned
    pathogen: Learned | None
    clean: Floats | None  # (n,) returns of the host alone, where that was measured
    attacked: Floats | None  # (n,) under the pathogen, of the same episodes
    steps: int  # of environments: all that were learned from, or measured


def row_of(learned: Learned, index: int) -> Learned:
    """Return what one of several has learned."""
    return {name: part[index] for name, part in learned.items()}


def stacked(rows: Sequence[Learned]) -> Learned:
    """Return what several have learned, with a first axis for them."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def with_row(learned: Learned, index: int, row: Learned) -> Learned:
    """Return what several have learned, with that of one replaced."""
    changed = {name: part.copy() for name, part in learned.items()}
    for name, part in row.items():
        changed[name][index] = part
    return changed
