"""A small learner that is no part of the project: Q-learning on linear features, and a world."""

import numpy as np

from rallypoint.agents.tabular.exploration import epsilon_greedy

PROBES = 4
RATE = 0.1


class LinearQ:
    """Values of actions, linear in what is seen; one gradient step from each replicate."""

    def __init__(self, group, *, books="executed", drops="none", seed=0):
        rng = np.random.default_rng(seed)
        self.books, self._drops = books, drops
        self._group = group
        self._inputs = self._features(np.zeros((1, *group.observation_space.shape), int)).shape[1]
        # Sorted: where what is seen is a number, the last action is thought best.
        self._weights = np.sort(rng.normal(size=(self._inputs, int(group.action_space.n))))
        self._probes = rng.normal(size=(PROBES, self._inputs))

    def _features(self, seen):
        if self._group.observation_space.shape == ():
            return np.eye(int(self._group.observation_space.n))[seen]
        return seen.reshape(len(seen), -1).astype(float)

    def act(self, observations, draws):
        seen = observations[self._group.name]
        flat = self._features(seen.reshape(-1, *self._group.observation_space.shape))
        values = (flat @ self._weights).reshape(*seen.shape[:2], -1)
        return {self._group.name: epsilon_greedy(values, 0.2, draws)}

    def keeps(self, experience):
        if self._drops == "any":
            return ~experience.interrupted.any(axis=1)
        if self._drops == "own":
            rows = np.arange(len(experience.rewards))
            return ~experience.interrupted[rows, experience.agents]
        return np.ones(len(experience.rewards), bool)

    def changes(self, experience, num_replicates):
        seen, after = (self._features(part) for part in (experience.seen, experience.next_seen))
        best = (after @ self._weights).max(axis=1)
        targets = experience.rewards + 0.9 * np.where(experience.terminated, 0, best)
        chosen = np.eye(self._weights.shape[1])[experience.actions]
        errors = targets - ((seen @ self._weights) * chosen).sum(axis=1)
        steps = RATE * np.einsum("mi,ma,m->mia", seen, chosen, errors)
        by_replicate = steps.reshape(num_replicates, -1, *self._weights.shape).mean(axis=1)
        return np.einsum("pi,ria->rpa", self._probes, by_replicate).reshape(num_replicates, -1)
