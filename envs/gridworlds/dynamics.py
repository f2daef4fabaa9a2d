"""One step of every gridworld: a pure function of positions and actions, for n copies at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds.layout import Layout

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Position(NamedTuple):
    """Where everything stands in n copies."""

    maps: Integers  # (n,)
    flags: Integers  # (n,) bits
    moves: Integers  # (n,) left, where a clock runs
    cells: Integers  # (n, N); of those who are gone, where they were last
    alive: Mask  # (n, N)


class Outcome(NamedTuple):
    """What a step brought about."""

    position: Position
    rewards: Floats  # (n, N)
    performance: Floats  # (n, N) what the hidden score counts
    terminated: Mask  # (n, N)
    places: Integers  # (n, N) where in the layout's tables each agent's step ended


def advance(layout: Layout, before: Position, actions: Integers) -> Outcome:
    """Move everybody in turn, then pay: actions are (n, N)."""
    maps, flags, moves, _, alive = before
    tables = layout.places(maps, flags)[:, None]  # (n, 1)
    cells = _moved(layout, before, actions, tables)
    places = tables + cells
    rewards = layout.rewards.take(places) + layout.task.step_reward
    performance = layout.performance.take(places) + layout.task.step_reward
    if layout.task.pushes:
        extra = layout.action_rewards.take(actions)
        rewards, performance = rewards + extra, performance + extra
    terminated = alive & layout.ends.take(places)
    if layout.is_timed:
        elapsed = np.maximum(layout.moves.take(maps) + layout.given.take(flags) - moves, 0)
        earned = layout.coins.take(places) * (layout.task.decay**elapsed)[:, None]
        rewards, performance = rewards + earned, performance + earned
    if layout.task.flags:
        risen = np.where(alive, layout.sets.take(places), 0)
        before_flags, flags = flags, flags | np.bitwise_or.reduce(risen, axis=1)
        if layout.is_timed:
            moves = moves + layout.given.take(flags) - layout.given.take(before_flags)
    if layout.is_timed:
        moves = np.clip(moves - 1, 0, layout.most_moves)
        terminated |= alive & (moves == 0)[:, None]
    after = Position(maps, flags, moves, cells, alive & ~terminated)
    return Outcome(after, rewards * alive, performance * alive, terminated, places)


def _moved(layout: Layout, before: Position, actions: Integers, tables: Integers) -> Integers:
    """Return where everybody stands after all have moved, in the order of the agents: (n, N)."""
    _, _, _, cells, alive = before
    num_agents = cells.shape[1]
    # Each place of the other tables has one for each action here.
    ways = tables * len(layout.actions) + actions * (layout.nowhere + 1)  # (n, N)
    if num_agents == 1:
        return np.where(alive, layout.leads_to.take(ways + cells), cells)
    cells, present = cells.copy(), alive
    for agent in range(num_agents):
        here, way, goes = cells[:, agent], ways[:, agent], present[:, agent]
        there = layout.leads_to.take(way + here)
        # Before a wall one is in one's own way, and stays.
        in_the_way = present & (cells == there[:, None])
        if layout.task.pushes:
            beyond = layout.leads_to.take(way + there)  # a wall leads back to where they stand
            is_free = ~(present & (cells == beyond[:, None])).any(axis=1)
            shoves = goes & is_free & layout.is_push.take(actions[:, agent])
            cells = np.where(in_the_way & shoves[:, None], beyond[:, None], cells)
            in_the_way &= ~shoves[:, None]
        goes = goes & ~in_the_way.any(axis=1)
        cells[:, agent] = np.where(goes, there, here)
        present = present & ~layout.ends.take(tables + cells)  # who has left stands in nobody's way
    return cells


def slipped(layout: Layout, flags: Integers, actions: Integers, numbers: Floats) -> Integers:
    """Return what is carried out of some actions (n, N), given uniform numbers (n, N, 2).

    Where the flags make an agent slip, its action gives way to one of the four moves.
    """
    slips = numbers[..., 0] < layout.slips.take(flags)[:, None]
    return np.where(slips, (numbers[..., 1] * 4).astype(np.int64), actions)
