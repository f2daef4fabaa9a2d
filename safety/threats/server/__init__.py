"""Threats to what servers say: Byzantine replicas of a parameter server.

What a server says in a round is one row: to each recipient in turn (contributors first, then the
other servers) a model of d parameters, K d numbers for K recipients. ``known.parts`` is K, and
``known.own`` what an honest server would say: the same model K times. To equivocate is to say
different things to different recipients. A model that is not finite is not delivered: whoever says
NaN says nothing.

They are threats to rows of numbers, round by round, as those to updates are (see
``rallypoint.safety.threats.update``), whose frame and conformance suite are theirs, too. Victims
are servers, by the names server_0, server_1 …
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import Share, Victims
from rallypoint.safety.threats import Site
from rallypoint.safety.threats.update import Updates, UpdateThreat

if TYPE_CHECKING:
    from rallypoint.safety.updates.known import KnownUpdates

Models = NDArray[Any]  # (f_real, K, d)
_ONE = Share(count=1)


@dataclass(frozen=True, kw_only=True)
class ServerThreat(UpdateThreat):
    """Lies in the place of models that a server sends."""

    site: ClassVar[Site] = "server"

    victims: Victims = _ONE

    def __post_init__(self) -> None:
        """Check that it says which servers it means.

        Raises:
            InvalidConfig: says what cannot be meant.
        """
        super().__post_init__()
        if self.victims == "byzantine":
            raise InvalidConfig(
                "[byzantine] says which contributors lie; say which servers do, "
                'victims = ["server_0"] or { count = 1 }'
            )


def models_of(known: "KnownUpdates") -> Models:
    """Return what these servers would say to each recipient: (f_real, K, d)."""
    return known.own.reshape(len(known.own), known.parts, -1)


def as_rows(models: Models, shape: Sequence[int]) -> Updates:
    """Return what servers say as rows: (f_real, K, d) to (f_real, K d)."""
    rows: Updates = np.ascontiguousarray(models).reshape(*shape)
    return rows
