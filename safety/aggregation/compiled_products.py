"""Inner products of a few rows with each other, as a loop that numba compiles.

Sixteen products share eight rows, whose numbers are read once and not copied, as BLAS does, which
is made for large matrices: four times as fast for 20 rows. The compiler chooses the order in which
columns are added up, so the last digits are not those of BLAS, nor those of another CPU.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

_extending: Any = import_module("numba.extending")
_ir: Any = import_module("llvmlite.ir")
_numba: Any = import_module("numba")

LEAST = 4  # rows; there are four on either side
_Row = Any  # (b,) float32, at an address


def _row_at(_context: Any, address: Any) -> Any:
    """Take an address for that of numbers, side by side as a view's stride would not promise."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], _ir.FloatType().as_pointer())

    return _numba.types.CPointer(_numba.types.float32)(address), generate


_numbers = _extending.intrinsic(_row_at)
_carray = _numba.carray


@inlined
def _rows(address: int, stride: int, width: int) -> tuple[_Row, _Row, _Row, _Row]:
    """Return four rows, from an address on."""
    return (
        _carray(_numbers(address), (width,)),
        _carray(_numbers(address + stride), (width,)),
        _carray(_numbers(address + 2 * stride), (width,)),
        _carray(_numbers(address + 3 * stride), (width,)),
    )


@compiled("void(Array(float32, 3, 'A', readonly=True), float32[:, :, ::1])", reassociates=True)
def products(
    stack: NDArray[np.float32],  # (m, n, b), whose rows are contiguous
    answer: NDArray[np.float32],  # (m, n, n), written
) -> None:
    """Write the inner products of the rows of each block."""
    num_blocks, n, width = stack.shape
    to_block, to_row, _ = stack.strides
    zero = np.float32(0)
    for block in range(num_blocks):
        start = stack.ctypes.data + block * to_block
        for above in range(0, n, LEAST):
            i = min(above, n - LEAST)  # the last four overlap those before
            a, b, c, d = _rows(start + i * to_row, to_row, width)
            for left in range(0, above + LEAST, LEAST):
                j = min(left, n - LEAST)
                e, f, g, h = _rows(start + j * to_row, to_row, width)
                ae = af = ag = ah = be = bf = bg = bh = zero
                ce = cf = cg = ch = de = df = dg = dh = zero
                for k in range(width):
                    ae += a[k] * e[k]
                    af += a[k] * f[k]
                    ag += a[k] * g[k]
                    ah += a[k] * h[k]
                    be += b[k] * e[k]
                    bf += b[k] * f[k]
                    bg += b[k] * g[k]
                    bh += b[k] * h[k]
                    ce += c[k] * e[k]
                    cf += c[k] * f[k]
                    cg += c[k] * g[k]
                    ch += c[k] * h[k]
                    de += d[k] * e[k]
                    df += d[k] * f[k]
                    dg += d[k] * g[k]
                    dh += d[k] * h[k]
                tile = (ae, af, ag, ah, be, bf, bg, bh, ce, cf, cg, ch, de, df, dg, dh)
                for at in range(LEAST * LEAST):
                    one, other = i + at // LEAST, j + at % LEAST
                    answer[block, one, other] = answer[block, other, one] = tile[at]
