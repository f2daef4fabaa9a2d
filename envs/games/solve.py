"""What an agent can get in a game: against fixed partners, and against the worst ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.transitions import Transitions, joint_actions


def joint_policy(model: Transitions, policies: Sequence[Floats]) -> Floats:
    """Let agents act independently, each by its own policy (S, A_i): (S, A).

    Raises:
        InvalidConfig: there is not one policy of the right shape for each agent.
    """
    shapes = [(model.num_states, count) for count in model.num_actions]
    if [policy.shape for policy in policies] != shapes:
        came = [policy.shape for policy in policies]
        raise InvalidConfig(f"each agent's policy has shape (S, A_i): {shapes}, got {came}")
    together = np.ones((model.num_states, len(model.actions)))
    for agent, policy in enumerate(policies):
        together *= policy[:, model.actions[:, agent]]
    return together


def against(model: Transitions, agent: int, policies: Sequence[Floats]) -> Transitions:
    """Return the task that one agent faces while its partners keep to their policies.

    Its optimal values are those of the best response.

    Args:
        model: of the game.
        agent: whose task.
        policies: (S, A_i) of each agent; the agent's own is not looked at.
    """
    own_count = model.num_actions[agent]
    whatever = np.ones((model.num_states, own_count))
    of_others = [whatever if i == agent else policy for i, policy in enumerate(policies)]
    others = joint_policy(model, of_others)  # (S, A), the probability of what the partners do
    by_own = _by_own_action(model, agent)  # (A_i, A / A_i)
    shape = (model.num_states, own_count, -1)
    probabilities = others[:, by_own, None] * model.probabilities[:, by_own]
    return Transitions(
        next_states=model.next_states[:, by_own].reshape(shape),
        probabilities=probabilities.reshape(shape),
        rewards=model.rewards[:, by_own][..., [agent]].reshape(*shape, 1),
        terminated=model.terminated[:, by_own].reshape(shape),
        start=model.start,
        actions=joint_actions((own_count,)),
    )


def guaranteed_values(model: Transitions, agent: int, *, gamma: float, horizon: int) -> Floats:
    """Return what an agent can make sure of, whatever the others do together: (S,).

    Shapley's (1953) value iteration for the zero-sum game between the agent, who tosses coins,
    and all others as one opponent who sees its policy and wants it to get as little as can be.
    """
    by_own = _by_own_action(model, agent)
    probabilities = model.probabilities[:, by_own]  # (S, A_i, A / A_i, K)
    paid = (probabilities * model.rewards[:, by_own][..., agent]).sum(axis=-1)
    going_on = gamma * probabilities * ~model.terminated[:, by_own]
    next_states = model.next_states[:, by_own]
    values = np.zeros(model.num_states)
    for _ in range(horizon):
        stage = paid + (going_on * values.take(next_states)).sum(axis=-1)  # (S, A_i, A / A_i)
        values = np.array([value_of_matrix(payoffs) for payoffs in stage])
    return values


def value_of_matrix(payoffs: Floats) -> float:
    """Return the value of a zero-sum matrix game to whoever chooses the row.

    >>> round(value_of_matrix(np.array([[1.0, 0.0], [0.0, 1.0]])), 9)
    0.5
    """
    num_rows, num_columns = payoffs.shape
    # Maximise v so that the mixed rows pay at least v in every column.
    found = linprog(
        np.append(np.zeros(num_rows), -1.0),
        A_ub=np.column_stack([-payoffs.T, np.ones(num_columns)]),
        b_ub=np.zeros(num_columns),
        A_eq=np.append(np.ones(num_rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * num_rows + [(None, None)],
    )
    assert found.x is not None, found.message  # a mixed row always exists
    return float(found.x[-1])


def _by_own_action(model: Transitions, agent: int) -> NDArray[np.intp]:
    """Number the joint actions in which an agent does each of its own: (A_i, A / A_i)."""
    order = np.argsort(model.actions[:, agent], kind="stable")
    return order.reshape(model.num_actions[agent], -1)
