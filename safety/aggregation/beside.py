"""What comes beside updates, a ``Context``, in the form in which parts take it."""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation.opening import is_tensor
from rallypoint.safety.aggregation.parts import Context
from rallypoint.safety.aggregation.updates import Updates

_REAL = "fiu"  # kinds of dtypes
_EACH = "one for each of {} updates, numbers (n,)"
_LIKE = "a vector (d,) like an update, of {} numbers"


def fitting(context: Any, n: int) -> Context:
    """Return a context that fits n updates, whom to trust as whole numbers.

    Raises:
        InvalidConfig: says what does not fit, and what it should be.
    """
    if not isinstance(context, Context):
        raise InvalidConfig(
            f"what a rule needs is given as context=Context(…), got {type(context).__name__}"
        )
    if context.rng is not None and not isinstance(context.rng, np.random.Generator):
        raise InvalidConfig(
            f"rng is a np.random.Generator, got {context.rng!r}; np.random.default_rng(seed) makes "
            "one"
        )
    if not isinstance(context.extra, Mapping):
        raise InvalidConfig(f"extra is a dict of what rules need by name, got {context.extra!r}")
    found: dict[str, Any] = {}
    for name in ("counts", "scores"):
        values = getattr(context, name)
        if values is not None and (array := _numbers(name, values, n, _EACH)) is not values:
            found[name] = array
    if context.trusted is not None:
        indices = _indices(context.trusted, n)
        if not indices or not isinstance(context.trusted, list | tuple):
            found["trusted"] = indices or None  # none is not given
    return replace(context, **found) if found else context  # which takes as long as all else here


def with_vectors(context: Context, names: Iterable[str], updates: Updates) -> Context:
    """Return a context that has vectors of some names, where they are given, as arrays (d,).

    Raises:
        InvalidConfig: one is none, or is not as long as the updates.
    """
    given = {name: values for name in names if (values := getattr(context, name)) is not None}
    if not given:
        return context  # d need not be known, for which blocks may have to be read
    d = updates.columns()
    vectors: dict[str, Any] = {
        name: _numbers(name, value, d, _LIKE) for name, value in given.items()
    }
    is_ready = all(vector is given[name] for name, vector in vectors.items())
    return context if is_ready else replace(context, **vectors)


def sizes_of(layout: Any, d: int) -> list[int]:
    """Return the sizes of layers that have d columns together.

    Raises:
        InvalidConfig: they are none, or have more columns or fewer.
    """

    def refusal() -> InvalidConfig:
        return InvalidConfig(
            f"layout must be sizes of layers, whole numbers that sum to d = {d}, got {layout!r}"
        )

    sizes = list(_integers(layout, refusal))
    if min(sizes, default=0) < 1 or sum(sizes) != d:
        raise refusal()
    return sizes


def _numbers(name: str, values: Any, count: int, must_be: str) -> NDArray[Any]:
    array = _as_array(values)
    if array.shape != (count,) or array.dtype.kind not in _REAL:
        raise InvalidConfig(
            f"{name} must be {must_be.format(count)}, got shape {array.shape} of {array.dtype}"
        )
    return array


def _indices(trusted: Any, n: int) -> tuple[int, ...]:
    def refusal() -> InvalidConfig:
        return InvalidConfig(
            f"trusted must be indices of the {n} updates, 0 to {n - 1}, such as "
            f"np.flatnonzero(mask), got {trusted!r}"
        )

    indices = _integers(trusted, refusal)
    if not set(indices) <= set(range(n)):
        raise refusal()
    return indices


def _integers(values: Any, refusal: Callable[[], InvalidConfig]) -> tuple[int, ...]:
    """Return whole numbers as such; a truth value is none, as one of a mask would be misread."""
    try:
        listed = list(values)
        if any(isinstance(value, bool | np.bool_) for value in listed):
            raise refusal()
        return tuple(operator.index(value) for value in listed)
    except TypeError:
        raise refusal() from None


def _as_array(values: Any) -> NDArray[Any]:
    if is_tensor(values):
        from rallypoint.safety.aggregation import kernels_torch

        return kernels_torch.on_host(values)
    return np.asarray(values)
