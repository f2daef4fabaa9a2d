"""Our tabular learner: ten seeds of ten agents for a thousand cycles, side by side."""

from collections.abc import Sequence
from functools import partial

from goals import Goal, Within
from timing import Case, Work

from suites import Suite

_SEEDS, _CYCLES, _QUICK_CYCLES = 10, 1000, 100


def cases(*, quick: bool) -> Sequence[Case]:
    """Return the training run."""
    return [Case(row=row(quick=quick), prepare=partial(training, cycles(quick=quick)), rounds=3)]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return how long it may take; a quick run is a tenth of it, made whole by proportion."""
    return [Within(case=row(quick=quick), cpu_seconds=5, share=cycles(quick=quick) / _CYCLES)]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "numpy"))


def cycles(*, quick: bool) -> int:
    """Return how long the run is."""
    return _QUICK_CYCLES if quick else _CYCLES


def row(*, quick: bool) -> str:
    """Return what it is called."""
    return f"Q-learning {_SEEDS} × {cycles(quick=quick):,}"


def training(num_cycles: int, *, seeds: int = _SEEDS, num_agents: int = 10) -> Work:
    """Get the run ready; a seed is a copy."""
    import rallypoint
    from rallypoint.agents.tabular.encoding import Sectors
    from rallypoint.agents.tabular.traced_q_learning import TracedQLearning
    from rallypoint.agents.tabular.training import train

    def run() -> int:
        env = rallypoint.make("gathering-v0", copies=seeds, num_agents=num_agents)
        train(env, TracedQLearning(), Sectors(), episodes=num_cycles, seed=0)
        return num_cycles * (env.time_limit or 0) * seeds * env.num_agents

    return run
