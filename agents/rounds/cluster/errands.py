"""Calls that have nothing to do with each other, spread over a Ray cluster."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from rallypoint.agents.rounds.cluster.session import Session, first_line
from rallypoint.agents.rounds.placement import Placement
from rallypoint.errors import CannotGoOn, RallypointError

Result = TypeVar("Result")
About = TypeVar("About")
_DEATHS = 3  # of processes, before a call is given up


def spread(
    call: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], placement: Placement
) -> Iterator[Result]:
    """Yield what a call returns for each of these arguments, in their order.

    A call whose process dies, or whose node goes, is made again elsewhere.

    Raises:
        RallypointError: that a call raised.
        CannotGoOn: it raised something else, or its processes died again and again.
    """
    session = Session(placement.among(len(arguments)))
    try:
        yield from _made(call, arguments, placement, session)
    finally:
        session.close()


def deal(
    call: Callable[[About, Sequence[int]], Result],
    about: About,
    count: int,
    placement: Placement,
) -> Iterator[Result]:
    """Yield what a call about something returns for each block of 0 to count - 1, in their order.

    For the rest see ``spread``.
    """
    session = Session(placement.among(count))
    try:
        blocks = placement.deal(count, placement.num_actors(count, session.cpus))
        yield from _made(call, [(about, block) for block in blocks], placement, session)
    finally:
        session.close()


def _made(
    call: Callable[..., Result],
    arguments: Sequence[tuple[Any, ...]],
    placement: Placement,
    session: Session,
) -> Iterator[Result]:
    errand: Any = ray.remote(call).options(  # a plain function, wrapped where it is sent off
        num_cpus=placement.cpus,
        num_gpus=placement.gpus,
        scheduling_strategy="SPREAD",
        runtime_env=session.environment,
        max_retries=_DEATHS,
    )
    for ref in [errand.remote(*each) for each in arguments]:
        try:
            yield ray.get(ref)
        except RayTaskError as error:
            if isinstance(error.cause, RallypointError):
                raise error.cause from None
            raise CannotGoOn(f"on the cluster: {first_line(error.cause)}") from error
        except RayError as error:
            raise CannotGoOn(f"on the cluster: {first_line(error)}") from error
