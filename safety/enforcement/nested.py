"""Snapshots within snapshots: names with a path, in one flat dict of arrays."""

from rallypoint.batch_env import Snapshot


def nested(path: str, snapshot: Snapshot) -> Snapshot:
    """Put a path before every name.

    >>> nested("a", nested("b", {"c": 1}))
    {'a/b/c': 1}
    """
    return {f"{path}/{name}": array for name, array in snapshot.items()}


def part_of(snapshot: Snapshot, path: str) -> Snapshot:
    """Return what was put under a path.

    >>> part_of({"a/b": 1, "c": 2}, "a")
    {'b': 1}
    """
    start = f"{path}/"
    return {k.removeprefix(start): v for k, v in snapshot.items() if k.startswith(start)}
