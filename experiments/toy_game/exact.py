"""What a law of acting is worth in a game of two, to the first: by dynamic programming, no sample.

A law says how likely each action is in each state, (S, A); R laws are judged at once.
"""

from typing import NamedTuple

import numpy as np

from rallypoint.draws import Floats
from rallypoint.envs.games.solve import joint_policy
from rallypoint.transitions import Transitions, policy_values


class Worst(NamedTuple):
    """The partner that leaves the first agent the least."""

    law: Floats  # (T, R, S, A) of it: it knows how much time is left, and tosses no coins
    guarantee: Floats  # (R,) what is left: nobody leaves less


def together(model: Transitions, laws: Floats, *, horizon: int) -> Floats:
    """Return what the first agent gets in an episode if both keep to laws (R, 2, S, A): (R,)."""
    return np.array(
        [
            model.start
            @ policy_values(model, joint_policy(model, team), gamma=1, horizon=horizon)[:, 0]
            for team in laws
        ]
    )


def worst_partner(model: Transitions, laws: Floats, *, horizon: int) -> Worst:
    """Return the best response, to the first agent's loss, to each of its laws (R, S, A)."""
    own, others = model.num_actions
    split = (model.num_states, own, others, -1)
    probabilities = model.probabilities.reshape(split)
    paid = (probabilities * model.rewards[..., 0].reshape(split)).sum(axis=-1)  # (S, A, A')
    going_on = probabilities * ~model.terminated.reshape(split)
    next_states = model.next_states.reshape(split)
    values = np.zeros((len(laws), model.num_states))
    responses = np.empty((horizon, len(laws), model.num_states, others))
    for step in reversed(range(horizon)):
        later = (going_on * values[:, next_states]).sum(axis=-1)  # (R, S, A, A')
        worth = np.einsum("rsa,rsab->rsb", laws, paid + later)
        responses[step] = np.eye(others)[worth.argmin(axis=-1)]
        values = worth.min(axis=-1)
    return Worst(responses, values @ model.start)


def with_memory(model: Transitions) -> Transitions:
    """Return the game in which everybody also knows whether some step has paid nothing.

    State s becomes s as long as every step has paid the first agent, and S + s from then on.
    """
    num_states = model.num_states
    betrayed = model.rewards[..., 0] <= 0  # (S, A, K)
    return model._replace(
        next_states=np.concatenate(
            [model.next_states + num_states * betrayed, model.next_states + num_states]
        ),
        probabilities=np.tile(model.probabilities, (2, 1, 1)),
        rewards=np.tile(model.rewards, (2, 1, 1, 1)),
        terminated=np.tile(model.terminated, (2, 1, 1)),
        start=np.append(model.start, np.zeros(num_states)),
    )
