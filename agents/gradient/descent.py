"""What a server does with an aggregate: descend along it, or look around for itself first."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.server import Server

Integers = NDArray[np.int64]


class Descent(Protocol):
    """Moves the weights of a server's runs, each by its own aggregate and nobody else's."""

    def __call__(
        self, server: Server, aggregates: Floats, *, episodes: Integers | None, round_number: int
    ) -> None:
        """Descend with the weights; riders and the count of rounds are left to whoever asks.

        Args:
            server: whose.
            aggregates: (R, d) of the weights; 0 where the rule believed nobody.
            episodes: (R,) behind each update, where the server decided how many.
            round_number: from 0.
        """


def straight(
    server: Server, aggregates: Floats, *, episodes: Integers | None, round_number: int
) -> None:
    """Take one step along the aggregates."""
    del episodes, round_number
    server.step(aggregates)
