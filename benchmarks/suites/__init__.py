"""What is timed: a module for each library, with its cases and what is expected of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from goals import Goal
from timing import Case

NAMES = (
    "simple_spread",
    "magent",
    "vmas_spread",
    "jaxmarl_spread",
    "worlds",
    "compiled",
    "views",
    "ppo",
    "gradient",
    "compiled_rules",
    "spread_ppo",
    "rllib_spread",
    "tabular",
    "lies",
    "threatened",
    "compiled_threatened",
    "recorded",
)


def _no_goals(*, quick: bool) -> Sequence[Goal]:
    del quick  # nothing is expected of other people's environments
    return ()


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Cases that are timed in a process of their own; its module imports no library at the top."""

    cases: Callable[..., Sequence[Case]]  # quick -> those of a quick run
    goals: Callable[..., Sequence[Goal]] = _no_goals
    packages: tuple[str, ...] = ()  # whose versions are written beside the numbers
    needs: str | None = None  # the peer that cannot share our own .venv
    home: str = ".venv-peers"  # the .venv that it has then
    made_by: str = "make peers"  # what makes that
    check: Callable[[str], str] | None = None  # of what kind -> whether its answers are right


def load(name: str) -> Suite:
    """Return the suite of a module."""
    suite: Suite = import_module(f"suites.{name}").SUITE
    return suite


def cases(names: Sequence[str] = NAMES, *, quick: bool) -> list[Case]:
    """Return every case of some suites, each with the name of its suite."""
    return [replace(case, suite=name) for name in names for case in load(name).cases(quick=quick)]


def goals(*, quick: bool) -> list[Goal]:
    """Return everything that is expected."""
    return [goal for name in NAMES for goal in load(name).goals(quick=quick)]
