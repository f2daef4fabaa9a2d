"""Observation noise: agents see the world blurred."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.config import keep_plain
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import among
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.known import Known
from rallypoint.safety.noise import Shape, check_noise, draw_noise, in_words
from rallypoint.safety.threats import Proposal, Site, State, Threat, register


@register
@dataclass(frozen=True, kw_only=True)
class ObservationNoise(Threat):
    """Agents see what is there with noise added, anew at every step.

    What leaves the observation space is cut off at its bounds; whole numbers are rounded.

    Source: the observation noise of Li et al. (2024), "Byzantine Robust Cooperative Multi-Agent
    Reinforcement Learning as a Bayesian Game", ICLR, arXiv:2305.12872, section 5: uniform, of at
    most 0.2, 0.5 or 1 in each entry.
    """

    kind: ClassVar[str] = "observation_noise"
    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})
    takes_all: ClassVar[bool] = True

    knowledge: tuple[str, ...] = ("own_percept",)
    noise: Shape = "gaussian"  # or "uniform"
    # Standard deviation, or half the width, in the unit of what is seen: one for all entries of an
    # observation, or a list with one for each along its last axis.
    scale: float | tuple[float, ...] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_plain(self, "scale")
        check_noise(self.noise, *self._scales)

    def fit(self, env: BatchEnv) -> "ObservationNoise":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: what agents see is no array of numbers, or has other entries.
        """
        for group in groups_concerned(self, env):
            space: Any = group.observation_space
            if not _has_numbers(space):
                raise InvalidConfig(
                    f"noise is added to arrays of numbers, and group {group.name!r} sees {space}; "
                    'wrong_observation with mode = "swap" needs none'
                )
            if len(self._scales) not in {1, space.shape[-1]}:
                raise InvalidConfig(
                    f"scale has {len(self._scales)} entries, and what group {group.name!r} sees "
                    f"has {space.shape[-1]}; give as many, or one for all"
                )
        return self

    def in_words(self) -> dict[str, str]:
        """Say what is added."""
        size = ", ".join(f"{scale:g}" for scale in self._scales)
        sizes = size if len(self._scales) == 1 else f"{size} entry by entry"
        return {"does": f"the agent sees what is there with {in_words(self.noise, sizes)} added"}

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Add noise."""
        where = known.affordable
        seen = among(known.few("own_percept"), known.opportunities, where)
        space: Any = known.group.observation_space
        if not _has_numbers(space) or len(self._scales) not in {1, space.shape[-1]}:
            return Proposal(where, seen), state  # nobody in this group is a victim
        blurred = draw_noise(draws, where, seen.shape[1:], self.noise)
        blurred *= self._scales
        blurred += seen
        return Proposal(where, _within(blurred, space)), state

    @property
    def _scales(self) -> tuple[float, ...]:
        return self.scale if isinstance(self.scale, tuple) else (self.scale,)


def _has_numbers(space: Any) -> bool:
    return hasattr(space, "low") and bool(space.shape)  # Box


def _within(blurred: Floats, space: Any) -> Array:
    """Bring percepts back into their space; what is blurred is written over."""
    low, high = space.low, space.high
    least, most = (low.flat[0], high.flat[0]) if low.size else (0, 0)
    if space.dtype.kind == "f" and (low == least).all() and (high == most).all():
        # Between two numbers it takes a fifth of the time, and rounding leaves no such bounds.
        within: Array = np.clip(blurred, float(least), float(most), out=blurred).astype(space.dtype)
        if least == 0 or most == 0:
            within += 0  # of two zeros, the bound's
        return within
    if space.dtype.kind in "iu":
        blurred = np.rint(blurred)
    # Clipped in both types: a number in bounds may be rounded beyond one in the narrower type.
    within = np.clip(blurred, low, high).astype(space.dtype)
    return np.clip(within, low, high, out=within)
