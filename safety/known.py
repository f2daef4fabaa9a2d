"""What a threat gets to see: what everybody knows, and the views it declared."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.batch_env import Actions, Array, BatchEnv, Group, Mask, Observations
from rallypoint.errors import NotKnown, NotOffered
from rallypoint.safety.cells import Places, places_of, taken
from rallypoint.safety.perception.room import Room
from rallypoint.safety.threats import KNOWLEDGE, Site, Threat
from rallypoint.safety.truth import Truth

Rows = slice | Mask  # the copies concerned
# Views with a cell for each agent of a group, in each copy.
CELLS = frozenset({"own_percept", "percepts", "actions", "own_feedback"})
# The one of what threats at a site replace: to a function that they propose, it is this that they
# look at.
REPLACED: dict[Site, str] = {
    "observation": "own_percept",
    "action": "actions",
    "interruption": "actions",
    "feedback": "own_feedback",
}


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
    # (E, …) as they stand; at sites action, interruption and feedback only
    actions: Actions = field(default_factory=dict)
    clock: int | None = None  # the time of all these copies, where it is one
    feedback: Array | None = None  # (E, N) a signal as told so far; at site feedback only
    victims: Mask | None = None  # (e, N) of the threat that is asked


class Declared:
    """Shows a threat the views that it declared, and no other."""

    def __init__(self, threat: Threat, show: Callable[[str], Any]) -> None:
        """Show a threat what it declared.

        Args:
            threat: who is shown it.
            show: what makes a view, by its name; asked for what was declared only.
        """
        self.refused = 0  # how often it looked at what it must not see
        self._threat = threat
        self._show = show

    def __getattr__(self, name: str) -> Any:
        """Make a declared view, once.

        Raises:
            NotKnown: it was not declared, or there is no such thing.
        """
        if name.startswith("__"):
            raise AttributeError(name)  # copying and the like ask for these
        self.refuse_undeclared(name)
        made = self._show(name)
        if isinstance(made, dict):
            view: Any = {key: sealed(part) for key, part in made.items()}
        else:
            view = sealed(made) if isinstance(made, np.ndarray) else made
        setattr(self, name, view)
        return view

    def refuse_undeclared(self, name: str) -> None:
        """Refuse a view that the threat must not see, and count that it looked.

        Raises:
            NotKnown: it was not declared, or there is no such thing.
        """
        if name not in seen_by(self._threat):
            self.refused += 1
            is_view = name in KNOWLEDGE
            what = "which it did not declare" if is_view else "which nobody can know"
            how = f"; if it is to see that, add {name!r} to its knowledge" if is_view else ""
            raise NotKnown(
                f"the threat {self._threat.kind!r} looked at {name!r}, {what}; "
                f"its knowledge is {list(self._threat.knowledge)}{how}"
            )


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
    read-only. Where victims are few, ``known.few(view)`` is quicker than the whole view.
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
        show: Callable[[str], Any],
        reach: Room | None = None,
        places: Places | None = None,
        few: Callable[[str, Places], Array] | None = None,
    ) -> None:
        """Show a threat what it declared, out of the views there are.

        ``touched`` says whom it touched before in this episode, if their number is limited;
        ``places`` is where the opportunities are, if that was looked for before; ``few`` makes the
        cells of a view at some places, and not the others.
        """
        super().__init__(threat, show)
        self.opportunities = sealed(opportunities)
        self.allowance = sealed(allowance)
        self.time = sealed(time)
        self.copies = sealed(copies)
        self.columns = span.columns
        self.group = span.group
        self.noop = span.noop
        self.reach = reach
        self._touched = touched
        self._places = places
        self._few = few

    def few(self, view: str) -> Array:
        """Return what a view of the group shows where opportunities are, row by row: (k, …).

        The same as ``gathered(known.own_percept, known.opportunities)``, and so on.

        Raises:
            NotKnown: the view was not declared, or there is no such thing.
            NotOffered: it has no cell for each agent.
        """
        is_seen = view in seen_by(self._threat)
        if view not in CELLS and is_seen:
            raise NotOffered(
                f"{view!r} has no cell for each agent of a group, as {', '.join(sorted(CELLS))} "
                f"have; look at known.{view}"
            )
        if self._places is None:
            self._places = places_of(self.opportunities)
        if self._few is None or not is_seen:
            return sealed(taken(getattr(self, view), self._places))
        return sealed(self._few(view, self._places))

    def narrowed(self, threat: Threat, where: Mask) -> "Known":
        """Return what another threat may know that acts for this one on fewer agents (e, n).

        Raises:
            NotKnown: it declares to know more than this one; names a view.
        """
        if undeclared := sorted({*threat.knowledge} - seen_by(self._threat)):
            raise NotKnown(
                f"the threat {threat.kind!r} looks at {undeclared[0]!r}, which "
                f"{self._threat.kind!r} did not declare, for which it acts; add it to the "
                "knowledge of that one"
            )
        narrowed = copy.copy(self)
        for view in KNOWLEDGE:
            vars(narrowed).pop(view, None)  # what was looked at already: not declared by all
        Declared.__init__(narrowed, threat, self._show)
        narrowed.opportunities = sealed(self.opportunities & where)
        vars(narrowed)["_places"] = None  # of these no more
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
