"""Moments at which a threat is tried: whom it may touch, and what there is to be seen."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import stream
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.known import Span, seen_by
from rallypoint.safety.threats import Threat
from rallypoint.safety.truth import Simulator
from rallypoint.safety.views import SUPPLIED

COPIES = 3
Views = dict[str, Callable[[list[int]], Any]]  # what is seen of some copies: (e, …)


class Scene(NamedTuple):
    """What one call is about, for e copies of a group."""

    opportunities: Mask  # (e, n)
    allowance: Array  # (e,)
    touched: Mask  # (e, n)
    time: Array  # (e,)
    views: Views
    there: Views  # the same, for functions that are proposed


def scene_of(threat: Threat, env: BatchEnv, span: Span, step: int, odds: float) -> Scene:
    """Make up the moment of a step in which each is an opportunity with some odds."""
    rng = stream(0, "trial", step)
    shape = (COPIES, len(span.group.agents))
    touched = rng.random(shape) < 0.3
    allowance = np.array([shape[1], 0, 1])  # any, none and one that was not touched before
    allowed = touched | (allowance > 0)[:, None]
    views: Views = {}
    known = SUPPLIED[threat.site]
    if "own_percept" in known:
        seen = sample(span.group.observation_space, shape, step)
        views |= {"own_percept": seen.__getitem__, "percepts": seen.__getitem__}
    if "actions" in known:
        views["actions"] = sample(span.group.action_space, shape, step).__getitem__
    opportunities = (rng.random(shape) < odds) & allowed
    if "own_feedback" in known:
        acted = opportunities | (rng.random(shape) < 0.5)
        views["own_feedback"] = np.where(acted, rng.standard_normal(shape), np.nan).__getitem__
    copies = np.arange(COPIES) % env.num_copies
    if "true_state" in threat.knowledge:
        views["true_state"] = env.state()[copies].__getitem__
    if "regions" in seen_by(threat):
        views["regions"] = lambda rows: {
            name: inside[copies[rows]] for name, inside in env.regions().items()
        }
    views |= _further_views(threat, env, span, step, opportunities)
    return Scene(
        opportunities=opportunities,
        allowance=allowance,
        touched=touched,
        time=np.full(COPIES, step),
        views=views,
        there=views,
    )


def _further_views(
    threat: Threat, env: BatchEnv, span: Span, step: int, opportunities: Mask
) -> Views:
    """Return what few threats see, of some copies."""
    copies = np.arange(COPIES) % env.num_copies
    colluders = np.zeros((COPIES, env.num_agents), dtype=bool)
    colluders[:, span.columns] = opportunities
    views: Views = {"colluders": colluders.__getitem__}
    policy = Anything(env.groups)
    views |= {"policy": lambda _: policy, "value": lambda _: policy.critic()}
    if "geometry" in threat.knowledge:
        geometry = env.geometry()
        views["geometry"] = lambda rows: geometry._replace(
            positions=geometry.positions[copies[rows]]
        )
    if "simulator" in threat.knowledge:
        actions = {
            group.name: sample(group.action_space, (COPIES, len(group.agents)), step)
            for group in env.groups
        }
        views["simulator"] = lambda rows: Simulator(
            env, {name: chosen[rows] for name, chosen in actions.items()}, copies[rows]
        )
    return views


def sample(space: Any, shape: tuple[int, int], seed: int) -> Array:
    """Draw (e, n, …) points of a space, leaving the world's own space alone."""
    sampled = copy.deepcopy(space)
    sampled.seed(seed)
    points = [[sampled.sample() for _ in range(shape[1])] for _ in range(shape[0])]
    return np.array(points, dtype=space.dtype)
