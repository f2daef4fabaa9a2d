"""Our tabular learner: ten seeds of ten agents for a thousand cycles, side by side."""

from functools import partial

from goals import Goal, Within
from timing import Case, Work

import rallypoint

_SEEDS, _CYCLES, _QUICK_CYCLES = 10, 1000, 100


def cases(*, quick: bool) -> list[Case]:
    """Return the training runs."""
    return [Case(id=_id(quick=quick), prepare=partial(_training, _cycles(quick=quick)), rounds=3)]


def goals(*, quick: bool) -> list[Goal]:
    """Return how long they may take; a quick run is a tenth of it, made whole by proportion."""
    return [Within(case=_id(quick=quick), cpu_seconds=5, share=_cycles(quick=quick) / _CYCLES)]


def _cycles(*, quick: bool) -> int:
    return _QUICK_CYCLES if quick else _CYCLES


def _id(*, quick: bool) -> str:
    return f"Q-learning {_SEEDS} × {_cycles(quick=quick):,}"


def _training(cycles: int) -> Work:
    from rallypoint.agents.tabular import QLearning
    from rallypoint.agents.tabular.encoding import Sectors
    from rallypoint.agents.tabular.training import train

    def run() -> int:
        env = rallypoint.make("gathering-v0", copies=_SEEDS)
        train(env, QLearning(), Sectors(), episodes=cycles, seed=0)
        return cycles * (env.time_limit or 0) * _SEEDS * env.num_agents

    return run
