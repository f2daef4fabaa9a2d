"""Routines of BLAS and LAPACK, called from loops that numba compiles: those that SciPy calls.

So compiled loops solve and multiply to the very bits that NumPy's code gets from SciPy. What is
passed on is addresses, hence whoever calls the loops keeps alive what lies there.

Numba compiles a loop anew when the loop's own file changes. Whoever changes this one changes those.
"""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import inlined

_numba: Any = import_module("numba")
_extending: Any = import_module("numba.extending")
_cgutils: Any = import_module("numba.core.cgutils")
_ir: Any = import_module("llvmlite.ir")

_LETTERS = np.frombuffer(b"LTVI", np.uint8).copy()  # lower, transposed, vectors, by index
WORK, _WHOLE = 66, 10  # numbers for each row that LAPACK works with
NUMBER, INTEGER = 8, 4  # bytes
ONE, TWO, LWORK, LIWORK, INFO, FOUND, SPARE = range(1, 8)  # places of whole numbers


def _calling(result: Any, kind: Any) -> Callable[[int, tuple[int, ...]], Any]:
    """Return what calls a routine at an address, all of whose arguments are pointers."""

    def call(_context: Any, address: Any, pointers: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
            pointer = _ir.IntType(8).as_pointer()
            given = _cgutils.unpack_tuple(builder, values[1])
            takes = _ir.FunctionType(kind, [pointer] * len(given))
            routine = builder.inttoptr(values[0], takes.as_pointer())
            answer = builder.call(routine, [builder.inttoptr(at, pointer) for at in given])
            return _ir.Constant(pointer, None) if kind == _ir.VoidType() else answer

        return result(address, pointers), generate

    called: Callable[[int, tuple[int, ...]], Any] = _extending.intrinsic(call)
    return called


_call = _calling(_numba.types.void, _ir.VoidType())
_value = _calling(_numba.types.float64, _ir.DoubleType())
_ADDRESSES = tuple(
    _extending.get_cython_function_address(f"scipy.linalg.cython_{library}", name)
    for library, name in (
        ("blas", "ddot"),
        ("blas", "dgemv"),
        ("lapack", "dposv"),
        ("lapack", "dsyevr"),
    )
)
TOOLS = "Tuple((UniTuple(int64, 4), uint8[::1], int32[::1], float64[::1]))"


def tools(n: int) -> tuple[Any, ...]:
    """Return what the routines take for n points.

    Compiled code passes on addresses only, so it is here that what lies there is kept alive.
    """
    whole, numbers = _made(n)
    return _ADDRESSES, _LETTERS, whole.copy(), numbers


@functools.cache
def _made(n: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return whole numbers, some of which routines write to, and others that they only read."""
    whole = np.zeros(SPARE + (_WHOLE + 2) * n, np.int32)
    whole[:INFO] = n, 1, 2, WORK * n, _WHOLE * n
    numbers = np.ones(1 + n)
    numbers[0] = 0
    return whole, numbers


@inlined
def dot(given: Any, one: int, other: int) -> float:
    """Return the inner product of two vectors (n,) at addresses."""
    n = given[2].ctypes.data
    step = n + ONE * INTEGER
    dot: float = _value(given[0][0], (n, one, step, other, step))
    return dot


@inlined
def total_of(given: Any, one: int) -> float:
    """Return the sum of a vector (n,) at an address."""
    total: float = dot(given, one, given[3].ctypes.data + NUMBER)
    return total


@inlined
def apply(given: Any, matrix: int, vector: int, result: int) -> None:
    """Write the product of a matrix (n, n) and a vector (n,), all given as addresses."""
    n, zero = given[2].ctypes.data, given[3].ctypes.data
    step = n + ONE * INTEGER
    way = given[1].ctypes.data + 1  # C's rows are Fortran's columns, hence transposed
    _call(given[0][1], (way, n, n, zero + NUMBER, matrix, n, vector, step, zero, result, step))


@inlined
def solve(given: Any, matrix: int, sides: int, columns: int) -> bool:
    """Factor a matrix by Cholesky and solve for one or two right sides, in place, if it can."""
    n = given[2].ctypes.data
    info = n + INFO * INTEGER
    _call(
        given[0][2],
        (given[1].ctypes.data, n, n + columns * INTEGER, matrix, n, sides, n, info),
    )
    return bool(given[2][INFO] == 0)


@inlined
def largest(given: Any, matrix: int, value: int, vector: int, work: int) -> bool:
    """Write the largest eigenvalue of a matrix (n, n) and its vector (n,), if they are found.

    Args:
        given: tools.
        matrix: of which one half is read; it is written to.
        value: room for n numbers, of which the first is it.
        vector: room for it.
        work: room for WORK * n numbers.
    """
    letters, n, zero = given[1].ctypes.data, given[2].ctypes.data, given[3].ctypes.data
    spare = n + SPARE * INTEGER
    _call(
        given[0][3],
        (
            *(letters + 2, letters + 3, letters, n, matrix, n, zero, zero, n, n, zero),
            *(n + FOUND * INTEGER, value, vector, n, spare, work, n + LWORK * INTEGER),
            *(spare + 2 * INTEGER * given[2][0], n + LIWORK * INTEGER, n + INFO * INTEGER),
        ),
    )
    return bool(given[2][INFO] == 0 and given[2][FOUND] > 0)
