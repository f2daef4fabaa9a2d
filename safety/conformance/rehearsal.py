"""Trying what a threat file says on a world and among contributors, before anything is run."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from rallypoint.batch_env import Actions, BatchEnv, Mask
from rallypoint.draws import stream
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

_COLUMNS = 8  # of the updates that are tried


def rehearse(model: ThreatModel, world: BatchEnv, contributors: Sequence[str] = ()) -> None:
    """Put a world under threats and take a step in it, if that can be done blindly; send updates.

    Args:
        model: all threats.
        world: it is reset.
        contributors: who sends updates: the world's agents, or workers with one copy of it each.
            If nobody, threats to updates are not tried; those to servers never are.

    Raises:
        RallypointError: something that the model says cannot be meant here.
    """
    world.reset(seed=0)  # so that states and regions can be looked at
    whom = None
    if contributors:
        whom = _lie(model.at("update", "transport"), world, contributors)
    frame = Threatened(world, model.in_world(), byzantine=whom, policy=Anything(world.groups))
    frame.reset(seed=0)
    if (actions := _some_actions(world)) is not None:
        frame.step(actions)


def _lie(model: ThreatModel, world: BatchEnv, contributors: Sequence[str]) -> Mask:
    """Send the updates of a round; return whose agents lie in the world: (E, N)."""
    frame = UpdateThreats(model, contributors=contributors, seed=0)
    found = stream(0, "rehearsal/updates").standard_normal((len(contributors), _COLUMNS))
    frame.apply(found, round_number=0, aggregator=lambda updates: updates.mean(axis=0))
    if tuple(contributors) == world.agents:
        return np.repeat(frame.byzantine[None], world.num_copies, axis=0)
    return frame.byzantine[:, None].repeat(world.num_agents, axis=1)


def _some_actions(world: BatchEnv) -> Actions | None:
    """Return legal actions for everybody; None where which are legal now is the world's secret."""
    actions = {}
    for group in world.groups:
        space: Any = copy.deepcopy(group.action_space)
        if world.noop is not None and group.name in world.noop:
            action = np.asarray(world.noop[group.name], dtype=space.dtype)
        elif "action_mask" in world.offers:
            return None
        else:
            space.seed(0)
            action = np.asarray(space.sample())
        shape = (world.num_copies, len(group.agents), *action.shape)
        actions[group.name] = np.broadcast_to(action, shape).copy()
    return actions
