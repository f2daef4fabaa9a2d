"""Training on the ring by whole episodes, where nothing comes between a step and its learner."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rallypoint.acceleration import compiled_module
from rallypoint.agents.tabular.encoding import Encoding, Sectors
from rallypoint.agents.tabular.traced_q_learning import State, TracedQLearning
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats
from rallypoint.envs.gathering.dynamics import move_table
from rallypoint.envs.gathering.reward import reward_of_central
from rallypoint.envs.gathering.sectors import (
    REPRESENTATIVES,
    TIE_ORDER,
    digits,
    percept_by_key,
    sector_of_offset,
)
from rallypoint.envs.gathering.world import Gathering

Episode = Callable[[Any, Draws], Any]  # with and without an episode, a learner's memory

_PAYS = 200  # episodes, from which on loading numba is won back
_AT_ONCE = 1 << 19  # numbers drawn at a time: 4 MiB


def whole_episodes(
    env: BatchEnv, learner: Any, encoding: Encoding, *, episodes: int
) -> Episode | None:
    """Return what plays and learns a started episode to its end; None: it goes step by step.

    World, draws and everything learned come out as step by step, bit for bit.

    Raises:
        InvalidConfig, Unavailable: see ``acceleration``.
    """
    # These very classes: a wrapper, a threat or a subclass may do something else in each step.
    if type(env) is not Gathering or type(learner) is not TracedQLearning:
        return None
    if type(encoding) is not Sectors or encoding.cells != env.cells:
        return None
    module = compiled_module("rallypoint.agents.tabular.compiled_episode", pays=episodes >= _PAYS)
    if module is None:
        return None
    ring = _ring(env.cells, env.num_agents)

    def play(state: State, draws: Draws) -> State:
        num_copies, num_agents, _, num_actions = state.tables.shape
        shape = (num_agents, num_actions + 1)
        trace = len(state.visits)  # with falling rates each step has weights of its own
        most = max(1, min(_AT_ONCE // max(num_copies * math.prod(shape), trace), trace))
        positions, left = env.state(), env.time_limit or 0
        while left:
            steps = min(left, most)
            module.play_and_learn(
                positions,
                draws.random((steps, *shape)),
                state.tables.reshape(-1),
                state.owners,
                state.visits.reshape(trace, -1),
                state.lengths.reshape(-1),
                state.scratch.reshape(-1),
                int(state.age[0]),
                _rates(learner, state, steps),
                ring,
            )
            state.age[0] += steps
            left -= steps
        state.lengths[:] = 0
        env.end_at(positions)
        return state

    return play


def _rates(learner: TracedQLearning, state: State, steps: int) -> tuple[Floats, Floats, float]:
    trace, num_actions = len(state.visits), state.tables.shape[-1]
    age = int(state.age[0])
    ages = [age] if learner.decay_over is None else range(age, age + steps)
    alphas, epsilons = np.array([learner.rates(age) for age in ages], dtype=np.float64).T
    keeps = 1 - alphas[:, None] * float(learner.gamma) ** np.arange(trace)
    scales = np.full(len(epsilons), np.inf)  # without exploration no number is small enough
    np.divide(num_actions, epsilons, out=scales, where=epsilons > 0)
    return keeps, scales, float(learner.gamma) if learner.bootstrap else 0.0


def _ring(cells: int, num_agents: int) -> tuple[Any, ...]:
    """Return what the compiled code must know of a ring; as in ``sectors.shared_out``."""
    tens = REPRESENTATIVES * np.arange(num_agents + 1)
    return (
        move_table(cells).ravel(),
        sector_of_offset(cells),
        tens // num_agents,
        6 * (tens % num_agents) - np.reshape(TIE_ORDER, (6, 1)),
        digits(),
        percept_by_key(),
        reward_of_central(np.arange(REPRESENTATIVES + 1)),
    )
