"""What a threat gets to see: what everybody knows, and the views it declared."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, BatchEnv, Geometry, Group, Mask, Observations
from rallypoint.errors import NotKnown, NotOffered
from rallypoint.safety.cells import replaced
from rallypoint.safety.of_rows import of_rows
from rallypoint.safety.perception.room import Room
from rallypoint.safety.threats import KNOWLEDGE, Site, Threat
from rallypoint.safety.truth import Simulator, Truth

Rows = slice | Mask  # the copies concerned


class Span(NamedTuple):
    """A group, and its place on the agent axis."""

    group: Group
    columns: slice
    noop: Any  # the action that does nothing; None if the world has none


def spans_of(env: BatchEnv) -> tuple[Span, ...]:
    """Return where each group stands on the agent axis."""
    spans = []
    first = 0
    for group in env.groups:
        columns = slice(first, first + len(group.agents))
        noop: Any = (env.noop or {}).get(group.name)
        spans.append(Span(group, columns, noop))
        first = columns.stop
    return tuple(spans)


@dataclass(slots=True)
class Moment:
    """What is going on in some copies: everything a view could be taken of.

    One for all threats of a site, each of which finds in it what those before it made of things.
    """

    rows: Rows
    copies: NDArray[np.int64]  # (e,) global ids
    time: NDArray[np.int64]  # (e,) steps since the reset
    present: Mask  # (e, N) alive and not crashed
    truth: Truth  # of all E copies
    observations: Observations  # (E, …) as perceived so far; at site presence not yet
    actions: Actions  # (E, …) as they stand; at sites action, interruption and feedback only
    clock: int | None = None  # the time of all these copies, where it is one
    feedback: Array | None = None  # (E, N) a signal as told so far; at site feedback only
    victims: Mask | None = None  # (e, N) of the threat that is asked


def _own_percept(moment: Moment, span: Span, victims: Mask) -> Array:
    percepts = moment.observations[span.group.name][moment.rows]
    return percepts if victims.all() else replaced(np.zeros_like(percepts), victims, percepts)


def _percepts(moment: Moment, span: Span, victims: Mask) -> Array:
    del victims
    percepts: Array = moment.observations[span.group.name][moment.rows]
    return percepts


def _own_feedback(moment: Moment, span: Span, victims: Mask) -> Array:
    assert moment.feedback is not None, "supplied at site feedback only"
    are_told = victims & moment.present[:, span.columns]
    told: Array = np.where(are_told, moment.feedback[moment.rows][:, span.columns], np.nan)
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
    del span, victims
    policy: Any = moment.truth.policy
    return of_rows(policy.critic(), moment.rows)


def _simulator(moment: Moment, span: Span, victims: Mask) -> Simulator:
    del span, victims
    return Simulator(moment.truth.env, moment.actions)


def _actions(moment: Moment, span: Span, victims: Mask) -> Array:
    del victims
    actions: Array = moment.actions[span.group.name][moment.rows]
    return actions


View = Callable[[Moment, Span, Mask], Any]
VIEWS: dict[str, View] = {
    "own_percept": _own_percept,  # (e, n, …) of the victims; zeros for all others
    "percepts": _percepts,  # (e, n, …) of the whole group, as the threats before left them
    "true_state": _true_state,  # (e, …) whatever the world calls its state
    "regions": _regions,  # name -> (e, N) who of all agents is in each named place
    "actions": _actions,  # (e, n, …) of the whole group, as the threats before left them
    "own_feedback": _own_feedback,  # (e, n) what victims that acted are to be told; NaN for others
    "geometry": _geometry,  # a Geometry: where everybody is, and where actions lead
    "colluders": _colluders,  # (e, N) whom of all agents this threat is meant for
    "policy": _policy,  # that is under threats, a Policy
    "value": _value,  # its critic, a Differentiable
    "simulator": _simulator,  # a Simulator: what would come of actions
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


class Declared:
    """Shows a threat the views that it declared, and no other."""

    def __init__(self, threat: Threat, views: Mapping[str, Callable[[], Any]]) -> None:
        self.refused = 0  # how often it looked at what it must not see
        self._threat = threat
        # What it did not declare is not even held here.
        self._views = {view: views[view] for view in seen_by(threat)}

    def __getattr__(self, name: str) -> Any:
        """Make a declared view, once.

        Raises:
            NotKnown: it was not declared, or there is no such thing.
        """
        if name.startswith("__"):
            raise AttributeError(name)  # copying and the like ask for these
        if name not in self._views:
            self.refused += 1
            what = "which it did not declare" if name in KNOWLEDGE else "which nobody can know"
            raise NotKnown(
                f"the threat {self._threat.kind!r} looked at {name!r}, {what}; "
                f"its knowledge is {list(self._threat.knowledge)}"
            )
        made = self._views[name]()
        if isinstance(made, dict):
            view: Any = {key: sealed(part) for key, part in made.items()}
        else:
            view = sealed(made) if isinstance(made, np.ndarray) else made
        setattr(self, name, view)
        return view


class Known(Declared):
    """What a threat knows at one moment about one group of n agents in e copies.

    Always there: ``opportunities`` (e, n) whom it may touch now; ``allowance`` (e,) how many of
    them may be agents it has not touched yet in this episode; ``affordable`` (e, n) opportunities
    that may be taken all at once; ``time`` (e,) steps since the reset; ``copies`` (e,) global ids;
    ``group``, with its spaces, and ``columns``, its place on the axis of all agents; ``noop``, the
    action that does nothing, or None; ``still`` (e, n, …), that action for everybody;
    ``reach``, how far lies about percepts may go (see ``Room``), or None.
    Besides, the views that the threat declared, made when they are looked at: ``known.true_state``,
    of which ``known.regions`` are a part. Anything else raises ``NotKnown``. All arrays are
    read-only.
    """

    def __init__(
        self,
        threat: Threat,
        *,
        opportunities: Mask,
        allowance: NDArray[np.int64],
        touched: Mask | None,
        time: NDArray[np.int64],
        copies: NDArray[np.int64],
        span: Span,
        views: Mapping[str, Callable[[], Any]],
        reach: Room | None = None,
    ) -> None:
        """Show a threat what it declared, out of the views there are.

        ``touched`` says whom it touched before in this episode, if their number is limited.
        """
        super().__init__(threat, views)
        self.opportunities = sealed(opportunities)
        self.allowance = sealed(allowance)
        self.time = sealed(time)
        self.copies = sealed(copies)
        self.columns = span.columns
        self.group = span.group
        self.noop = span.noop
        self.reach = reach
        self._touched = touched

    def narrowed(self, threat: Threat, where: Mask) -> "Known":
        """Return what another threat may know that acts for this one on fewer agents (e, n)."""
        narrowed = copy.copy(self)
        for view in KNOWLEDGE:
            vars(narrowed).pop(view, None)  # what was looked at already: not declared by all
        Declared.__init__(narrowed, threat, self._views)
        narrowed.opportunities = sealed(self.opportunities & where)
        return narrowed

    @property
    def affordable(self) -> Mask:
        """Opportunities that may be taken all at once: those touched before, then in order."""
        return self.afford(self.opportunities)

    def afford(self, wanted: Mask) -> Mask:
        """Return so much of what is wanted (e, n) as may be taken at once; opportunities only."""
        if wanted is not self.opportunities:
            wanted = wanted & self.opportunities
        if self._touched is None:  # no limit on their number
            return sealed(wanted)
        return sealed(afford(wanted, self._touched, self.allowance))

    @property
    def still(self) -> Array:
        """The action that does nothing, for everybody; a threat that uses it needs "noop".

        Raises:
            NotOffered: there is none.
        """
        if self.noop is None:
            raise NotOffered(
                f"group {self.group.name!r} has no action that does nothing; a threat that takes "
                'it says so: needs = frozenset({"noop"})'
            )
        space = self.group.action_space
        shape = (*self.opportunities.shape, *(space.shape or ()))
        return np.broadcast_to(np.asarray(self.noop, dtype=space.dtype), shape)


def seen_by(threat: Threat) -> frozenset[str]:
    """Return the views that a threat may look at: who knows the true state knows the regions."""
    return _seen_with(threat.knowledge)


@cache
def _seen_with(knowledge: tuple[str, ...]) -> frozenset[str]:
    known = frozenset(knowledge)
    return known | {"regions"} if "true_state" in known else known


def views_of(
    threat: Threat, moment: Moment, span: Span, victims: Mask
) -> dict[str, Callable[[], Any]]:
    """Return what a threat may see of a group: (e, …) arrays, made when called."""
    return {name: partial(VIEWS[name], moment, span, victims) for name in seen_by(threat)}


def afford(wanted: Mask, touched: Mask, allowance: NDArray[np.int64]) -> Mask:
    """Keep those touched before, and so many others of each row, in the order of the agents."""
    new = wanted & ~touched
    if not (np.count_nonzero(new, axis=1) > allowance).any():
        return wanted
    affordable: Mask = wanted & (touched | (new.cumsum(axis=1) <= allowance[:, None]))
    return affordable


def sealed(array: Array) -> Array:
    """Return a view of an array that cannot be written to; itself if it cannot be."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view
