"""The worst that can be done to a policy through what it sees, exactly, in tabular worlds.

For a fixed policy the best adversary solves a decision problem of its own: its state is the true
one, its action is what is shown, and it earns what the agent loses.

Source: Zhang, Chen, Xiao, Li, Liu, Boning & Hsieh (2020), "Robust Deep Reinforcement Learning
against Adversarial Perturbations on State Observations", NeurIPS, arXiv:2003.08938, section 3.
"""

from typing import NamedTuple

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.draws import Floats, Integers
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.transitions import Transitions, policy_values

_TOLERANCE = 1e-12  # relative change of a value at which a sweep counts as the last
_MOST_SWEEPS = 100_000


class Adversary(NamedTuple):
    """What is shown in each true state, and what is left to the agent then."""

    shows: Integers  # (S,) percepts, counted from 0; the table of a ``percept_map`` of states
    values: Floats  # (S,) what the agent still gets


def optimal_adversary(
    model: Transitions,
    policy: Floats,
    percepts: Integers,
    neighbours: Mask,
    *,
    gamma: float,
) -> Adversary:
    """Return the adversary that leaves the agent least, by value iteration.

    Args:
        model: of the task, with one agent.
        policy: (P, A) how likely the agent takes each action at each percept.
        percepts: (S,) what it sees in each state in truth, counted from 0.
        neighbours: (P, P) what may be shown in whose place; the truth always may.
        gamma: discount in [0, 1); 1 where episodes end whatever is shown.

    Raises:
        NotOffered: there are several agents, whose percepts together are too many to try.
        InvalidConfig: shapes that do not fit, or values that go on changing.
    """
    shown = _may_show(model, policy, percepts, neighbours)  # (S, P)
    paid = (model.probabilities * model.rewards[..., 0]).sum(axis=-1)  # (S, A)
    going_on = gamma * model.probabilities * ~model.terminated  # (S, A, K)
    values = np.zeros(model.num_states)
    for _ in range(_MOST_SWEEPS):
        worths = _worths(paid, going_on, values, model, policy)
        worths[~shown] = np.inf
        before, values = values, worths.min(axis=1)
        if np.abs(values - before).max() <= _TOLERANCE * max(1.0, np.abs(values).max()):
            return Adversary(_first_best(worths, percepts), values)
    raise InvalidConfig(
        f"values still change after {_MOST_SWEEPS} sweeps: with gamma {gamma} the agent can be "
        "kept in this task without end; give a smaller gamma"
    )


def greedy_adversary(
    worths: Floats, policy: Floats, percepts: Integers, neighbours: Mask
) -> Integers:
    """Return the adversary that looks one step ahead: (S,) what it shows, counted from 0.

    It makes the agent take what is worth least to an agent that is not deceived any more:
    ``argmin over what may be shown of sum_a policy(a | shown) worths(s, a)``.

    Args:
        worths: (S, A) of each action in each true state, such as a table of Q-learning.
        policy: (P, A).
        percepts: (S,).
        neighbours: (P, P).
    """
    found = worths @ policy.T  # (S, P)
    allowed = neighbours[percepts]
    allowed[np.arange(len(percepts)), percepts] = True
    found[~allowed] = np.inf
    return _first_best(found, percepts)


def values_under(model: Transitions, policy: Floats, shows: Integers, *, gamma: float) -> Floats:
    """Return what the agent gets from each state if it is shown a table's percepts: (S,)."""
    return policy_values(model, policy[shows], gamma=gamma)[:, 0]


def _worths(
    paid: Floats, going_on: Floats, values: Floats, model: Transitions, policy: Floats
) -> Floats:
    """Return what each percept would leave to the agent in each state: (S, P)."""
    of_actions = paid + (going_on * values.take(model.next_states)).sum(axis=-1)
    worths: Floats = of_actions @ policy.T
    return worths


def _first_best(worths: Floats, percepts: Integers) -> Integers:
    """Return the worst percept in each state; the truth, where nothing is worse."""
    least = worths.min(axis=1)
    rows = np.arange(len(percepts))
    honest = worths[rows, percepts] <= least + 1e-12 * np.maximum(1.0, np.abs(least))
    shows: Integers = np.where(honest, percepts, worths.argmin(axis=1))
    return shows


def _may_show(model: Transitions, policy: Floats, percepts: Integers, neighbours: Mask) -> Mask:
    if model.actions.shape[1] != 1:
        raise NotOffered(
            f"the exact adversary is of one agent's percepts, and this task has "
            f"{model.actions.shape[1]} agents, whose percepts together are too many to try; train "
            "one with adversary_view"
        )
    num_percepts, num_actions = policy.shape
    if num_actions != model.next_states.shape[1]:
        raise InvalidConfig(
            f"the policy chooses among {model.next_states.shape[1]} actions, got {num_actions}"
        )
    if percepts.shape != (model.num_states,) or not (
        percepts.size and percepts.min() >= 0 and percepts.max() < num_percepts
    ):
        raise InvalidConfig(
            f"percepts are one for each of {model.num_states} states, in 0..{num_percepts - 1}, "
            f"got {percepts.shape}"
        )
    if neighbours.shape != (num_percepts, num_percepts):
        raise InvalidConfig(
            f"neighbours are ({num_percepts}, {num_percepts}), got {neighbours.shape}"
        )
    shown = neighbours[percepts]
    shown[np.arange(model.num_states), percepts] = True
    return shown
