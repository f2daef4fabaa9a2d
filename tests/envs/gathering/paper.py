"""The task as the paper states it, one agent at a time: slow, and plain to read."""

from collections.abc import Sequence
from fractions import Fraction

SECTORS = ("central", "near+", "far+", "unknown", "far-", "near-")
TIES = ("central", "near+", "near-", "far+", "far-", "unknown")
Cells = Sequence[int | None]  # where each agent stands; None for one that was removed


def seen(cells: Cells, me: int, size: int) -> list[int]:
    """Count agents by how far ahead of me they stand."""
    here = cells[me]
    if here is None:
        return [0] * size
    ahead = [(there - here) % size for there in cells if there is not None]
    return [ahead.count(distance) for distance in range(size)]


def sector(ahead: int, size: int) -> str:
    """Name the sector of a cell so far ahead, with the paper's critical size c = 1."""
    distance = min(ahead, size - ahead)
    side = "+" if ahead < size - ahead else "-"
    if distance < 2:  # c + 1
        return "central"
    if 2 * ahead == size:  # the antipode of an even ring, on neither side
        return "unknown"
    if distance < 4 + _ceil(size - 13, 5):  # 3c + 1 + …
        return f"near{side}"
    if distance < 6 + _ceil(size - 13, 3):  # 5c + 1 + …
        return f"far{side}"
    return "unknown"


def by_sector(counts: Sequence[int]) -> dict[str, int]:
    """Sum counts by sector."""
    sums = dict.fromkeys(SECTORS, 0)
    for ahead, count in enumerate(counts):
        sums[sector(ahead, len(counts))] += count
    return sums


def representatives(sums: dict[str, int]) -> dict[str, int]:
    """Share ten representatives by largest remainder, ties in the published order."""
    total = sum(sums.values())
    if total == 0:
        return dict.fromkeys(SECTORS, 0)
    quotas = {name: Fraction(10 * count, total) for name, count in sums.items()}
    shares = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(TIES, key=lambda name: shares[name] - quotas[name])  # stable
    for name in by_remainder[: 10 - sum(shares.values())]:
        shares[name] += 1
    return shares


def reward(cells: Cells, me: int, size: int) -> float:
    """Reward an agent for where it stands."""
    if cells[me] is None:
        return 0.0
    central = representatives(by_sector(seen(cells, me, size)))["central"]
    return 100.0 if central >= 8 else -5.0 if central < 2 else 0.0


def moved(cells: Cells, actions: Sequence[int], size: int) -> list[int | None]:
    """Move everybody at once: 0 stays, 1 goes ahead, 2 back."""
    return [
        None if cell is None else (cell + (0, 1, -1)[action]) % size
        for cell, action in zip(cells, actions, strict=True)
    ]


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
