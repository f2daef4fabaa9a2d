"""How far what an agent is shown may lie from what is true: the budget of a lie."""

from dataclasses import dataclass
from typing import Literal

from rallypoint.config import Config, keep_plain
from rallypoint.errors import InvalidConfig

Norm = Literal["linf", "l2"]
RANGE = "range"
ANY = "any"
_MOST = 1e150  # of a size: it, and sums of its squares, are numbers


@dataclass(frozen=True, kw_only=True)
class Reach(Config):
    """How large lies about a percept may be, at a step and in an episode.

    Of arrays of numbers, the *size* of a lie is the norm of what is added, each entry in its unit.
    Of a number of a few, it is 1, and ``neighbours`` says which others may be shown. What an
    episode holds is the sum of sizes, or, with the norm l2, the root of their summed squares: the
    l2 norm of everything that was added (Kumar, Levine & Feizi, 2022, "Policy Smoothing for
    Provably Robust Reinforcement Learning", ICLR, arXiv:2106.11420).

    >>> Reach(step=0.5, scale=(1, 1, 0.1, 1)).power
    1
    """

    norm: Norm = "linf"
    step: float | None = None  # largest lie at one step; None: no limit
    episode: float | None = None  # of all lies of an episode together; None: no limit
    # The unit of each entry, along the last axis: one for all, or a list with one for each, where
    # an entry of unit 0 is not touched; "range": half the width of the observation space.
    scale: float | tuple[float, ...] | str = 1.0
    shared: bool = False  # whether all victims of a copy together have what else each would have
    # Of one number of a few: which may be shown in whose place, a list for each; "any", or the
    # address "module:name" of such lists or of a function of how many there are that makes them.
    neighbours: str | tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self) -> None:
        """Bring settings into their checked form.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        keep_plain(self, "scale", "neighbours")
        for name in ("step", "episode"):
            if (size := getattr(self, name)) is not None and not _is_size(size):
                raise InvalidConfig(
                    f"{name} is a finite size >= 0, of at most {_MOST:g}, or None, got {size!r}"
                )
        self._check_scale()
        if self.neighbours is not None and (self.scale != 1.0 or self.norm != "linf"):
            raise InvalidConfig(
                "among neighbours every lie is of size 1, so neither norm nor scale goes with them"
            )

    def _check_scale(self) -> None:
        given = self.scale
        if isinstance(given, str):
            if given != RANGE:
                raise InvalidConfig(f'scale is numbers, or "{RANGE}", got {given!r}')
            return
        units = given if isinstance(given, tuple) else (given,)
        if not all(map(_is_size, units)) or not any(units):
            raise InvalidConfig(
                f"scale is the unit of each entry, finite numbers >= 0 and not all 0, got {given!r}"
            )
        if isinstance(given, tuple):
            object.__setattr__(self, "scale", tuple(map(float, given)))

    @property
    def has_end(self) -> bool:
        """Whether it says at all how far lies may go."""
        return any(part is not None for part in (self.neighbours, self.step, self.episode))

    @property
    def power(self) -> int:
        """To which power sizes are raised before they are summed."""
        return 2 if self.norm == "l2" else 1


def _is_size(value: float) -> bool:
    return 0 <= value <= _MOST
