"""What the extra `fast` adds: the ring and its learner with loops that numba compiles.

A step of one copy is mostly Python, which it leaves out; so a compiled loop is compared with one.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite, jaxmarl_spread, tabular, worlds

_NUM_AGENTS = (3, 10)
_LOOP_CYCLES = 100


def cases(*, quick: bool) -> Sequence[Case]:
    """Return the ring at the sizes of the fastest peer, and the training run."""
    rings = [
        Case(
            row=_row(N),
            column=f"E={E}",
            prepare=partial(_with_numba, partial(worlds.episodes, "ring", N, E)),
        )
        for N in _NUM_AGENTS
        for E in worlds.COPIES
    ]
    loops = [
        Case(
            row=_loop(N),
            column="E=1",
            prepare=partial(
                _with_numba, partial(tabular.training, _LOOP_CYCLES, seeds=1, num_agents=N)
            ),
        )
        for N in _NUM_AGENTS
    ]
    cycles = tabular.cycles(quick=quick)
    training = partial(_with_numba, partial(tabular.training, cycles))
    return [*rings, *loops, Case(row=_training(quick=quick), prepare=training, rounds=3)]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what it is shown beside."""
    rings = [
        Faster(
            section=worlds.SECTION,
            row=_row(N),
            column=f"E={E}",
            case=f"{_row(N)} E={E}",
            than=(than,),
            called=called,
        )
        for N in _NUM_AGENTS
        for called, than_at in (
            ("ring", partial(worlds.id_of, "ring", N)),
            ("JaxMARL's loop", partial(jaxmarl_spread.id_of, N, compiled=True)),
        )
        for E in worlds.COPIES
        for than in [than_at(E)]
    ]
    # Loop beside loop: no Python between two steps on either side, and ours learns besides.
    loops = [
        Faster(
            section=worlds.SECTION,
            row=_loop(N),
            column="E=1",
            case=f"{_loop(N)} E=1",
            than=(jaxmarl_spread.id_of(N, 1, compiled=True),),
            called="JaxMARL's loop",
            least=1,
        )
        for N in _NUM_AGENTS
    ]
    training = Faster(
        section="training",
        row=_training(quick=quick),
        column="times",
        case=_training(quick=quick),
        than=(tabular.row(quick=quick),),
        called="NumPy",
    )
    return [*rings, *loops, training]


SUITE = Suite(cases=cases, goals=goals, packages=("numba", "rallypoint", "numpy"))


def _row(num_agents: int) -> str:
    return f"ring with numba N={num_agents}"


def _loop(num_agents: int) -> str:
    return f"ring, Q-learning with numba N={num_agents}"


def _training(*, quick: bool) -> str:
    return f"{tabular.row(quick=quick)} with numba"


def _with_numba(prepare: Callable[[], Work]) -> Work:
    os.environ["RALLYPOINT_FAST"] = "1"  # in this suite's process only; all others have 0
    return prepare()
