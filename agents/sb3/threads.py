"""How many threads torch may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Let torch use so many threads within the block; None leaves it alone.

    One is the fastest for small networks wherever cores are shared: with a second, SB3's PPO was
    measured 4 to 20 times slower. It is also what makes runs repeatable bit by bit.
    """
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
