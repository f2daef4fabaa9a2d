"""Q-learning on the ring, many steps at once: what numba compiles.

The bits are those of choosing, stepping and learning one by one: cells, counts and percepts are
integers, floats meet in the same order, and powers are NumPy's.
"""

from typing import Any

import numpy as np

from rallypoint.acceleration import compiled, inlined
from rallypoint.draws import Floats, Integers

_STATE = (
    "float64[::1], "  # (E * N * S * A,) all tables
    "int64[:, ::1], "  # (E, N) owners, and so on as in State, copies and agents in one axis
    "int64[:, ::1], int64[::1], float64[::1], int64"
)
_RATES = (
    "Tuple(("
    "float64[:, ::1], "  # (T or 1, trace) what a visit of each age leaves of the distance
    "float64[::1], "  # (T or 1,) actions / epsilon
    "float64))"  # discount of what comes after; 0 without bootstrap
)
_RING = (
    "Tuple(("
    "int64[::1], "  # (A * (L + 1),) cell by action and cell
    "int64[::1], "  # (L,) sector by cells ahead
    "int64[::1], "  # (N + 1,) whole representatives by count
    "int64[:, ::1], "  # (6, N + 1) by count, who gets the leftover: the highest
    "int64[::1], "  # (6,) what a representative of each sector adds to a percept's key
    "int64[::1], "  # percept by key
    "float64[::1]))"  # (11,) reward by central representatives
)


@inlined
def choose(values: Floats, numbers: Floats, scale: float) -> int:
    """Choose epsilon-greedily, as ``tables.choose``: values (A,), numbers (A + 1,)."""
    num_actions = len(values)
    explored = numbers[num_actions] * scale
    if explored < num_actions:
        return int(explored)
    top = values[0]
    for action in range(1, num_actions):
        top = max(top, values[action])
    chosen, highest = 0, -1.0
    for action in range(num_actions):
        if values[action] == top and numbers[action] > highest:
            chosen, highest = action, numbers[action]
    return chosen


@inlined
def look(counts: Integers, percepts: Integers, rewards: Floats, ring: Any) -> None:
    """Tell what is seen from each cell (L,), and what it earns to stand there.

    As ``sectors.percept_index`` and ``reward.rewards_by_cell``, for cells that somebody stands on.
    """
    _, sectors, shares, keys, digits, percept_by_key, reward_by_share = ring
    cells = len(counts)
    by_sector = np.empty(6, np.int64)
    for cell in range(cells):
        if counts[cell] == 0:
            continue
        by_sector[:] = 0
        for there in range(cells):
            by_sector[sectors[there - cell]] += counts[there]  # below 0 counts from the end
        leftover = len(reward_by_share) - 1
        for sector in range(6):
            leftover -= shares[by_sector[sector]]
        number = 0
        for sector in range(6):
            share = shares[by_sector[sector]]
            key = keys[sector, by_sector[sector]]
            if leftover > 0:
                rank = 0
                for other in range(6):
                    rank += keys[other, by_sector[other]] > key
                share += rank < leftover
            number += digits[sector] * share
            if sector == 0:  # the central one
                rewards[cell] = reward_by_share[share]
        percepts[cell] = percept_by_key[number]


@inlined
def credit(  # noqa: PLR0917 - likewise
    values: Floats,
    scratch: Floats,
    visited: Integers,
    now: int,
    length: int,
    target: float,
    keep: Floats,
) -> None:
    """Credit an agent's visits since its last reward, as ``TracedQLearning._credit``."""
    # visited is a ring over time (trace,): a place below 0 counts from its end.
    for age in range(length):
        scratch[visited[now - age]] *= keep[age]
    for age in range(length):
        entry = visited[now - age]
        if scratch[entry] >= 0:  # else it was met at a lesser age
            values[entry] = target + (values[entry] - target) * scratch[entry]
            scratch[entry] = -1
    for age in range(length):
        scratch[visited[now - age]] = 1


@compiled(f"void(int64[:, ::1], float64[:, :, :, ::1], {_STATE}, {_RATES}, {_RING})")
def play_and_learn(  # noqa: PLR0917 - compiled code has no keywords
    positions: Integers,  # (E, N), moved on
    numbers: Floats,  # (E, T, N, A + 1) to choose by
    values: Floats,
    owners: Integers,
    visits: Integers,
    lengths: Integers,
    scratch: Floats,
    age: int,
    rates: Any,
    ring: Any,
) -> None:
    """Play T steps of every copy, and learn from each."""
    keeps, scales, discount = rates
    moves, sectors = ring[:2]
    num_copies, num_steps, num_agents, width = numbers.shape
    num_actions, cells, trace = width - 1, len(sectors), len(visits)
    counts, percepts = np.empty(cells, np.int64), np.empty(cells, np.int64)
    rewards = np.empty(cells)
    for copy in range(num_copies):
        counts[:] = 0
        for cell in positions[copy]:
            counts[cell] += 1
        look(counts, percepts, rewards, ring)
        for step in range(num_steps):
            now, rate = (age + step) % trace, min(step, len(scales) - 1)
            counts[:] = 0
            for agent in range(num_agents):
                learner, cell = copy * num_agents + agent, positions[copy, agent]
                start, first = owners[copy, agent] * num_actions, percepts[cell] * num_actions
                row = values[start + first : start + first + num_actions]
                action = choose(row, numbers[copy, step, agent], scales[rate])
                visits[now, learner] = first + action
                lengths[learner] = min(lengths[learner] + 1, trace)
                cell = moves[action * (cells + 1) + cell]
                positions[copy, agent] = cell
                counts[cell] += 1
            look(counts, percepts, rewards, ring)
            for agent in range(num_agents):
                learner, cell = copy * num_agents + agent, positions[copy, agent]
                target = rewards[cell]
                if target != 0:
                    start, first = owners[copy, agent] * num_actions, percepts[cell] * num_actions
                    target += discount * values[start + first : start + first + num_actions].max()
                    visited, length = visits[:, learner], lengths[learner]
                    own, marks = values[start:], scratch[start:]
                    credit(own, marks, visited, now, length, target, keeps[rate])
                    lengths[learner] = 0
