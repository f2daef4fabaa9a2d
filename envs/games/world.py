"""Games given by tables, as worlds."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Floats, Integers
from rallypoint.envs.batch import Copies
from rallypoint.envs.drawing.drawn_world import DrawnWorld, Marks
from rallypoint.envs.games.game import Game
from rallypoint.transitions import Transitions

if TYPE_CHECKING:
    from rallypoint.envs.drawing.canvas import Frame


class Settings(TypedDict, total=False):
    """What can be set of every game."""

    copies: Copies  # how many, or the global id of each; 1 if not given
    max_cycles: int | None  # steps in an episode; the game's horizon if not given
    render_mode: str | None  # "rgb_array", "human", "ansi", or None


class TabularGame(DrawnWorld):
    """Agents play a game given by a few tables; see ``Game``.

    Every agent sees the number of the state, or what the game lets it see. Agents with equal
    spaces that stand side by side are one group, called ``agents`` if that is everybody, else
    after its first member. ``state()`` holds the numbers of the states that ``transitions()``
    speaks of, and each named state is a region.
    """

    metadata: Mapping[str, Any] = {**DrawnWorld.metadata, "render_fps": 4}
    offers = frozenset({"state", "regions", "transitions"})
    _state_arrays = ("_states", "_last_actions", "_last_rewards")

    def __init__(
        self,
        game: Game,
        *,
        id: str = "game-v0",
        copies: Copies = 1,
        max_cycles: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Set up a game.

        Args:
            game: its tables.
            id: the versioned name.
            copies: how many, or the global id of each.
            max_cycles: steps in an episode; the game's horizon if not given.
            render_mode: "rgb_array", "human", "ansi", or None.
        """
        self.game = game
        groups = _groups(game)
        limit = game.horizon if max_cycles is None else max_cycles
        super().__init__(id, groups, copies=copies, time_limit=limit, render_mode=render_mode)
        model = game.model
        num_joint, num_outcomes = model.next_states.shape[1:]
        counts = np.array([*game.num_actions, 1])
        self._strides = np.cumprod(counts[::-1])[::-1][1:]  # the last agent's action runs fastest
        self._num_joint = num_joint
        self._next = model.next_states.reshape(-1, num_outcomes)  # by state and joint action
        self._below = _thresholds(model.probabilities).reshape(-1, num_outcomes)
        self._means = model.rewards[:, :, 0].reshape(-1, self.num_agents)
        self._first = _thresholds(model.start)
        self._seen_by = [(group.name, game.seen[rows]) for group, rows in _rows(groups)]
        num_copies = len(self.copies)
        self._states = np.zeros(num_copies, dtype=np.int64)
        self._last_actions = np.full((num_copies, self.num_agents), -1)  # -1 before the first step
        self._last_rewards = np.zeros((num_copies, self.num_agents))

    def _start(self, mask: Mask) -> None:
        drawn = self._draws.random((), mask)
        self._states[mask] = (self._first <= drawn[:, None]).sum(axis=1)
        self._last_actions[mask] = -1
        self._last_rewards[mask] = 0

    def _advance(self, actions: Actions) -> tuple[Floats, Mask, dict[str, Array]]:
        own = np.concatenate([actions[group.name] for group in self.groups], axis=1)  # (E, N)
        joint = own @ self._strides
        entries = self._states * self._num_joint + joint
        rewards = self._means.take(entries, axis=0)
        if self.game.pay is not None:
            rewards = self.game.pay(rewards, self._states, joint, self._draws)
        outcomes: Integers | int = 0
        if self._next.shape[1] > 1:  # else there is nothing to draw
            drawn = self._draws.random()
            outcomes = (self._below.take(entries, axis=0) <= drawn[:, None]).sum(axis=1)
        self._states = self._next[entries, outcomes]
        self._last_actions, self._last_rewards = own.astype(np.int64), rewards
        ended = self._states >= len(self.game.states)
        return rewards.copy(), np.repeat(ended[:, None], self.num_agents, axis=1), {}

    def _observe(self) -> Observations:
        return {name: seen.take(self._states, axis=1).T.copy() for name, seen in self._seen_by}

    def state(self) -> Array:
        """Return the number of the state that each copy is in: (E,)."""
        return self._states.copy()

    def regions(self) -> dict[str, Mask]:
        """Return who is in each named state now: everybody alive, or nobody."""
        return {
            name: self._alive & (self._states == number)[:, None]
            for number, name in enumerate(self.game.states)
        }

    def transitions(self) -> Transitions:
        """Return the game's tabular model."""
        return self.game.model

    def _draw(self, copy: int, marks: Marks, size: int) -> "Frame":
        from rallypoint.envs.drawing.captions import time_of
        from rallypoint.envs.games.picture import draw

        when = time_of(int(self._elapsed[copy]), self.time_limit)
        states, now = self.game.states + self.game.endings, int(self._states[copy])
        return draw(states, now, self._last(copy), marks=marks, when=when, size=size)

    def _describe(self, copy: int, marks: Marks) -> str:
        limit = "" if self.time_limit is None else f" / {self.time_limit}"
        names = self.game.states + self.game.endings
        lines = [f"step {self._elapsed[copy]}{limit}, state {names[self._states[copy]]}"]
        for i, (agent, did, reward) in enumerate(self._last(copy)):
            if did is not None:
                marked = [name for name, mask in marks.items() if mask[i]]
                said = f" ({', '.join(marked)})" if marked else ""
                lines.append(f"  {agent} did {did} for {reward:g}{said}")
        return "\n".join(lines)

    def _last(self, copy: int) -> list[tuple[str, str | None, float]]:
        """Return each agent, what it did in the last step, if there was one, and for what."""
        done, paid = self._last_actions[copy].tolist(), self._last_rewards[copy].tolist()
        return [
            (agent, names[action] if action >= 0 else None, reward)
            for agent, names, action, reward in zip(
                self.agents, self.game.actions, done, paid, strict=True
            )
        ]


def _groups(game: Game) -> list[Group]:
    """Put agents with equal spaces that stand side by side into one group each."""
    spaces = [(int(game.seen[i].max()) + 1, game.num_actions[i]) for i in range(len(game.agents))]
    runs = [list(run) for _, run in groupby(range(len(game.agents)), key=spaces.__getitem__)]
    return [
        Group(
            "agents" if len(runs) == 1 else game.agents[run[0]],
            tuple(game.agents[i] for i in run),
            Discrete(spaces[run[0]][0]),
            Discrete(spaces[run[0]][1]),
        )
        for run in runs
    ]


def _rows(groups: Sequence[Group]) -> list[tuple[Group, slice]]:
    last = np.cumsum([len(group.agents) for group in groups]).tolist()
    return [(g, slice(end - len(g.agents), end)) for g, end in zip(groups, last, strict=True)]


def _thresholds(probabilities: Floats) -> NDArray[np.float64]:
    """Return numbers of which so many lie at or below a uniform draw as the outcome's index.

    >>> _thresholds(np.array([0.5, 0.5, 0.0])).tolist()
    [0.5, inf, inf]
    """
    possible = probabilities > 0
    still_to_come: Integers = np.cumsum(possible[..., ::-1], axis=-1)[..., ::-1] - possible
    # From the last possible outcome on, rounding may not carry a draw any further.
    return np.where(still_to_come > 0, np.cumsum(probabilities, axis=-1), np.inf)
