"""Putting a run together: the world, and the threats around it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rallypoint.batch_env import BatchEnv
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel


def build_world(
    env: str,
    *,
    copies: int | Sequence[int],
    settings: Mapping[str, Any] | None = None,
    threats: ThreatModel | None = None,
    seed: int | None = None,
) -> BatchEnv:
    """Make a world, under threats if there are any.

    Args:
        env: its id.
        copies: how many, or the global id of each.
        settings: its own.
        threats: what is to go wrong in it.
        seed: of the threats' draws; the world's own if not given.

    Raises:
        UnknownName, Unavailable, InvalidConfig, NotOffered: as ``make`` and ``Threatened`` do.
    """
    world = make(env, copies=copies, **(settings or {}))
    return world if threats is None else Threatened(world, threats, seed=seed)
