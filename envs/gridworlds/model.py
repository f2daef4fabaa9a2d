"""The tabular model of a gridworld: the world's own step, taken from every state."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.envs.gridworlds.dynamics import Position, advance
from rallypoint.envs.gridworlds.indexing import Index
from rallypoint.envs.gridworlds.layout import Layout
from rallypoint.errors import NotOffered
from rallypoint.transitions import Transitions, joint_actions

_MOST_ENTRIES = 1 << 25  # of the table of rewards: 256 MiB
_NUM_CHANCES = 5  # carried out is one's own action, or one of the four moves


def num_entries(layout: Layout, index: Index) -> int:
    """Return how many rewards the model would hold."""
    num_agents = layout.num_agents
    outcomes = _NUM_CHANCES**num_agents if layout.task.slips else 1
    num_actions: int = len(layout.actions) ** num_agents
    return index.num_states * num_actions * outcomes * num_agents


def is_small(layout: Layout, index: Index) -> bool:
    """Whether a model is worth writing down."""
    return num_entries(layout, index) <= _MOST_ENTRIES


def transitions(layout: Layout, index: Index) -> Transitions:
    """Return the model; states in which nobody is left lead to themselves and pay nothing.

    Raises:
        NotOffered: it would be too large.
    """
    if not is_small(layout, index):
        raise NotOffered(
            f"a tabular model of this gridworld would hold {num_entries(layout, index):.3g} "
            f"rewards, more than {_MOST_ENTRIES:.3g}; take fewer agents or flags"
        )
    states = np.arange(index.num_states)
    position = index.positions(states)
    actions = joint_actions((len(layout.actions),) * layout.num_agents)
    chances = joint_actions((_NUM_CHANCES if layout.task.slips else 1,) * layout.num_agents)
    shape = len(states), len(actions), len(chances)
    model = Transitions(
        next_states=np.empty(shape, dtype=np.int64),
        probabilities=np.empty(shape),
        rewards=np.empty((*shape, layout.num_agents)),
        terminated=np.empty(shape, dtype=bool),
        start=_start(layout, index),
        actions=actions,
    )
    slips = layout.slips.take(position.flags)[:, None]  # (S, 1)
    for a, joint in enumerate(actions):
        for k, chance in enumerate(chances):
            carried_out = np.broadcast_to(np.where(chance, chance - 1, joint), position.cells.shape)
            outcome = advance(layout, position, carried_out)
            model.next_states[:, a, k] = index.states(outcome.position)
            model.probabilities[:, a, k] = np.where(chance, slips / 4, 1 - slips).prod(axis=1)
            model.rewards[:, a, k] = outcome.rewards
            model.terminated[:, a, k] = ~outcome.position.alive.any(axis=1)
    return model


def _start(layout: Layout, index: Index) -> NDArray[np.float64]:
    maps = np.arange(len(layout.starts))
    nothing = np.zeros_like(maps)
    everybody = np.ones(layout.starts.shape, dtype=bool)
    begins = Position(maps, nothing, layout.moves, layout.starts, everybody)
    start = np.zeros(index.num_states)
    np.add.at(start, index.states(begins), layout.odds)
    return start
