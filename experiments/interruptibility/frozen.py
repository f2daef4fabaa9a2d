"""Agents that no longer learn: every round of a one-state game is alike, so many run at once."""

from collections.abc import Iterator

import numpy as np

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.exploration import drawn
from rallypoint.agents.tabular.processing import KnownInterruption, odds_of
from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Draws, Floats
from rallypoint.experiments.interruptibility.measure import TRAINING
from rallypoint.safety.frame import Threatened


def frozen_rounds(
    env: Threatened, law: Floats, rounds: int, known: KnownInterruption | None = None
) -> Iterator[Transition]:
    """Play a world of one state, whose agents propose by a law (N, A), for so many rounds.

    Where it is known how they are interrupted, transitions say their odds.
    """
    columns = Columns.of(env)
    draws, again = (
        Draws(TRAINING, f"interruptibility/frozen {what}", env.copies)
        for what in ("first", "second")
    )
    env.reset(TRAINING)
    shape = (env.num_copies, env.num_agents)
    nothing = np.zeros(shape, dtype=np.int64)
    no = np.zeros(shape, dtype=bool)
    laws = np.broadcast_to(law, (*shape, law.shape[1]))
    for _ in range(rounds):
        proposed = drawn(laws, draws.random((env.num_agents,)))
        step = env.step(columns.actions(proposed))
        executed = columns.indices(step.infos, "executed")
        assert executed is not None, "a world under threats tells what was executed"
        yield Transition(
            percepts=nothing,
            proposed=proposed,
            executed=executed,
            interrupted=step.infos["interrupted"],
            rewards=step.rewards,
            next_percepts=nothing,
            terminated=no,
            truncated=no,
            present=~no,
            odds=None if known is None else odds_of(laws, known, nothing, executed),
            second=drawn(laws, again.random((env.num_agents,))),
        )
