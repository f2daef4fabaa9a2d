"""The lowest return that can be reached in a deterministic world by lying about observations.

Certifies the return of a whole episode, for every adversary that changes each observation by up to
epsilon, however it chooses: of all ways an episode can go, with each action that a change of that
size can bring about, the one that returns least. Nothing is sampled but what the radii rest on.

Source: Wu, Li, Huang, Vorobeychik, Zhao & Li (2022), "CROP: Certifying Robust Policies for
Reinforcement Learning through Functional Smoothing", ICLR (local reward, LoRe), whose search of a
tree of episodes this is; ways that meet in one state at one time are followed once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.statement import Statement, check_budget
from rallypoint.transitions import Transitions

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ReachableReturn:
    """What was certified of an episode."""

    lowest: Floats  # (S,) from each state on
    start: Floats  # (S,) with which probability an episode begins there
    epsilon: float
    statement: Statement

    @property
    def worst(self) -> float:
        """From the start that is worst."""
        return float(self.lowest[self.start > 0].min())

    @property
    def expected(self) -> float:
        """On average over starts."""
        return float(self.start @ self.lowest)


class Stair(NamedTuple):
    """From this budget on, up to the next stair, the certified return is the same."""

    epsilon: float
    worst: float


def reachable_return(
    model: Transitions,
    radii: Floats,
    *,
    horizon: int,
    epsilon: float,
    agent: int | None = None,
    confidence: float = 1.0,
) -> ReachableReturn:
    """Return the lowest return that changes within a budget can bring about.

    Args:
        model: of a deterministic world.
        radii: (S, A) the least change of the observation by which each joint action comes about: 0
            of those that may be taken anyhow, infinite of those that no change brings about. The
            ``radii`` of smoothed actions and values are such, one observation for each state.
        horizon: steps of an episode, at most.
        epsilon: of each observation, in the unit of the radii.
        agent: whose return; the sum over all agents if not given.
        confidence: of all radii together; of sampled ones, ``statement.confidence_of(S)``.

    Raises:
        InvalidConfig: the world is not deterministic, radii of which none is 0 in some state, or a
            confidence that is none.
    """
    if not 0 < confidence <= 1:
        raise InvalidConfig(
            f"a confidence lies in (0, 1], got {confidence}; radii of many states hold together "
            "only if each is surer: certify each with alpha over their number"
        )
    world = _Deterministic.of(model, agent)
    possible = _possible(world, radii, epsilon)
    lowest = np.zeros(len(world.rewards))
    for _ in range(_checked(horizon)):
        then = np.where(world.ends, 0.0, lowest[world.next_states])
        lowest = np.where(possible, world.rewards + then, np.inf).min(axis=1)
    return ReachableReturn(
        lowest=lowest,
        start=model.start,
        epsilon=float(epsilon),
        statement=Statement(
            certifies=f"the return of {horizon} steps",
            norm="the radii's, of each observation",
            confidence=confidence,
            samples=0,
        ),
    )


def stairs(
    model: Transitions, radii: Floats, *, horizon: int, agent: int | None = None
) -> list[Stair]:
    """Return the certified return of every budget, as the budgets at which it may fall.

    Each next budget is the least at which another action becomes possible in a state that the
    budgets so far can lead to.

    Raises:
        InvalidConfig: as ``reachable_return`` does.
    """
    world = _Deterministic.of(model, agent)
    epsilon = 0.0
    found: list[Stair] = []
    while np.isfinite(epsilon):
        certified = reachable_return(model, radii, horizon=horizon, epsilon=epsilon, agent=agent)
        if not found or certified.worst < found[-1].worst:
            found.append(Stair(epsilon, certified.worst))
        reached = _reached(world, _possible(world, radii, epsilon), model.start > 0, horizon)
        further = radii[reached]
        epsilon = float(further[further > epsilon].min(initial=np.inf))
    return found


def radii_of_percepts(actions: Integers, distances: Floats, num_actions: int) -> Floats:
    """Return from how far each action can be borrowed, by a policy on finitely many percepts.

    Exact, whatever the policy: an adversary shows the nearest percept on which it takes the action.

    Args:
        actions: (S,) that the policy takes on each percept.
        distances: (S, S) how large the change from one percept to another is; infinite where it
            cannot be shown in its place.
        num_actions: A.
    """
    radii = np.full((len(actions), num_actions), np.inf)
    for action in range(num_actions):
        radii[:, action] = distances[:, actions == action].min(axis=1, initial=np.inf)
    return radii


class _Deterministic(NamedTuple):
    """A world in which every joint action has one outcome."""

    next_states: Integers  # (S, A)
    rewards: Floats  # (S, A)
    ends: Mask  # (S, A)

    @classmethod
    def of(cls, model: Transitions, agent: int | None) -> "_Deterministic":
        sure = model.probabilities.max(axis=2)
        if not np.allclose(sure, 1.0):
            state, action = np.argwhere(~np.isclose(sure, 1.0))[0]
            raise InvalidConfig(
                f"ways are searched in deterministic worlds, and action {action} in state {state} "
                "leads here or there; certify the return under noise instead (smoothed_return)"
            )
        one = model.probabilities.argmax(axis=2)[..., None]
        rewards = np.take_along_axis(model.rewards, one[..., None], axis=2)[:, :, 0]
        return cls(
            np.take_along_axis(model.next_states, one, axis=2)[..., 0],
            rewards.sum(axis=-1) if agent is None else rewards[..., agent],
            np.take_along_axis(model.terminated, one, axis=2)[..., 0],
        )


def _possible(world: _Deterministic, radii: Floats, epsilon: float) -> Mask:
    if radii.shape != world.rewards.shape:
        raise InvalidConfig(f"radii are an array {world.rewards.shape}, got {radii.shape}")
    possible: Mask = radii <= check_budget(epsilon)
    is_taken = (radii == 0).any(axis=1)
    if not is_taken.all():
        state = int(np.flatnonzero(~is_taken)[0])
        raise InvalidConfig(
            f"in every state one action has radius 0, the one that is taken; none has in state "
            f"{state}: one that abstains makes every action possible, radius 0 of each"
        )
    return possible


def _reached(world: _Deterministic, possible: Mask, start: Mask, horizon: int) -> Mask:
    """Return which states an episode can come to while it still chooses: (S,)."""
    reached, frontier = start.copy(), start
    goes_on = possible & ~world.ends
    for _ in range(horizon - 1):
        came = np.zeros_like(start)
        came[world.next_states[frontier][goes_on[frontier]]] = True
        frontier = came & ~reached  # a state that is met later has fewer steps left, not more
        reached |= came
        if not frontier.any():
            break
    return reached


def _checked(horizon: int) -> int:
    if horizon < 1:
        raise InvalidConfig(f"an episode has one step or more, got a horizon of {horizon}")
    return horizon
