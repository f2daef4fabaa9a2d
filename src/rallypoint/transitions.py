"""The tabular model of a task, and what can be computed from it exactly."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_TOLERANCE = 1e-12  # relative change of a value at which a sweep counts as the last
_MOST_SWEEPS = 100_000


class Transitions(NamedTuple):
    """From each state, by each joint action: what may come about, and what it pays.

    Outcomes instead of an (S, A, S) cube, since a step leads to few of many states. Where fewer
    than K outcomes are possible the rest have probability 0 and point anywhere in 0 … S - 1. A
    time limit is no part of it: values take a horizon.

    Joint action a is the a-th of all combinations, the last agent's action running fastest;
    ``actions`` says which one. With one agent it is that agent's action.
    """

    next_states: Integers  # (S, A, K)
    probabilities: Floats  # (S, A, K), summing to one over K
    rewards: Floats  # (S, A, K, N), or their means where the task adds noise
    terminated: NDArray[np.bool_]  # (S, A, K): the episode ends with this outcome
    start: Floats  # (S,) where an episode begins
    actions: Integers  # (A, N) the action of each agent

    @property
    def num_states(self) -> int:
        """S."""
        return len(self.start)

    @property
    def num_actions(self) -> tuple[int, ...]:
        """How many actions each agent has: N numbers whose product is A."""
        return tuple((self.actions.max(axis=0) + 1).tolist())


def joint_actions(counts: Sequence[int]) -> Integers:
    """List all combinations of actions, the last agent's running fastest: (A, N).

    >>> joint_actions((2, 2)).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.indices(tuple(counts)).reshape(len(counts), -1).T.astype(np.int64)


def check_transitions(model: Transitions) -> None:
    """Refuse a model that is none.

    Raises:
        InvalidConfig: shapes that do not fit, probabilities that do not sum to one, states that
            do not exist, rewards that are not finite; says which, and where.
    """
    num_states = len(model.start)
    shape = model.next_states.shape
    if len(shape) != 3 or shape[0] != num_states or shape[1] != len(model.actions) or not shape[2]:
        raise InvalidConfig(
            f"next_states has shape (S, A, K) with S = {num_states} as start has, A = "
            f"{len(model.actions)} as actions has and K >= 1, got {shape}"
        )
    expected = dict.fromkeys(("probabilities", "terminated"), shape)
    for name, wanted in (expected | {"rewards": (*shape, model.actions.shape[-1])}).items():
        if getattr(model, name).shape != wanted:
            raise InvalidConfig(f"{name} has shape {wanted}, got {getattr(model, name).shape}")
    if model.next_states.min() < 0 or model.next_states.max() >= num_states:
        raise InvalidConfig(f"next_states lie in 0..{num_states - 1}, got {_span(model[0])}")
    if not np.array_equal(model.actions, joint_actions(model.num_actions)):
        raise InvalidConfig("actions lists every combination once, the last agent's fastest")
    if not np.isfinite(model.rewards).all():
        where = np.argwhere(~np.isfinite(model.rewards))[0].tolist()
        raise InvalidConfig(f"rewards are finite, but not in (s, a, k, agent) = {where}")
    _check_sums("probabilities", model.probabilities)
    _check_sums("start", model.start)


def _check_sums(name: str, probabilities: Floats) -> None:
    sums = probabilities.sum(axis=-1)
    wrong = ~((np.abs(sums - 1) <= 1e-9) & (probabilities >= 0).all(axis=-1))
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0].tolist())
        came = probabilities[where]
        at = f" in {list(where)}" if where else ""
        raise InvalidConfig(f"{name} are >= 0 and sum to one, but{at} they are {came.tolist()}")


def _span(numbers: NDArray[Any]) -> str:
    return f"{numbers.min()}..{numbers.max()}"


def optimal_values(
    model: Transitions,
    *,
    gamma: float,
    horizon: int | None = None,
    weights: Sequence[float] | None = None,
) -> Floats:
    """Return what each joint action is worth if everything after it is optimal: (S, A).

    Value iteration. Several agents are one decider who chooses for all of them.

    Args:
        model: of the task.
        gamma: discount in [0, 1]; 1 needs a horizon, or a task whose best policies end.
        horizon: how many steps are left; None for no limit.
        weights: of the agents' rewards, (N,); each 1 if left out, which is the team's return.

    Raises:
        InvalidConfig: gamma is no discount, or the values grow without end.
    """
    _check_gamma(gamma)
    rewards = model.rewards @ (np.ones(model.actions.shape[1]) if weights is None else weights)
    paid = (model.probabilities * rewards).sum(axis=-1)  # (S, A)
    going_on = gamma * model.probabilities * ~model.terminated  # (S, A, K)
    values = np.zeros(model.num_states)
    worth: Floats = paid
    for _ in range(_MOST_SWEEPS if horizon is None else horizon):
        worth = paid + (going_on * values.take(model.next_states)).sum(axis=-1)
        before, values = values, worth.max(axis=-1)
        if horizon is None and _is_still(before, values):
            return worth
    if horizon is None:
        raise InvalidConfig(
            f"values still change after {_MOST_SWEEPS} sweeps: with gamma {gamma} this task pays "
            "without end; give a horizon, or a smaller gamma"
        )
    return worth if horizon > 0 else np.zeros_like(paid)


def _is_still(before: Floats, after: Floats) -> bool:
    return bool(np.abs(after - before).max() <= _TOLERANCE * max(1.0, np.abs(after).max()))


def policy_values(
    model: Transitions, policy: Floats, *, gamma: float, horizon: int | None = None
) -> Floats:
    """Return what each agent gets from each state under a joint policy (S, A): (S, N).

    Exact: one linear system, or so many sweeps as the horizon has steps.

    Raises:
        InvalidConfig: the policy's shape or probabilities are wrong, gamma is no discount, or it
            is 1 without a horizon although the policy may go on for ever.
    """
    _check_gamma(gamma)
    num_states = model.num_states
    if policy.shape != model.next_states.shape[:2]:
        shape = model.next_states.shape[:2]
        raise InvalidConfig(f"a joint policy has shape (S, A) = {shape}, got {policy.shape}")
    _check_sums("policy", policy)
    taken = policy[..., None] * model.probabilities  # (S, A, K)
    paid = (taken[..., None] * model.rewards).sum(axis=(1, 2))  # (S, N)
    moves = np.zeros((num_states, num_states))
    rows = np.broadcast_to(np.arange(num_states)[:, None, None], taken.shape)
    np.add.at(moves, (rows, model.next_states), taken * ~model.terminated)
    values: Floats = np.zeros_like(paid)
    if horizon is not None:
        for _ in range(horizon):
            values = paid + gamma * (moves @ values)
        return values
    if gamma == 1 and not _surely_ends(moves):
        raise InvalidConfig(
            "with gamma 1 this policy may go on for ever, so its values have no bound; give a "
            "horizon, or a smaller gamma"
        )
    values[:] = np.linalg.solve(np.eye(num_states) - gamma * moves, paid)
    return values


def _surely_ends(moves: Floats) -> bool:
    """Whether from every state an end can be reached, and so, sooner or later, is."""
    can_end = moves.sum(axis=1) < 1 - 1e-12
    for _ in range(len(moves)):
        can_end |= (moves > 0) @ can_end
    return bool(can_end.all())


def _check_gamma(gamma: float) -> None:
    if not 0 <= gamma <= 1:
        raise InvalidConfig(f"gamma lies in [0, 1], got {gamma}")
