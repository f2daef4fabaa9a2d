"""Putting a run together: the world, and the threats around it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rallypoint.agents.live import live_for
from rallypoint.batch_env import BatchEnv
from rallypoint.policies import Policy
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.wrapper import BatchWrapper


def build_world(
    env: str,
    *,
    copies: int | Sequence[int],
    settings: Mapping[str, Any] | None = None,
    threats: ThreatModel | None = None,
    seed: int | None = None,
    record: Path | None = None,
    policy: Policy | None = None,
    learns: bool = False,
) -> BatchEnv:
    """Make a world, under threats if there are any, and recorded if that is wanted.

    The order is world, threats, recorder, learner. ``rallypoint.safety.recorder.account`` says at
    the end what the threats did, and whether receipts and recording agree.

    Args:
        env: its id.
        copies: how many, or the global id of each.
        settings: its own.
        threats: what is to go wrong in it.
        seed: of the threats' draws; the world's own if not given.
        record: the folder that everything that happens is written to, part by part.
        policy: that will act, for threats that know it; see ``now_acts`` for others after it.
        learns: whether one network will be learned here; threats are told of it by what
            ``live_in`` returns, where there is one group.

    Raises:
        UnknownName, Unavailable, InvalidConfig, NotOffered: as ``make`` and ``Threatened`` do.
    """
    world = make(env, copies=copies, **(settings or {}))
    if threats is not None:
        if learns and policy is None:
            policy = live_for(world)
        world = Threatened(world, threats, seed=seed, policy=policy)
    return world if record is None else Recorder(world, record)


def now_acts(world: BatchEnv, policy: Policy) -> None:
    """Let the threats of a world that ``build_world`` made know another policy from now on."""
    while isinstance(world, BatchWrapper):
        if isinstance(world, Threatened):
            world.policy = policy
        world = world.env
