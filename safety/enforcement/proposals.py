"""Is what a threat returns what its site asks for?"""

from typing import Any, NamedTuple, TypeGuard

import numpy as np

from rallypoint.batch_env import Array, Group, Mask
from rallypoint.errors import NotConformant
from rallypoint.safety.known import REPLACED, Known
from rallypoint.safety.threats import Proposal, Site, State

_ALL = slice(None)


class ForbidsWriting:
    """Says of which threat it is if what it does in here is to write to a read-only array.

    Raises:
        NotConformant: it does.
    """

    def __init__(self, label: str) -> None:
        self._label = label

    def __enter__(self) -> None:
        """Let it do what it does."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Say so."""
        if isinstance(error, ValueError) and "read-only" in str(error):
            raise NotConformant(
                f"{self._label} must not write to what it is given, and tried: {error}"
            ) from error


def check_answer(label: str, answer: Any) -> tuple[Any, Any]:
    """Return the two things that a threat answers with, whatever they are.

    Raises:
        NotConformant: they are not two.
    """
    # A proposal alone is a tuple of two as well.
    if not isinstance(answer, tuple) or len(answer) != 2 or isinstance(answer, Proposal):
        raise NotConformant(f"{label} must return (proposal, state), not {what_came(answer)}")
    proposal, state = answer
    return proposal, state


class Form(NamedTuple):
    """What a threat's values must be, at its site and for a group."""

    site: Site
    group: Group
    space: Any  # that they lie in; None if they are just numbers
    entry: tuple[int, ...]  # the shape of one
    dtype: Any
    bounds: tuple[Any, Any] | None  # between which any number is right, if that can be said

    @classmethod
    def of(cls, site: Site, group: Group) -> "Form":
        """Look it up."""
        if site == "feedback":
            return cls(site, group, None, (), np.dtype(np.float64), None)
        space: Any = group.observation_space if site == "observation" else group.action_space
        bounds = None
        if hasattr(space, "low") and space.low.size:
            bounds = (space.low.max(), space.high.min())
        elif hasattr(space, "n") and not space.shape:
            bounds = (space.start, space.start + space.n - 1)
        return cls(site, group, space, space.shape, space.dtype, bounds)

    def takes(self, values: Any) -> TypeGuard[Array]:
        """Say whether these are an array of numbers that can stand beside those that are there."""
        if not is_plain(values):
            return False
        if values.dtype == self.dtype:
            return True
        # Together with signed ones, the largest unsigned numbers become real ones.
        is_mixed = values.dtype == np.uint64 and self.dtype.kind == "i"
        return np.can_cast(values.dtype, self.dtype, "same_kind") and not is_mixed

    def of_few(self, where: Mask) -> tuple[int, ...]:
        """Return the shape of values of these cells alone."""
        return (int(np.count_nonzero(where)), *self.entry)


def check_proposal(label: str, form: Form, known: Known, proposal: Any) -> None:
    """Refuse a proposal of the wrong form; whether its values are legal is asked later.

    Raises:
        NotConformant: names the threat and says what must hold and what came.
        NotKnown: its values are a function of what the threat did not declare to know.
    """
    if not isinstance(proposal, Proposal):
        raise NotConformant(
            f"{label} must propose a Proposal(where, values), not {what_came(proposal)}"
        )
    shape = known.opportunities.shape
    where, values, odds = proposal
    if not is_plain(where) or where.shape != shape or where.dtype != bool:
        raise NotConformant(
            f"{label} must say where in a bool array {shape}, not {what_came(where)}"
        )
    if odds is not None and (
        not is_plain(odds) or odds.shape != shape or odds.dtype.kind not in "biuf"
    ):
        raise NotConformant(f"{label} must say odds in an array {shape}, not {what_came(odds)}")
    if form.site == "presence":
        if values is not None:
            raise NotConformant(f"{label} is a threat to presence, which proposes no values")
        return
    if callable(values):
        known.refuse_undeclared(REPLACED[form.site])
        return
    whole = (*shape, *form.entry)
    if not form.takes(values) or not (
        values.shape == whole or (values.ndim < len(whole) and values.shape == form.of_few(where))
    ):
        raise NotConformant(
            f"{label} must propose values in an array {whole} of {form.dtype}, not "
            f"{what_came(values)}; of those it touches alone, {form.of_few(where)}, or a function"
        )


