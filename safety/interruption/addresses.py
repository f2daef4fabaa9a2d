"""Functions and policies of a user's own, named in a threat file as "package.module:name"."""

from collections.abc import Callable
from typing import Any

from rallypoint.batch_env import Array
from rallypoint.errors import InvalidConfig
from rallypoint.registry import import_address


def found_at(address: Any, what: str) -> Any:
    """Return what an address names; anything that is no text is returned as it is.

    Raises:
        InvalidConfig: nothing can be imported from there; says why.
    """
    if not isinstance(address, str):
        return address
    if ":" not in address:
        raise InvalidConfig(f'{what} is named "package.module:name", got {address!r}')
    try:
        return import_address(address)
    # Whatever a module of the user's raises at import, the threat file is what has to change.
    except Exception as error:
        raise InvalidConfig(
            f"{what} {address!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def function_at(address: Any, what: str) -> Any:
    """Return the function that an address names.

    Raises:
        InvalidConfig: there is none.
    """
    function = found_at(address, what)
    if not callable(function):
        raise InvalidConfig(f"{what} is a function, got {function!r}")
    return function


def tried(function: Callable[[Array], Any], on: Array, what: str) -> Any:
    """Return what a function makes of an array, the first time that it is called.

    Raises:
        InvalidConfig: it cannot be called with that; says why.
    """
    try:
        return function(on)
    # Whatever somebody's own code raises the first time, it is no function of such arrays.
    except Exception as error:
        raise InvalidConfig(
            f"{what} is called with an array {on.shape} of {on.dtype}, a row for each copy, "
            f"and raises {type(error).__name__}: {error}"
        ) from error
