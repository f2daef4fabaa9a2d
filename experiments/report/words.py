"""Numbers, settings and other values of a run, as a reader wants them."""

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

from rallypoint.experiments.tables import number

_MOST_LETTERS = 400  # of one value
_MOST_SEEDS = 12  # named one by one


def value(content: Any) -> str:
    """Say a value in a cell of a table.

    >>> value(0.12345), value(12000), value([1, 2]), value(None)
    ('0.123', '12,000', '[1, 2]', '–')
    """
    match content:
        case None:
            return "–"
        case bool():
            return "yes" if content else "no"
        case int():
            return thousands(content)
        case float():
            return number(content)
        case str():
            return _cut(content)
    return _cut(json.dumps(content, ensure_ascii=False))


def setting(content: Any) -> str:
    """Say a setting exactly, as it would be typed."""
    return _cut(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))


def thousands(count: int) -> str:
    """Say a count, grouped where it is long."""
    return _cut(f"{count:,}" if abs(count) >= 10_000 else str(count))


def seeds(numbers: Sequence[int]) -> str:
    """Say which seeds.

    >>> seeds([0, 1, 2]), seeds([4]), seeds([1, 5, 9])
    ('0–2', '4', '1, 5, 9')
    """
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{numbers[0]}–{numbers[-1]}"
    named = ", ".join(map(str, numbers[:_MOST_SEEDS]))
    return named if len(numbers) <= _MOST_SEEDS else f"{named}, … ({len(numbers)})"


def command_line(command: Sequence[str]) -> str | None:
    """Return the command that regenerates a run, to be pasted into a shell.

    None where no command was recorded, or one that is not ours: a reader pastes what a page says,
    and a folder may come from anywhere.
    """
    if not command or not re.fullmatch(
        r"rallypoint|python -m rallypoint(\.experiments\.\w+)?", command[0]
    ):
        return None
    line = " ".join([command[0], *map(shlex.quote, command[1:])])
    return line if line.isprintable() else None


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS] + " …"
