"""Where attackers sit: some of the agents of each group."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import BatchEnv, Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.known import Span, spans_of


class Seat(NamedTuple):
    """The attackers in one group."""

    group: Group  # of the attackers: the world's, with their victims alone
    span: Span  # of the world's group
    places: NDArray[np.int64]  # within the group
    columns: NDArray[np.int64]  # on the axis of all agents


def seats_of(env: BatchEnv, victims: str | Sequence[str | int]) -> tuple[Seat, ...]:
    """Return the seats of the attackers of some agents.

    Raises:
        InvalidConfig: there are none.
        UnknownName: a victim that is no agent; names the nearest.
    """
    if victims == "all":
        victims = env.agents
    if isinstance(victims, str) or not victims:
        raise InvalidConfig(
            f'attackers have victims: "all", or names and indices of agents, got {victims!r}'
        )
    chosen = named(tuple(victims), env.agents)
    seats = []
    for span in spans_of(env):
        places = np.flatnonzero(chosen[span.columns])
        if len(places):
            agents = tuple(span.group.agents[place] for place in places)
            group = span.group._replace(agents=agents)
            seats.append(Seat(group, span, places, places + span.columns.start))
    return tuple(seats)
