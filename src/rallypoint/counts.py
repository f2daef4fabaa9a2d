"""How much can be meant: the bounds of whole numbers in settings, in one place.

A number with a zero too many is found where it is read, and not by a machine that runs out of
memory, or of 64 bits, an hour later.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rallypoint.errors import InvalidConfig

MOST = 10**12  # of anything: steps, rounds, sizes; seeds have 64 bits, and a check of their own
MOST_AT_ONCE = 10**6  # of what is held in memory side by side
MOST_WEIGHTS = 10**9  # of networks: 4 GB, and three times as much again while Adam learns them
_AT_ONCE = {
    *("agents", "colonies", "contributors", "copies", "hosts", "num_agents", "num_items"),
    *("num_users", "pathogens", "peers", "platforms", "servers", "teammates", "workers"),
}


def check_counts(values: Mapping[str, Any], *, where: str = "") -> None:
    """Refuse settings that hold a whole number which nobody can mean, however deep it lies.

    Args:
        values: plain, by name; names that speak of a seed are left out.
        where: how to name the place in messages.

    Raises:
        InvalidConfig: says which, what it may be at most, and what to do.

    >>> check_counts({"steps": 10**9, "seed": 2**63, "copies": 64})
    """
    left: list[tuple[str, Any]] = [(where, values)]
    while left:  # and no call within a call: tables may be nested deeper than calls
        place, table = left.pop()
        for name, value in table.items():
            label = f"{place}.{name}" if place else str(name)
            most = MOST_AT_ONCE if name in _AT_ONCE else MOST
            for path, entry in _entries(value):
                if isinstance(entry, Mapping):
                    left.append((label + path, entry))
                elif "seed" not in str(name) and abs(entry) > most:
                    raise InvalidConfig(
                        f"{_end(label)} is a whole number of at most {most:,}, got "
                        f"{_short(entry)}; take fewer, in several runs if need be"
                    )


def check_weights(count: int, *, whose: str) -> None:
    """Refuse networks of so many weights that nobody can mean them.

    Raises:
        InvalidConfig: says how many there may be.

    >>> check_weights(64 * 64, whose="ppo")
    """
    if count > MOST_WEIGHTS:
        raise InvalidConfig(
            f"networks have at most {MOST_WEIGHTS:,} weights in all, and those of {whose} would "
            f"have {_short(count)} or more; take layers with fewer units, or fewer layers"
        )


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield tables and whole numbers: a value that is one, or those in lists, or lists of them.

    Each table comes with its place in the lists, such as ``[0][2]``.
    """
    left = [("", value)]  # lists may be nested as deep as tables
    while left:
        path, entry = left.pop()
        if isinstance(entry, int):  # first: a million of them is no rare list
            if not isinstance(entry, bool):
                yield path, entry
        elif isinstance(entry, list | tuple):
            for place, one in reversed(list(enumerate(entry))):
                left.append(("" if isinstance(one, int) else f"{path}[{place}]", one))
        elif isinstance(entry, Mapping):
            yield path, entry


def _end(label: str) -> str:
    """Return the end of a label that no line has room for.

    >>> _end("copies"), len(_end("deep." * 100 + "copies"))
    ('copies', 80)
    """
    return label if len(label) <= 80 else f"...{label[-77:]}"


def _short(number: int) -> str:
    """Return a whole number in letters that a line has room for.

    >>> _short(-(10**9)), _short(10**30)
    ('-1,000,000,000', 'one of 100 bits')
    """
    bits = number.bit_length()
    return f"{number:,}" if bits <= 64 else f"one of {bits} bits"
