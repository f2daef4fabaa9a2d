"""The optional parts: those offered are there and of the promised shape, the others say so."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import OPTIONAL_PARTS, BatchEnv, Geometry
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.faults import during, must_raise
from rallypoint.envs.conformance.subject import Subject
from rallypoint.errors import NotConformant, NotOffered


def check(subject: Subject) -> None:
    """Ask for every part, after a reset and after a step.

    Raises:
        NotConformant: offers names a part that is not there, or keeps quiet about one that is.
    """
    env = subject.make(copies=3)
    env.reset(seed=0)
    for part in sorted(set(OPTIONAL_PARTS) - env.offers):
        for call in _calls(env, part):
            must_raise(NotOffered, f"{part}, which offers does not name,", call)
    _look(env, "after a reset")
    places = _names_of_regions(env)
    with during("step 1"):
        env.step(Actor(env).choose())
    _look(env, "after a step")
    if (now := _names_of_regions(env)) != places:
        raise NotConformant(
            f"regions() must name the same places at all times, and names {now} after a step "
            f"where it named {places}"
        )


def _look(env: BatchEnv, when: str) -> None:
    for part in sorted(env.offers & _CHECKS.keys()):
        with during(f"{part}(), which offers names,"):
            told = getattr(env, part)()
            fault = _CHECKS[part](env, told)
        if fault:
            raise NotConformant(f"{part}() {fault}, {when}")


def _calls(env: BatchEnv, part: str) -> list[Callable[[], Any]]:
    if part == "remove":
        return [lambda: env.remove(np.zeros((env.num_copies, env.num_agents), dtype=bool))]
    if part == "snapshot":
        return [env.snapshot, lambda: env.restore({})]
    return [getattr(env, part)]


def _state(env: BatchEnv, told: Any) -> str | None:
    if not isinstance(told, np.ndarray) or told.shape[:1] != (env.num_copies,):
        return f"must be an array with first axis {env.num_copies}, and is {_kind(told)}"
    return None


def _action_mask(env: BatchEnv, told: Any) -> str | None:
    for group in env.groups:
        space: Any = group.action_space
        if not isinstance(space, Discrete):
            continue
        mask = told.get(group.name) if isinstance(told, dict) else told
        shape = (env.num_copies, len(group.agents), int(space.n))
        if not isinstance(mask, np.ndarray) or mask.shape != shape or mask.dtype != bool:
            return f"must hold bool {shape} for group {group.name!r}, and has {_kind(mask)}"
        first = env.agents.index(group.agents[0])
        alive = env.alive[:, first : first + len(group.agents)]
        if (alive & ~mask.any(axis=-1)).any():
            row, agent = np.argwhere(alive & ~mask.any(axis=-1))[0]
            return f"allows {group.agents[agent]} in row {row}, who is alive, nothing at all"
    return None


def _cost(env: BatchEnv, told: Any) -> str | None:
    shape = (env.num_copies, env.num_agents, len(env.cost_names))
    if not env.cost_names:
        return "is offered, and cost_names names none"
    if not isinstance(told, np.ndarray) or told.shape != shape or told.dtype != np.float64:
        return f"must be float64 {shape}, and is {_kind(told)}"
    if not np.isfinite(told).all():
        row, agent, cost = np.argwhere(~np.isfinite(told))[0]
        value = told[row, agent, cost]
        return f"has {value} as {env.cost_names[cost]} of {env.agents[agent]} in row {row}"
    return None


def _geometry(env: BatchEnv, told: Any) -> str | None:
    if not isinstance(told, Geometry):
        return f"must be a Geometry, and is a {type(told).__name__}"
    for name, array in told._asdict().items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu":
            return f"must have integers for its {name}, and has {_kind(array)}"
    fault = _shapes_of_geometry(env, told)
    if fault is None and ((told.positions < 0).any(axis=-1) == env.alive).any():
        return "must have -1 as the position of exactly those who are not in the world"
    return fault


def _shapes_of_geometry(env: BatchEnv, told: Geometry) -> str | None:
    positions, distances, offsets, sides, leads_to = told
    *agents, dimensions = positions.shape
    cells = range(len(distances))
    if agents != [env.num_copies, env.num_agents] or offsets.shape[1:] != (dimensions,):
        shapes = f"{positions.shape} and {offsets.shape}"
        return f"must have positions (E, N, k) and offsets (entries, k), and has {shapes}"
    if distances.ndim != 2 or (distances != distances.T).any() or distances.diagonal().any():
        return "must have symmetric distances (cells, cells), 0 from a cell to itself"
    if sides.shape != (dimensions,) or sides.prod() != len(cells):
        return f"must have {len(cells)} cells in sides (k,), and has sides {sides.tolist()}"
    if leads_to.shape[1:] != (len(cells),) or not np.isin(leads_to, cells).all():
        return "must have actions lead from cells to cells, (actions, cells)"
    return None


def _regions(env: BatchEnv, told: Any) -> str | None:
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        return f"must be a dict by name, and is a {type(told).__name__}"
    shape = env.num_copies, env.num_agents
    for name, inside in told.items():
        if not isinstance(inside, np.ndarray) or inside.shape != shape or inside.dtype != bool:
            return f"must hold bool {shape} for {name!r}, and has {_kind(inside)}"
        if (inside & ~env.alive).any():
            row, agent = np.argwhere(inside & ~env.alive)[0]
            return f"has {env.agents[agent]} in {name!r} in row {row}, who is not in the world"
    return None


def _names_of_regions(env: BatchEnv) -> list[str]:
    return list(env.regions()) if "regions" in env.offers else []


def _transitions(env: BatchEnv, told: Any) -> str | None:
    del env
    return "must be a model of the task, and is None" if told is None else None


def _kind(told: Any) -> str:
    return f"{told.dtype} {told.shape}" if isinstance(told, np.ndarray) else repr(told)


_CHECKS: dict[str, Callable[[BatchEnv, Any], str | None]] = {
    "state": _state,
    "action_mask": _action_mask,
    "cost": _cost,
    "geometry": _geometry,
    "regions": _regions,
    "transitions": _transitions,
}
