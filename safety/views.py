"""What a threat may look at, taken of what is going on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rallypoint.batch_env import Array, Geometry, Mask
from rallypoint.policies import acting_for
from rallypoint.safety.cells import Places, replaced, taken
from rallypoint.safety.known import Moment, Span
from rallypoint.safety.of_rows import of_rows
from rallypoint.safety.perception.loading import critic_of
from rallypoint.safety.threats import Site
from rallypoint.safety.truth import Simulator


def _percepts(moment: Moment, span: Span) -> Array:
    percepts: Array = moment.observations[span.group.name][moment.rows]
    return percepts


def _actions(moment: Moment, span: Span) -> Array:
    actions: Array = moment.actions[span.group.name][moment.rows]
    return actions


def _feedback(moment: Moment, span: Span) -> Array:
    assert moment.feedback is not None, "supplied at site feedback only"
    told: Array = moment.feedback[moment.rows][:, span.columns]
    return told


def _own_percept(moment: Moment, span: Span, victims: Mask) -> Array:
    percepts = _percepts(moment, span)
    return percepts if victims.all() else replaced(np.zeros_like(percepts), victims, percepts)


def _own_feedback(moment: Moment, span: Span, victims: Mask) -> Array:
    are_told = victims & moment.present[:, span.columns]
    told: Array = np.where(are_told, _feedback(moment, span), np.nan)
    return told


def _true_state(moment: Moment, span: Span, victims: Mask) -> Array:
    del span, victims
    state: Array = moment.truth.state()[moment.rows]
    return state


def _regions(moment: Moment, span: Span, victims: Mask) -> dict[str, Mask]:
    del span, victims
    return {name: inside[moment.rows] for name, inside in moment.truth.regions().items()}


def _geometry(moment: Moment, span: Span, victims: Mask) -> Geometry:
    del span, victims
    geometry = moment.truth.geometry()
    return geometry._replace(positions=geometry.positions[moment.rows])


def _colluders(moment: Moment, span: Span, victims: Mask) -> Mask:
    del span, victims
    assert moment.victims is not None, "set for the threat that is asked"
    return moment.victims


def _policy(moment: Moment, span: Span, victims: Mask) -> Any:
    del span, victims
    return of_rows(moment.truth.policy, moment.rows)


def _value(moment: Moment, span: Span, victims: Mask) -> Any:
    del victims
    policy = acting_for(moment.truth.policy, span.group.name)
    return of_rows(critic_of(policy), moment.rows)


def _simulator(moment: Moment, span: Span, victims: Mask) -> Simulator:
    del span, victims
    return Simulator(moment.truth.env, moment.actions)


View = Callable[[Moment, Span, Mask], Any]
VIEWS: dict[str, View] = {
    "own_percept": _own_percept,  # (e, n, …) of the victims; zeros for all others
    # (e, n, …) of the whole group, as the threats before left them
    "percepts": lambda moment, span, _: _percepts(moment, span),
    "true_state": _true_state,  # (e, …) whatever the world calls its state
    "regions": _regions,  # name -> (e, N) who of all agents is in each named place
    # (e, n, …) of the whole group, as the threats before left them
    "actions": lambda moment, span, _: _actions(moment, span),
    "own_feedback": _own_feedback,  # (e, n) what victims that acted are to be told; NaN for others
    "geometry": _geometry,  # a Geometry: where everybody is, and where actions lead
    "colluders": _colluders,  # (e, N) whom of all agents this threat is meant for
    "policy": _policy,  # that is under threats, a Policy of all groups; see `acting_for`
    "value": _value,  # its critic of the group, a Differentiable
    "simulator": _simulator,  # a Simulator: what would come of actions
}
# Views with a cell for each agent. Opportunities are victims', who were there: no cell is hidden.
_CELLS: dict[str, Callable[[Moment, Span], Array]] = {
    "own_percept": _percepts,
    "percepts": _percepts,
    "actions": _actions,
    "own_feedback": _feedback,
}
_WORLD = frozenset({"true_state", "regions", "geometry", "colluders"})
_PERCEIVED = _WORLD | {"own_percept", "percepts"}
SUPPLIED: dict[Site, frozenset[str]] = {
    "presence": _WORLD,
    "observation": _PERCEIVED | {"policy", "value"},
    "action": _PERCEIVED | {"actions", "policy", "value", "simulator"},
    "interruption": _PERCEIVED | {"actions", "policy", "value", "simulator"},
    "feedback": _PERCEIVED | {"actions", "own_feedback"},
}


class Shown:
    """Makes what a threat may look at of a group: (e, …) arrays, where victims (e, n) are its."""

    __slots__ = "_moment", "_span", "_victims"

    def __init__(self, moment: Moment, span: Span, victims: Mask) -> None:
        self._moment = moment
        self._span = span
        self._victims = victims

    def __call__(self, view: str) -> Any:
        """Make a view, by its name."""
        return VIEWS[view](self._moment, self._span, self._victims)

    def few(self, view: str, places: Places) -> Array:
        """Make the cells of a view that are at opportunities, and no others: (k, …)."""
        return taken(_CELLS[view](self._moment, self._span), places)