def check_values(label: str, form: Form, values: Array, accepted: Mask) -> None:
    """Refuse values outside the space, and feedback that is no number.

    Args:
        label: how messages name the threat.
        form: what they must be.
        values: (k, …), of the cells that come to be; the others are nobody's concern.
        accepted: these cells: (e, n).

    Raises:
        NotConformant: names the threat and the first value.
    """
    if _all_within(form, values):
        return
    space = form.space
    is_right = np.isfinite(values) if space is None else inside(space, values[None])
    if np.count_nonzero(is_right) < is_right.size:
        first = int(np.flatnonzero(~is_right)[0])
        copy, agent = np.argwhere(accepted)[first]
        what = "finite numbers" if space is None else f"values inside {space}"
        raise NotConformant(
            f"{label} must propose {what}, not {values[first]} "
            f"for {form.group.agents[agent]} in row {copy}"
        )


def _all_within(form: Form, values: Array) -> bool:
    """Say whether values are what they must be, as far as that is quickly seen."""
    if form.space is None:
        return bool(np.count_nonzero(np.isfinite(values)) == values.size)
    # Of what is repeated along an axis, once is enough.
    once = values[tuple([slice(0, 1) if step == 0 else _ALL for step in values.strides])]
    if not once.size:
        return True
    if form.bounds is None:
        return False
    low, high = form.bounds
    # NaN is neither.
    return bool(np.minimum.reduce(once, axis=None) >= low) and bool(
        np.maximum.reduce(once, axis=None) <= high
    )


def check_state(label: str, before: State, state: Any) -> None:
    """Refuse a state that could not be stored in the place of the one before.

    Raises:
        NotConformant: names the threat and the array.
    """
    if not isinstance(state, dict):
        raise NotConformant(
            f"{label} must return its state as a dict of arrays, not {what_came(state)}"
        )
    if state.keys() != before.keys():
        raise NotConformant(
            f"{label} must keep the state it was given, arrays {sorted(before)}, "
            f"not {sorted(map(str, state))}"
        )
    for name, old in before.items():
        new = state[name]
        if not is_plain(new) or (new.shape, new.dtype) != (old.shape, old.dtype):
            raise NotConformant(
                f"{label} must keep state {name!r} an array {old.shape} of {old.dtype}, "
                f"not {what_came(new)}"
            )


def check_initial_state(label: str, num_copies: int, state: Any) -> None:
    """Refuse a first state that is no dict of arrays with first axis E.

    Raises:
        NotConformant: names the threat and the array.
    """
    if not isinstance(state, dict):
        raise NotConformant(f"{label} must begin with a dict of arrays, not {what_came(state)}")
    for name, array in state.items():
        if not isinstance(name, str) or not name or "/" in name:
            raise NotConformant(f"{label} must name its state in words without '/', not {name!r}")
        if not is_plain(array) or array.shape[:1] != (num_copies,):
            raise NotConformant(
                f"{label} must begin with state {name!r} an array with first axis {num_copies}, "
                f"one row for each copy, not {what_came(array)}"
            )
        if array.dtype.hasobject:
            raise NotConformant(f"{label} must keep numbers in state {name!r}, not objects")


def inside(space: Any, values: Array) -> Mask:
    """Return which of the values (e, n, …) lie in the space: (e, n)."""
    trailing = tuple(range(2, values.ndim))
    if hasattr(space, "low"):  # Box; NaN is outside
        found = (values >= space.low) & (values <= space.high)
    elif hasattr(space, "n") and not trailing:  # Discrete
        found = (values >= space.start) & (values < space.start + space.n)
    elif hasattr(space, "nvec") and values.shape[2:] == space.shape:  # MultiDiscrete
        found = (values >= space.start) & (values <= space.start + (space.nvec - 1))
        found &= np.can_cast(values.dtype, space.dtype)
    else:
        cells = [space.contains(values[index]) for index in np.ndindex(values.shape[:2])]
        return np.array(cells, dtype=bool).reshape(values.shape[:2])
    result: Mask = found.all(axis=trailing) if trailing else found
    return result


def is_plain(thing: Any) -> TypeGuard[Array]:
    """Say whether a thing is an array, none of whose numbers are masked."""
    return isinstance(thing, np.ndarray) and not isinstance(thing, np.ma.MaskedArray)


def what_came(thing: Any) -> str:
    """Say what came in the place of what should."""
    if is_plain(thing):
        return f"an array {thing.shape} of {thing.dtype}"
    return "None" if thing is None else f"a {type(thing).__name__}"
