"""Randomised smoothing: policies, and worlds to learn in, where what is seen has fresh noise.

Certificates (``rallypoint.safety.certificates.smoothed_action`` and ``smoothed_return``) speak of a
policy that adds Gaussian noise to what it sees, last of all, and never cut to any bounds. Any
policy becomes one as ``SmoothedPolicy``; any learner learns one in a ``NoisyWorld``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box

from rallypoint.batch_env import Actions, Array, BatchEnv, Mask, Observations, Snapshot, Step
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.policies import Policy
from rallypoint.safety.certificates.statement import check_sigma, refuse_without_norm
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.wrapper import BatchWrapper

# What threats ask of a policy and have from the one beneath the noise, if that can do it.
_BENEATH = frozenset(
    {"reads", "runs", "outputs", "value_and_gradient", "critic", "layers", "features"}
)
# What returns a policy, which is to act under noise, too.
_AGAIN = frozenset({"with_faults", "of_group"})


class SmoothedPolicy:
    """A policy that adds fresh noise to everything it sees before it looks at it.

    Whoever attacks it, or breaks its neurons, looks into the network beneath the noise, if that can
    be looked into: ``pgd`` as if there were no noise, ``smoothed_pgd`` on average over noise of its
    own. A damaged one acts under noise as well.
    """

    def __init__(self, policy: Policy, sigma: float) -> None:
        """Smooth a policy.

        Args:
            policy: that acts on noisy observations.
            sigma: standard deviation of the noise, in the unit of the observations.

        Raises:
            InvalidConfig: no noise.
        """
        self.policy = policy
        self.sigma = check_sigma(sigma)
        if hasattr(policy, "begin_episode"):  # only one that remembers is told of starts
            self.begin_episode = policy.begin_episode

    def __getattr__(self, name: str) -> Any:
        """Return what the policy beneath can do besides acting."""
        if name in _BENEATH:
            return getattr(self.policy, name)
        if name in _AGAIN:
            made = getattr(self.policy, name)
            return lambda asked: SmoothedPolicy(made(asked), self.sigma)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose on what is seen under noise.

        Raises:
            InvalidConfig: what is seen is not made of real numbers.
        """
        for name, seen in observations.items():
            if seen.dtype.kind != "f":
                raise InvalidConfig(
                    f"noise is added to real numbers, and group {name!r} sees {seen.dtype}"
                )
        return self.policy.act(
            {name: _noisy(seen, self.sigma, draws) for name, seen in observations.items()}, draws
        )


class NoisyWorld(BatchWrapper):
    """A world whose agents see everything under noise, as smoothed policies do.

    It goes around everything else, threats included. What agents see has no bounds any more.
    """

    def __init__(self, env: BatchEnv, sigma: float, *, groups: Sequence[str] | None = None) -> None:
        """Add noise to what some groups see.

        Args:
            env: the world, under its threats if there are any.
            sigma: standard deviation of the noise, in the unit of the observations.
            groups: whose observations; those of all groups if not given.

        Raises:
            InvalidConfig: no noise, observations that have no norm, or no such group.
        """
        super().__init__(env)
        self.sigma = check_sigma(sigma)
        known = [group.name for group in env.groups]
        self._noisy = tuple(known if groups is None else groups)
        if unknown := set(self._noisy) - set(known):
            raise InvalidConfig(f"groups are some of {known}, got {sorted(unknown)}")
        for group in env.groups:
            if group.name in self._noisy:
                refuse_without_norm(group)
        self.groups = tuple(
            group._replace(observation_space=_unbounded(group.observation_space))
            if group.name in self._noisy
            else group
            for group in env.groups
        )
        self.offers = env.offers - {"remove"}  # who observes anew would see fresh noise
        self._draws: Draws | None = None
        self._seen: Observations = {}

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        true = self.env.reset(seed, mask)
        if seed is not None or self._draws is None:
            self._draws = Draws(self.env.seed, "noisy-world", self.copies)
            self._draws.begin_episode(episode=0)
        else:
            self._draws.begin_episode(mask)
        fresh = self._added(true, mask)
        if mask is not None and self._seen:
            for name in self._noisy:
                rows = np.asarray(mask).reshape(-1, *[1] * (fresh[name].ndim - 1))
                fresh[name] = np.where(rows, fresh[name], self._seen[name])
        self._seen = fresh
        return dict(fresh)

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step; see ``BatchEnv.step``."""
        step = self.env.step(actions)
        self._seen = self._added(step.observations, None)
        return step._replace(observations=dict(self._seen))

    def remove(self, mask: Mask) -> Observations:
        """Refuse: who leaves would change the noise of those who stay."""
        del mask
        self._refuse("remove")

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here, noise included."""
        world = self.env.snapshot()
        if self._draws is None:
            raise NotReset(f"{self.id} has nothing to go on from before its first reset")
        own = nested("draws", dict(self._draws.snapshot())) | nested("seen", _copied(self._seen))
        own["seed"] = np.array(self.env.seed, dtype=np.uint64)
        return nested("world", world) | nested("noise", own)

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot."""
        self.env.restore(part_of(snapshot, "world"))
        own = part_of(snapshot, "noise")
        self._draws = Draws(int(own["seed"]), "noisy-world", self.copies)
        self._draws.restore(part_of(own, "draws"))
        self._seen = _copied(part_of(own, "seen"))
        return dict(self._seen)

    def _added(self, true: Observations, mask: Mask | None) -> Observations:
        assert self._draws is not None, "reset makes them"
        return {
            name: _noisy(seen, self.sigma, self._draws, mask) if name in self._noisy else seen
            for name, seen in true.items()
        }


def _noisy(seen: Array, sigma: float, draws: Draws, mask: Mask | None = None) -> Array:
    """Add noise to what is seen, in the masked copies or in all."""
    noise = sigma * draws.normal(seen.shape[1:], mask)
    if mask is None or np.all(mask):
        return (seen + noise).astype(seen.dtype)
    noisy = seen.copy()
    noisy[mask] = (seen[mask] + noise).astype(seen.dtype)
    return noisy


def _unbounded(space: Any) -> Box:
    return Box(-np.inf, np.inf, space.shape, space.dtype)


def _copied(observations: Observations) -> Observations:
    return {name: seen.copy() for name, seen in observations.items()}
