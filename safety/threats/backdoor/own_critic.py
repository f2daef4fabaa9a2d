"""What an attacker expects of the future, learned from what its victims see, do and earn."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.draws import Floats, Integers
from rallypoint.safety.known import Known
from rallypoint.safety.threats import State
from rallypoint.safety.threats.backdoor.choices import num_choices

_RATE = 0.1  # of normalised steps: a tenth of the error is taken away


@dataclass(frozen=True)
class OwnCritic:
    """Sarsa, linear in percepts, one for each agent in each copy.

    It learns what comes after a step, ``gamma × (next reward + what comes after that)``, for each
    choice. The step before the first of an episode is followed by nothing, also where the episode
    was only cut short: the attacker is not told which.
    """

    lasting: ClassVar[frozenset[str]] = frozenset({"weights", "last_seen", "last_choice"})

    entries: int  # of the largest percept
    choices: int  # of the group that has the most
    gamma: float

    @classmethod
    def of(cls, env: BatchEnv, gamma: float) -> "OwnCritic":
        """Return one with room for every group of a world."""
        spaces: list[Any] = [group.observation_space for group in env.groups]
        entries = max(int(np.prod(space.shape or ())) for space in spaces)
        choices = max(num_choices(group.action_space) for group in env.groups)
        return cls(entries, choices, gamma)

    def init(self, E: int, N: int) -> State:
        """Return that nothing is known."""
        return {
            "weights": np.zeros((E, N, self.choices, self.entries + 1)),
            "last_seen": np.zeros((E, N, self.entries + 1)),
            "last_choice": np.full((E, N), -1, dtype=np.int64),
        }

    def told(
        self, state: State, known: Known, done: Integers, earned: Array
    ) -> tuple[Floats, State]:
        """Return what is to come of this step (e, n), and what was learned from the last one.

        Args:
            state: of these copies.
            known: with the victims' percepts.
            done: (e, n) their choices.
            earned: (e, n) what they earned, NaN of those who took no part.
        """
        is_there = ~np.isnan(earned)
        seen = self._seen(known.own_percept)
        to_come = _of_choice(state["weights"], seen, done)
        begins = (known.time == 0)[:, None]
        after = np.where(begins, 0.0, self.gamma * (np.nan_to_num(earned) + to_come))
        last, choice = state["last_seen"], state["last_choice"]
        off = after - _of_choice(state["weights"], last, np.maximum(choice, 0))
        learns = is_there & (choice >= 0)
        rate = np.where(learns, _RATE / np.maximum((last**2).sum(axis=2), 1e-12), 0.0)
        moved = (rate * off)[..., None] * last  # (e, n, entries + 1)
        chosen = np.arange(self.choices) == choice[..., None]
        weights = state["weights"] + chosen[..., None] * moved[..., None, :]
        kept = {
            "weights": weights,
            "last_seen": np.where(is_there[..., None], seen, last),
            "last_choice": np.where(is_there, done, choice),
        }
        return to_come, state | kept

    def _seen(self, percepts: Array) -> Floats:
        flat = percepts.reshape(*percepts.shape[:2], -1).astype(np.float64)
        seen = np.zeros((*flat.shape[:2], self.entries + 1))
        seen[..., : flat.shape[2]] = flat
        seen[..., -1] = 1.0
        return seen


def _of_choice(weights: Floats, seen: Floats, choices: Integers) -> Floats:
    values: Floats = (weights * seen[..., None, :]).sum(axis=3)  # row by row: the same bits alone
    return np.take_along_axis(values, choices[..., None], axis=2)[..., 0]
