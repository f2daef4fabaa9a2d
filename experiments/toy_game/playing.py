"""Episodes of the game by given laws, and what they say about how to act better."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.tabular.exploration import drawn
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.envs.games.world import TabularGame

GAME = "coordination-toy-v0"


class Played(NamedTuple):
    """Episodes of T steps, side by side."""

    states: Integers  # (T, E) before each step
    actions: Integers  # (T, E, 2)
    to_go: Floats  # (T, E) what was earned from each step on, over the length of an episode


class Table:
    """Copies of the game, so many for each seed; a seed's numbers do not depend on the others."""

    def __init__(self, seeds: Sequence[int], episodes: int, channel: str) -> None:
        """Lay the table.

        Args:
            seeds: of R runs.
            episodes: that each plays at a time.
            channel: of what agents draw.
        """
        ids = np.add.outer(np.array(seeds) * episodes, np.arange(episodes)).ravel()
        world = rallypoint.make(GAME, copies=ids.tolist())
        assert isinstance(world, TabularGame)
        self.world = world
        self.model = world.transitions()
        self.horizon = world.time_limit or 1
        self.shape = (len(seeds), episodes)
        self._draws = Draws(0, channel, ids)
        self._round = 0

    def play(self, laws: Floats) -> Played:
        """Play an episode in each copy by laws (T or 1, E, 2, S, A)."""
        self.world.reset(0 if self._round == 0 else None)
        self._draws.begin_episode(episode=self._round)
        self._round += 1
        states = np.empty((self.horizon, self.world.num_copies), dtype=np.int64)
        actions = np.empty((*states.shape, 2), dtype=np.int64)
        rewards = np.empty(states.shape)
        everybody = np.arange(self.world.num_copies)
        for step in range(self.horizon):
            states[step] = self.world.state()
            law = laws[step % len(laws)][everybody, :, states[step]]  # (E, 2, A)
            actions[step] = drawn(law, self._draws.random((2,)))
            rewards[step] = self.world.step({"agents": actions[step]}).rewards[:, 0]
        to_go = rewards[::-1].cumsum(axis=0)[::-1] / self.horizon
        return Played(states, actions, to_go)

    def each(self, laws: Floats) -> Floats:
        """Give every copy its run's law: (…, R, *) becomes (…, E, *) along an axis of runs, 1."""
        return np.repeat(laws, self.shape[1], axis=1)

    def ascent(self, played: Played, law: Floats, agent: int, *, of: Mask | None = None) -> Floats:
        """Return each run's gradient (R, S, A) of what is earned by the logits of a law (R, S, A).

        REINFORCE; an action is credited with what came after it, less what came after this step in
        the run's other episodes.

        Args:
            played: the episodes.
            law: by which the agent acted in them.
            agent: 0 or 1.
            of: in which copies it did (E,), if not in all.
        """
        runs, episodes = self.shape
        split = played.to_go.reshape(-1, runs, episodes)
        gains = (split - split.mean(axis=2, keepdims=True)) / (episodes - 1)
        if of is not None:
            gains = gains * of.reshape(runs, episodes)
        rows = np.repeat(np.arange(runs), episodes) * law.shape[1] + played.states  # (T, E)
        entries = rows * law.shape[2] + played.actions[..., agent]
        towards = np.bincount(entries.ravel(), gains.ravel(), law.size).reshape(law.shape)
        away = np.bincount(rows.ravel(), gains.ravel(), law[..., 0].size).reshape(law.shape[:2])
        found: Floats = towards - away[..., None] * law
        return found
