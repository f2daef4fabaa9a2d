"""Dampening: an update found on an old version of the parameters counts for less."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rallypoint.config import Config
from rallypoint.errors import InvalidConfig, did_you_mean

_WAYS: dict[str, Callable[[float, float], float]] = {
    "exponential": lambda staleness, rate: float(np.exp(-rate * staleness)),
    "inverse": lambda staleness, _: 1 / (staleness + 1),
    "none": lambda *_: 1.0,
}


@dataclass(frozen=True, kw_only=True)
class Dampening(Config):
    """By how much an update counts, given how many versions ago its parameters were.

    Exponential is Kardam's; inverse is that of staleness-aware training without liars (Jiang, Cui,
    Zhang & Yu, 2017, "Heterogeneity-aware distributed parameter servers"); none believes them all
    alike.

    Source: Damaskinos, El Mhamdi, Guerraoui, Patra & Taziki (2018), "Asynchronous Byzantine machine
    learning (the case of SGD)", ICML, arXiv:1802.07928.
    """

    ways: ClassVar[tuple[str, ...]] = tuple(_WAYS)

    way: str = "exponential"  # or "inverse", or "none"
    rate: float = 0.2  # of the exponential, for each version

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.way not in _WAYS:
            raise InvalidConfig(
                f"no dampening is called {self.way!r}{did_you_mean(self.way, _WAYS)}"
            )
        if not 0 < self.rate < np.inf:
            raise InvalidConfig(f"the rate of dampening is a number > 0, got {self.rate}")

    def factor(self, staleness: int) -> float:
        """Return by how much an update counts, in (0, 1]; 1 for one without delay.

        >>> [round(Dampening(way=way).factor(3), 4) for way in ("none", "inverse", "exponential")]
        [1.0, 0.25, 0.5488]
        """
        return _WAYS[self.way](staleness, self.rate)
