"""How much can be meant: the bounds of whole numbers in settings, in one place.

A number with a zero too many is found where it is read, and not by a machine that runs out of
memory, or of 64 bits, an hour later.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rallypoint.errors import InvalidConfig

MOST = 10**12  # of anything: steps, rounds, sizes; seeds have 64 bits, and a check of their own
MOST_AT_ONCE = 10**6  # of what is held in memory side by side
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
    for name, value in values.items():
        label = f"{where}.{name}" if where else str(name)
        if isinstance(value, Mapping):
            check_counts(value, where=label)
        elif "seed" not in str(name):
            most = MOST_AT_ONCE if name in _AT_ONCE else MOST
            for number in _whole_numbers(value):
                if abs(number) > most:
                    raise InvalidConfig(
                        f"{label} is a whole number of at most {most:,}, got {_short(number)}; "
                        "take fewer, in several runs if need be"
                    )


def _whole_numbers(value: Any) -> Iterator[int]:
    """Yield the whole numbers in a value that is one, or a list of them, or of such lists."""
    left = [value]  # and no call within a call: lists may be deeper than calls
    while left:
        entry = left.pop()
        if isinstance(entry, list | tuple):
            left.extend(reversed(entry))
        elif isinstance(entry, int) and not isinstance(entry, bool):
            yield entry


def _short(number: int) -> str:
    """Return a whole number in letters that a line has room for.

    >>> _short(-(10**9)), _short(10**30)
    ('-1,000,000,000', 'one of 100 bits')
    """
    bits = number.bit_length()
    return f"{number:,}" if bits <= 64 else f"one of {bits} bits"
