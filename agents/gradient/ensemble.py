"""An ensemble: contributors in groups, one policy to a group, and an action by vote."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.distributions import distribution
from rallypoint.agents.gradient.following import flattened
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy, as_action
from rallypoint.batch_env import Actions, Group, Observations
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig

_TOLERANCE = 1e-7  # of a step towards a geometric median, in mean distances
_TOUCHING = 1e-12  # of the mean distance: points nearer than this are where one stands
_MOST_STEPS = 200


def dealt(count: int, groups: int, *, seed: int) -> NDArray[np.int64]:
    """Deal contributors 0 … count - 1 into groups of one size: (groups, count / groups), sorted.

    Each group learns a policy of its own, so groups are runs side by side (``Contributors`` with as
    many runs); who lies in a group is who of its row lies.

    Raises:
        InvalidConfig: they cannot be dealt out evenly.
    """
    if groups < 1 or count % groups:
        raise InvalidConfig(
            f"{count} contributors cannot be dealt into {groups} groups of one size; take a divisor"
        )
    shuffled = stream(seed, "gradient/groups").permutation(count)
    return np.sort(shuffled.reshape(groups, -1), axis=1)


def tolerated(groups: int) -> int:
    """Return how many policies may be anything, so that the others have the majority.

    >>> tolerated(5)
    2
    """
    return (groups - 1) // 2


class EnsemblePolicy:
    """Acts as most of several policies would: by majority, or the geometric median of vectors.

    Of actions with as many votes, the one that all policies together hold likelier is taken. If at
    most ``tolerated`` policies are bad, whatever all others agree on is done.

    Source: Fang, Wang & Gong (2025), "Provably Robust Federated Reinforcement Learning", WWW,
    arXiv:2502.08123.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        group: Group,
        *,
        greedy: bool = True,
    ) -> None:
        """Act for a group.

        Args:
            architecture: of every policy.
            parameters: (P, d) of P policies.
            group: for whom.
            greedy: whether each policy says its likeliest action, or draws one.
        """
        self.group = group
        self.greedy = greedy
        self.parameters = parameters
        self._architecture = architecture
        self._policies = [GradientPolicy(architecture, own, group) for own in parameters]

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group, within its space."""
        seen = flattened(self.group, observations[self.group.name])
        return {self.group.name: as_action(self.group, self.choose(seen, draws))}

    def choose(self, seen: Floats, draws: Draws) -> NDArray[Any]:
        """Choose by what is seen (E, n, inputs): (E, n) counted from 0, or (E, n, K) unbounded."""
        told = [self._vote(policy, seen, draws) for policy in self._policies]
        votes, likely = zip(*told, strict=True)
        if self._architecture.kind == "normal":
            return geometric_medians(np.stack(votes, axis=2))
        return majority(np.stack(votes, axis=-1), np.mean(likely, axis=0))

    def _vote(
        self, policy: GradientPolicy, seen: Floats, draws: Draws
    ) -> tuple[NDArray[Any], Floats]:
        """Return what a policy would do, and how likely it holds each action."""
        meant = distribution(self._architecture, policy.parameters)
        outputs = meant.settled(policy.computed(seen))
        numbers = None if self.greedy else draws.random((seen.shape[1], meant.numbers))
        return meant.choose(outputs, numbers), np.exp(outputs)


def majority(votes: NDArray[np.int64], likely: Floats) -> NDArray[np.int64]:
    """Return the action with most votes, of equals the likelier.

    >>> majority(np.array([[0, 2, 2], [0, 1, 2]]), np.array([[0.2, 0.2, 0.6], [0.3, 0.4, 0.3]]))
    array([2, 1])

    Args:
        votes: (…, P) actions, counted from 0.
        likely: (…, K) how likely the policies hold each action, on average.
    """
    counts = (votes[..., None] == np.arange(likely.shape[-1])).sum(axis=-2)
    found: NDArray[np.int64] = (counts + likely / 2).argmax(axis=-1)  # likely is at most 1
    return found


def geometric_medians(points: Floats) -> Floats:
    """Return the point with the least sum of distances to each row's: (…, P, K) -> (…, K).

    Weiszfeld's steps for all rows at once, from the point that has the least sum; the first tells
    whether that is the answer. Of an even number on a line, it is some point of the middle.

    Source: Vardi & Zhang (2000), "The multivariate L1-median and associated data depth", PNAS 97.
    """
    exact = points.astype(np.float64)
    distances = np.linalg.norm(exact[..., :, None, :] - exact[..., None, :, :], axis=-1)
    sums = distances.sum(axis=-1)  # (…, P)
    least = sums.argmin(axis=-1)[..., None]
    found = np.take_along_axis(exact, least[..., None], axis=-2)[..., 0, :]
    scale = np.take_along_axis(sums, least, axis=-1) / points.shape[-2]  # (…, 1)
    for _ in range(_MOST_STEPS):
        step = _downhill(exact, found, scale)
        found = found + step
        if (np.linalg.norm(step, axis=-1, keepdims=True) <= _TOLERANCE * scale).all():
            break
    return found.astype(points.dtype)


def _downhill(
    points: NDArray[np.float64], at: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Weiszfeld's step (…, K), shortened by as many points as hold on where they are."""
    offsets = points - at[..., None, :]
    distances = np.linalg.norm(offsets, axis=-1)
    apart = distances > _TOUCHING * scale
    pulls = np.divide(1, distances, out=np.zeros_like(distances), where=apart)
    pull = np.einsum("...p,...pk->...k", pulls, offsets)
    strength = np.linalg.norm(pull, axis=-1)
    held = np.count_nonzero(~apart, axis=-1)
    free = np.maximum(strength - held, 0)  # of the pull, what those points do not hold
    per_pull = strength * pulls.sum(axis=-1)
    share = np.divide(free, per_pull, out=np.zeros_like(free), where=per_pull > 0)
    step: NDArray[np.float64] = share[..., None] * pull
    return step
