"""Where interruptions may begin: a function of the true state, the step and nothing else.

Initiation as in Orseau & Armstrong (2016), "Safely Interruptible Agents", UAI: a chance I in [0, 1]
that the sequence theta is multiplied with. Learning stays safe only where I does not look at what
the agents choose; the form that does is a negative control.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.config import Config, keep_plain
from rallypoint.errors import InvalidConfig, NotReset, UnknownName, did_you_mean
from rallypoint.kinds import A_PATH, IN_OTHER_FORMS
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.interruption.addresses import function_at, tried
from rallypoint.safety.known import Known

ALWAYS = "always"
TRIGGERS = ("region", "states", "function", "steps", "every", "log", "proposes")
_FORMS = (
    '"always", {region = "…"}, {agent = "…", region = "…"}, {states = […]}, '
    '{function = "module:name"}, {steps = […]}, {every = …} or {log = "file.jsonl"}'
)

Trigger = Callable[[Known], Array]  # -> (e, n), bool or chances
# In Python a function itself will do; files name it, and the hints say what files hold.
if TYPE_CHECKING:
    Function = str | Callable[[Array], Array]
else:
    Function = Annotated[str, IN_OTHER_FORMS]


@dataclass(frozen=True, kw_only=True)
class Initiation(Config):
    """Where interruptions may begin, if not always."""

    region: str | None = None  # a named place of the world, in which the agent is
    agent: str | int | None = None  # who is to be in the region; each agent itself if not given
    states: tuple[Any, ...] | None = None  # true states, each as one copy's row of `state()`
    function: Function | None = None  # of the true state (E, …) -> (E,) or (E, N), bool or chance
    steps: tuple[int, ...] | None = None  # since the reset
    every: int | None = None  # steps, from the reset on
    log: Annotated[str, A_PATH] | None = None  # of interruptions by people; see `human_log`
    proposes: tuple[int, ...] | None = None  # actions; a negative control
    negative_control: bool = False  # says that `proposes` is meant to break what is shown

    def __post_init__(self) -> None:
        keep_plain(self, "states", "steps", "proposes")
        given = [name for name in TRIGGERS if getattr(self, name) is not None]
        if len(given) != 1 and given != ["region", "proposes"]:
            raise InvalidConfig(f"initiation is one of {_FORMS}; got {given or 'none of them'}")
        if empty := [name for name in given if getattr(self, name) == ()]:
            raise InvalidConfig(
                f"{empty[0]} lists at least one, got none: nobody would ever be interrupted; leave "
                "the threat out for that"
            )
        if self.agent is not None and self.region is None:
            raise InvalidConfig("initiation by an agent says in which region that agent is to be")
        for name, least in (("every", 1), ("steps", 0)):
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else () if value is None else (value,):
                if number < least:
                    raise InvalidConfig(f"{name} counts steps, from {least}, got {number!r}")
        if (self.proposes is None) == self.negative_control:
            raise InvalidConfig(
                "initiation by what an agent proposes makes the outcome of a step depend on being "
                "interrupted, so that no pruning helps: it is there as a negative control only, "
                "and says so with negative_control = true, which goes with proposes"
            )

    @property
    def knowledge(self) -> frozenset[str]:
        """The views that it takes to know whether it fires."""
        views = {"states": "true_state", "function": "true_state", "region": "regions"}
        views |= {"proposes": "actions"}
        return frozenset(view for name, view in views.items() if getattr(self, name) is not None)


def trigger_of(initiation: "str | Initiation", env: BatchEnv) -> Trigger:
    """Return what says, for a world, where interruptions may begin.

    Raises:
        UnknownName: no such agent or region.
        InvalidConfig: states, actions or a function that do not fit this world; says why.
    """
    if isinstance(initiation, str) or initiation.log is not None:
        return lambda known: np.ones_like(known.opportunities)
    trigger = _only_trigger(initiation, env)
    if initiation.proposes is None:
        return trigger
    inside = trigger if initiation.region is not None else None
    return _by_proposal(initiation.proposes, env, inside)


def _only_trigger(initiation: Initiation, env: BatchEnv) -> Trigger:
    if initiation.region is not None:
        return _by_region(initiation.region, initiation.agent, env)
    if initiation.states is not None:
        return _by_states(initiation.states, env)
    if initiation.function is not None:
        return _by_function(initiation.function, env)
    steps, every = initiation.steps, initiation.every
    if steps is not None and env.time_limit is not None and min(steps) >= env.time_limit:
        raise InvalidConfig(
            f"initiation at steps {list(steps)} never comes: an episode of {env.id} has "
            f"{env.time_limit} steps"
        )
    if steps is not None:
        return lambda known: _by_copy(known, np.isin(known.time, steps))
    return lambda known: _by_copy(known, known.time % (every or 1) == 0)


def _by_region(region: str, agent: str | int | None, env: BatchEnv) -> Trigger:
    column = None if agent is None else int(named((agent,), env.agents).argmax())
    with suppress(NotReset):
        region_of(env.regions(), region)

    def fires(known: Known) -> Mask:
        inside = region_of(known.regions, region)  # (e, N)
        if column is None:
            return inside[:, known.columns]
        return _by_copy(known, inside[:, column])

    return fires


def region_of(regions: dict[str, Mask], name: str) -> Mask:
    """Return who is in a named place of the world: (…, N).

    Raises:
        UnknownName: the world has no such place; names the nearest.
    """
    if name not in regions:
        raise UnknownName(f"the world has no region {name!r}{did_you_mean(name, regions)}")
    return regions[name]


def _by_states(states: tuple[Any, ...], env: BatchEnv) -> Trigger:
    try:
        listed = np.array(states)  # (k, …)
    except ValueError as error:
        raise InvalidConfig(f"initiation lists states of one shape, got {states}") from error

    def fires(known: Known) -> Mask:
        state = _flat_if_single(known.true_state, listed)
        if state.shape[1:] != listed.shape[1:] or listed.dtype.kind not in "biuf":
            raise InvalidConfig(
                f"initiation lists states as {env.id} has them, arrays {state.shape[1:]} of "
                f"{state.dtype}, got {list(states[:3])}"
            )
        same = state[:, None] == listed  # (e, k, …)
        return _by_copy(known, same.all(axis=tuple(range(2, same.ndim))).any(axis=1))

    return fires


def _flat_if_single(state: Array, listed: Array) -> Array:
    """Take a state (e, 1) for (e,) where plain numbers are listed."""
    return state[:, 0] if listed.ndim == 1 and state.shape[1:] == (1,) else state


def _by_function(address: Function, env: BatchEnv) -> Trigger:
    function = function_at(address, "the initiation function")

    def chances(state: Array) -> Array:
        return checked_chances(function(state), (len(state), env.num_agents))

    with suppress(NotReset):
        state = env.state()
        checked_chances(
            tried(function, state, "the initiation function"), (len(state), env.num_agents)
        )

    def fires(known: Known) -> Array:
        fired = chances(known.true_state)
        return _by_copy(known, fired) if fired.ndim == 1 else fired[:, known.columns]

    return fires


def checked_chances(fired: Any, shape: tuple[int, int]) -> Array:
    """Return what an initiation function returned, if that is what it must be.

    Raises:
        InvalidConfig: another shape or type, or a number that is no chance; says which.
    """
    must = f"an initiation function returns {shape[:1]} or {shape} of bool, or of chances in [0, 1]"
    if not isinstance(fired, np.ndarray) or fired.shape not in {shape[:1], shape}:
        came = fired.shape if isinstance(fired, np.ndarray) else type(fired).__name__
        raise InvalidConfig(f"{must}: one row for each copy, got {came}")
    if fired.dtype.kind not in "bf":
        raise InvalidConfig(f"{must}, got an array of {fired.dtype}")
    if not ((fired >= 0) & (fired <= 1)).all():
        wrong = fired[~((fired >= 0) & (fired <= 1))]
        raise InvalidConfig(f"{must}, got {wrong.flat[0]}")
    return fired


def _by_proposal(actions: tuple[int, ...], env: BatchEnv, inside: Trigger | None) -> Trigger:
    for group in env.groups:
        space: Any = group.action_space
        if not hasattr(space, "n") or space.shape != ():
            raise InvalidConfig(
                f"initiation by what is proposed lists numbered actions, and group {group.name!r} "
                f"has {space}"
            )
        if wrong := [action for action in actions if not space.contains(action)]:
            raise InvalidConfig(f"group {group.name!r} has no action {wrong[0]!r}: it has {space}")

    def fires(known: Known) -> Mask:
        proposed = np.isin(known.actions, actions)
        return proposed if inside is None else proposed & inside(known)

    return fires


def _by_copy(known: Known, fired: Array) -> Array:
    """Give every agent what holds for its copy: (e,) -> (e, n)."""
    return np.broadcast_to(fired[:, None], known.opportunities.shape)
