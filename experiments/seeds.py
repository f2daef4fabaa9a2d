"""Seeds as copies: global ids by which a seed measures the same, whichever others there are."""

from collections.abc import Sequence


def copies(seeds: Sequence[int], blocks: int = 1) -> list[int]:
    """Return one copy of each seed in each block: the same, whichever others there are."""
    return [block << 32 | seed for block in range(blocks) for seed in seeds]


def shards(seeds: Sequence[int], size: int) -> list[int]:
    """Return many copies of each seed, that measure it together."""
    return [seed * size + shard for seed in seeds for shard in range(size)]
