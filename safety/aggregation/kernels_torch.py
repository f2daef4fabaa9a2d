"""Torch tensors: those in the host's memory without a copy, others walked where they are.

The only module of this package that imports torch; it is loaded when a tensor comes in. Tensors
of the host are NumPy arrays of the same memory, so they give the same bits. Elsewhere (and for
bfloat16, which NumPy does not know) Gram matrices and weighted sums are products on the device, of
the same blocks; decisions are NumPy's; and coordinate rules, which are written in NumPy, get the
blocks one by one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rallypoint.errors import InvalidUpdates
from rallypoint.safety.aggregation.accepted import check_shape
from rallypoint.safety.aggregation.kernels import GRID, Piece
from rallypoint.safety.aggregation.partial_sum import PartialSum
from rallypoint.safety.aggregation.span import Matrix, Weights
from rallypoint.safety.aggregation.updates import (
    AnchorOf,
    Indices,
    InMemory,
    Stream,
    Updates,
    rows_of,
)

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Columns in one batch of products: enough to keep a device busy, and always the same, so that a
# tensor and its blocks give the same bits. A power of two of blocks.
_HEIGHT = 4
CHUNK = GRID << _HEIGHT


def opened(tensor: torch.Tensor) -> Updates:
    """Return the updates of a tensor (n, d)."""
    _check(tensor)
    return HostTensor(tensor.detach().numpy()) if _is_numpys(tensor) else OnDevice(tensor.detach())


def stream(first: torch.Tensor, source: Callable[[], Iterable[torch.Tensor]]) -> Updates:
    """Return the updates that come in blocks of tensors, of which the first is known."""

    def pieces() -> Iterator[torch.Tensor]:
        for piece in source():
            _check(piece, columns=0)
            yield piece.detach()

    _check(first, columns=0)
    if _is_numpys(first):
        return HostStream(first.detach().numpy(), lambda: (p.numpy() for p in pieces()))
    return OnDevice(first.detach(), pieces)


def on_host(vector: torch.Tensor) -> NDArray[Any]:
    """Return a vector as an array."""
    return np.asarray(_in_numpys_dtype(vector.detach().cpu()))


class _AnswersTensors(Updates):
    """Updates whose memory NumPy can see, and whose answers are tensors all the same."""

    def joined(self, pieces: Iterable[Any]) -> Any:
        """Return pieces of an answer as a tensor (d,)."""
        return torch.from_numpy(super().joined(pieces))

    def is_finite(self, answer: Any) -> bool:
        """Say whether all of an answer is."""
        return bool(torch.isfinite(answer).all())


class HostTensor(_AnswersTensors, InMemory):
    """A tensor of the host."""


class HostStream(_AnswersTensors, Stream):
    """Blocks of tensors of the host."""


class OnDevice(Updates):
    """A tensor, or blocks of tensors, that NumPy cannot see; some rows of it, and anchors."""

    def __init__(
        self,
        first: torch.Tensor,
        source: Callable[[], Iterable[torch.Tensor]] | None = None,
        rows: Indices | None = None,
        anchors: Sequence[AnchorOf] = (),
    ) -> None:
        self._first, self._source, self._rows, self._anchors = first, source, rows, anchors
        self._kind = torch.float64 if first.dtype == torch.float64 else torch.float32
        self.n = len(first) if rows is None else len(rows)
        self.k = self.n + len(anchors)
        self.dtype = np.dtype(np.float64 if first.dtype == torch.float64 else np.float32)

    def taking(self, rows: Indices, anchors: Sequence[AnchorOf] = ()) -> Updates:
        """Return some of the updates, in order, with anchors beside them."""
        at = rows if self._rows is None else self._rows[rows]
        return OnDevice(self._first, self._source, at, anchors)

    def group(self, points: Indices) -> Updates:
        """Return some of the points, updates and anchors, in order."""
        anchors = [self._anchors[at - self.n] for at in points[points >= self.n]]
        return self.taking(points[points < self.n], anchors)

    def pieces(self, width: int = GRID) -> Iterator[Piece]:
        """Yield the columns block by block, brought to the host."""
        for start, chunk in self._chunks():
            for at in range(0, chunk.shape[1], width):
                block = _in_numpys_dtype(chunk[:, at : at + width]).cpu().numpy()
                yield Piece(start + at, block, rows_of(self._anchors, start + at, block))

    def columns(self) -> int:
        """Return d."""
        if self._source is None:
            return int(self._first.shape[1])
        return sum(piece.shape[1] for piece in self._source())

    def is_finite(self, answer: Any) -> bool:
        """Say whether all of an answer is."""
        return bool(torch.isfinite(answer).all())

    def layers(self, sizes: Sequence[int]) -> Iterator[Updates]:
        """Yield the columns of each layer in turn."""
        chunks = (chunk for _, chunk in self._chunks())
        left = next(chunks)
        for size in sizes:
            parts: list[torch.Tensor] = []
            while (missing := size - sum(part.shape[1] for part in parts)) > 0:
                if not left.shape[1]:
                    left = next(chunks)
                parts.append(left[:, :missing])
                left = left[:, missing:]
            yield OnDevice(torch.cat(parts, dim=1))

    def joined(self, pieces: Iterable[Any]) -> Any:
        """Return pieces of an answer as a tensor (d,)."""
        of = self._first
        return torch.cat([torch.as_tensor(piece).to(of.device, of.dtype) for piece in pieces])

    def gram(self, centre: int | None) -> Matrix:
        """Return the inner products of all points about one of them, or the origin: (k, k)."""
        total = PartialSum()
        with _full_precision():
            for start, chunk in self._chunks():
                self._add_products(total, start, self._offsets(start, chunk, centre))
        return total.total()

    def spokes(self, centre: int | None, hubs: Sequence[int]) -> Matrix:
        """Return all inner products: on a device they cost no more than a few."""
        del hubs
        return self.gram(centre)

    def weighted_sum(self, weights: Weights) -> Any:
        """Return the sum of the points times their weights (k,): (d,)."""
        used = np.flatnonzero(weights[: self.n])
        with _full_precision():
            return self.joined(self._sums(used, weights))

    def _sums(self, used: Indices, weights: Weights) -> Iterator[torch.Tensor]:
        device = self._first.device
        own = torch.as_tensor(weights[used], dtype=self._kind, device=device)
        beside = torch.as_tensor(weights[self.n :], dtype=self._kind, device=device)
        at = torch.as_tensor(used, device=device)
        single = len(used) == 1 and weights[used[0]] == 1
        for start, chunk in self._chunks():
            rows = chunk.index_select(0, at)
            if single:
                yield rows[0]  # bit for bit
                continue
            total = own @ rows.to(self._kind)
            if len(self._anchors):
                total = total + beside @ self._anchors_at(start, chunk)
            yield total

    def _offsets(self, start: int, chunk: torch.Tensor, centre: int | None) -> torch.Tensor:
        points = torch.cat([chunk.to(self._kind), self._anchors_at(start, chunk)])
        return points if centre is None else points - points[centre]

    def _add_products(self, total: PartialSum, start: int, offsets: torch.Tensor) -> None:
        """Add the products of a chunk's blocks, summed in pairs as far as they go."""
        blocks, rest = divmod(offsets.shape[1], GRID)
        whole = offsets[:, : blocks * GRID].reshape(self.k, blocks, GRID).transpose(0, 1)
        products = torch.bmm(whole, whole.transpose(1, 2)).to(torch.float64)  # (blocks, k, k)
        first = start // GRID
        if blocks == 1 << _HEIGHT:
            while len(products) > 1:
                products = products[0::2] + products[1::2]
            total.add(first >> _HEIGHT, products.cpu().numpy(), _HEIGHT)
            return
        total.add(first, products.cpu().numpy())
        if rest:
            last = offsets[:, blocks * GRID :]
            total.add(first + blocks, (last @ last.T)[None].cpu().numpy())

    def _anchors_at(self, start: int, chunk: torch.Tensor) -> torch.Tensor:
        """Return the anchors' columns that belong to a chunk."""
        width = chunk.shape[1]
        rows = np.empty((len(self._anchors), width), self.dtype)
        for row, anchor in enumerate(self._anchors):
            rows[row] = anchor(start, width, lambda: _in_numpys_dtype(chunk).cpu().numpy())
        return torch.as_tensor(rows, device=chunk.device)

    def _chunks(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield the columns of the updates that take part, so many at a time."""
        some = (
            None if self._rows is None else torch.as_tensor(self._rows, device=self._first.device)
        )
        for start, chunk in self._whole_chunks():
            yield start, chunk if some is None else chunk.index_select(0, some)

    def _whole_chunks(self) -> Iterator[tuple[int, torch.Tensor]]:
        if self._source is None:
            for start in range(0, self._first.shape[1], CHUNK):
                yield start, self._first[:, start : start + CHUNK]
            return
        start = filled = 0
        held: list[torch.Tensor] = []
        for piece in self._source():
            if len(piece) != len(self._first) or piece.dtype != self._first.dtype:
                raise InvalidUpdates(
                    f"all blocks must be ({len(self._first)}, b) of {self._first.dtype} like the "
                    f"first, got {tuple(piece.shape)} of {piece.dtype}"
                )
            at = 0
            while at < piece.shape[1]:
                part = piece[:, at : at + CHUNK - filled]
                held.append(part)
                at, filled = at + part.shape[1], filled + part.shape[1]
                if filled == CHUNK:
                    yield start, torch.cat(held, dim=1)
                    start, filled, held = start + CHUNK, 0, []
        if filled:
            yield start, torch.cat(held, dim=1)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Multiply float32 as float32, whatever shortcut the process has allowed elsewhere."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _check(tensor: Any, columns: int = 1) -> None:
    if not isinstance(tensor, torch.Tensor):
        raise InvalidUpdates(f"all blocks must be tensors like the first, got a {type(tensor)}")
    check_shape(tuple(tensor.shape), columns)
    if tensor.layout != torch.strided:
        raise InvalidUpdates(
            f"updates must be dense tensors, got {tensor.layout}; call to_dense() on them first"
        )
    if tensor.dtype not in _FLOATS:
        raise InvalidUpdates(
            "updates must be float16, bfloat16, float32 or float64, got "
            f"{tensor.dtype}; convert them first"
        )


def _is_numpys(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.dtype != torch.bfloat16


def _in_numpys_dtype(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor


def tensor_of(array: NDArray[Any]) -> torch.Tensor:
    """Return a tensor of the same numbers."""
    return torch.from_numpy(array.copy())
