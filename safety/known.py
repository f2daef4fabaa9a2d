"""What a threat gets to see: what everybody knows, and the views it declared."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations
from rallypoint.errors import NotKnown
from rallypoint.safety.threats import KNOWLEDGE, Site, Threat

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


class Moment(NamedTuple):
    """What is going on in some copies: everything a view could be taken of."""

    rows: Rows
    time: NDArray[np.int64]  # (e,) steps since the reset
    present: Mask  # (e, N) alive and not crashed
    state: Callable[[], Array]  # the world's, for all E copies
    observations: Observations  # (E, …) as perceived so far; at site presence not yet
    actions: Actions  # (E, …) as they stand; at sites action and interruption only


def _own_percept(moment: Moment, span: Span, victims: Mask) -> Array:
    percepts = moment.observations[span.group.name][moment.rows]
    percept: Array = np.where(aligned(victims, percepts), percepts, percepts.dtype.type(0))
    return percept


def _true_state(moment: Moment, span: Span, victims: Mask) -> Array:
    del span, victims
    state: Array = moment.state()[moment.rows]
    return state


def _actions(moment: Moment, span: Span, victims: Mask) -> Array:
    del victims
    actions: Array = moment.actions[span.group.name][moment.rows]
    return actions


View = Callable[[Moment, Span, Mask], Array]
VIEWS: dict[str, View] = {
    "own_percept": _own_percept,  # (e, n, …) of the victims; zeros for all others
    "true_state": _true_state,  # (e, …) whatever the world calls its state
    "actions": _actions,  # (e, n, …) of the whole group, as the threats before left them
}
SUPPLIED: dict[Site, frozenset[str]] = {
    "presence": frozenset({"true_state"}),
    "observation": frozenset({"own_percept", "true_state"}),
    "action": frozenset(VIEWS),
    "interruption": frozenset(VIEWS),
}


class Known:
    """What a threat knows at one moment about one group of n agents in e copies.

    Always there: ``opportunities`` (e, n) whom it may touch now; ``allowance`` (e,) how many of
    them may be agents it has not touched yet in this episode; ``affordable`` (e, n) opportunities
    that may be taken all at once; ``time`` (e,) steps since the reset; ``group``, with its spaces;
    ``noop``, the action that does nothing, or None; ``still`` (e, n, …), that action for everybody.
    Besides, the views that the threat declared, made when they are looked at: ``known.true_state``.
    Anything else raises ``NotKnown``. All arrays are read-only.
    """

    def __init__(
        self,
        threat: Threat,
        *,
        opportunities: Mask,
        allowance: NDArray[np.int64],
        touched: Mask | None,
        time: NDArray[np.int64],
        span: Span,
        views: Mapping[str, Callable[[], Array]],
    ) -> None:
        """Show a threat what it declared, out of the views there are.

        ``touched`` says whom it touched before in this episode, if their number is limited.
        """
        self.opportunities = sealed(opportunities)
        self.allowance = sealed(allowance)
        self.time = sealed(time)
        self.group = span.group
        self.noop = span.noop
        self.refused = 0  # how often it looked at what it must not see
        self._touched = touched
        self._threat = threat
        # What it did not declare is not even held here.
        self._views = {view: views[view] for view in threat.knowledge}

    @property
    def affordable(self) -> Mask:
        """Opportunities that may be taken all at once: those touched before, then in order."""
        if self._touched is None:  # no limit on their number
            return self.opportunities
        return sealed(afford(self.opportunities, self._touched, self.allowance))

    @property
    def still(self) -> Array:
        """The action that does nothing, for everybody; a threat that uses it needs "noop"."""
        space = self.group.action_space
        shape = (*self.opportunities.shape, *(space.shape or ()))
        return np.broadcast_to(np.asarray(self.noop, dtype=space.dtype), shape)

    def __getattr__(self, name: str) -> Array:
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
        view = sealed(self._views[name]())
        setattr(self, name, view)
        return view


def views_of(moment: Moment, span: Span, victims: Mask) -> dict[str, Callable[[], Array]]:
    """Return what could be seen of a group: (e, …) arrays, made when called."""

    def seen(view: View) -> Callable[[], Array]:
        return lambda: view(moment, span, victims)

    return {name: seen(view) for name, view in VIEWS.items()}


def afford(wanted: Mask, touched: Mask, allowance: NDArray[np.int64]) -> Mask:
    """Keep those touched before, and so many others of each row, in the order of the agents."""
    new = wanted & ~touched
    if not (np.count_nonzero(new, axis=1) > allowance).any():
        return wanted
    affordable: Mask = wanted & (touched | (new.cumsum(axis=1) <= allowance[:, None]))
    return affordable


def aligned(mask: Mask, values: Array) -> Mask:
    """Give a mask (e, n) as many axes as the values it chooses among."""
    return mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))


def sealed(array: Array) -> Array:
    """Return a view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
