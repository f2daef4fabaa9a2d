"""Loops that numba compiles, where it is installed: ``pip install 'rallypoint[fast]'``.

They compute the bits that NumPy computes, sooner; those that do not are used only where they are
asked for. The variable RALLYPOINT_FAST says where they are used: ``0`` nowhere, ``1`` wherever
there are any; unset, where they win back the half second that loading numba takes.
"""

import os
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from rallypoint.errors import InvalidConfig, Unavailable

SWITCH = "RALLYPOINT_FAST"
_tried_in_vain: set[str] = set()  # modules that nobody asked for, which are not tried twice
_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled_module(name: str, *, pays: bool) -> Any | None:
    """Import a module of compiled functions; None where NumPy is to do the work.

    Args:
        name: of the module, in full.
        pays: whether loading it wins its time back here.

    Raises:
        InvalidConfig: RALLYPOINT_FAST is set to something that means nothing.
        Unavailable: it asks for numba, which cannot be used.
    """
    chosen = os.environ.get(SWITCH, "")
    if chosen not in ("", "0", "1"):
        raise InvalidConfig(f"{SWITCH} must be 0, 1 or unset, got {chosen!r}")
    if chosen == "0" or (not chosen and not (pays and find_spec("numba"))):
        return None
    if not chosen and name in _tried_in_vain:
        return None
    try:
        return import_module(name)
    except Exception as error:  # numba fails in its own ways: a NumPy too new for it is one
        if chosen:
            raise Unavailable(
                f"{SWITCH}=1 needs numba, which cannot be used ({error}); "
                "pip install 'rallypoint[fast]', or leave the variable unset"
            ) from error
        _tried_in_vain.add(name)
        warnings.warn(
            f"numba is installed but cannot be used ({error}); NumPy does the work. "
            f"With {SWITCH}=0 it is not tried",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def compiled_beside(name: str) -> Any | None:
    """Import a module of compiled functions where numba is loaded already, or asked for.

    For loops that are too short to win the loading back on their own. See ``compiled_module``.
    """
    return compiled_module(name, pays="numba" in sys.modules)


def compiled(signature: str, *, reassociates: bool = False) -> Callable[[_Function], _Function]:
    """Compile a function for arguments of these types, and keep the machine code on disk.

    It is compiled anew when its own file changes, and only then. So it calls nothing but
    ``inlined`` functions of that file, and takes the constants of others as arguments.

    Args:
        signature: types, as numba writes them.
        reassociates: whether sums may be taken in any order, and with fused products. Then the
            bits are not NumPy's, and whoever calls it does so only where the user asked for it.
    """
    # By zero it is divided as in NumPy: to ask about it first would leave no loop over vectors.
    options: dict[str, Any] = {"error_model": "numpy"}
    if reassociates:
        options["fastmath"] = {"reassoc", "contract", "nsz"}

    def compile_for(function: _Function) -> _Function:
        numba = import_module("numba")
        fast: _Function
        try:
            fast = numba.njit(signature, cache=True, **options)(function)
        except Exception:  # noqa: BLE001 - nowhere to keep it, or what was kept is damaged
            fast = numba.njit(signature, **options)(function)
        return fast

    return compile_for


def inlined(function: _Function) -> _Function:
    """Let compiled functions of the same file call this one.

    Its text goes where it is called, so that a loop around it can become one over vectors.
    """
    fast: _Function = import_module("numba").njit(inline="always")(function)
    return fast
