"""Receipts as rows of a table: what each threat really did, in a line."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from rallypoint.config import from_dict
from rallypoint.errors import RallypointError
from rallypoint.experiments.report.words import thousands
from rallypoint.safety.receipts import Receipt

_MOST_LETTERS = 600  # of a receipt that can only be shown as it is


class Deed(NamedTuple):
    """One receipt's line."""

    condition: str
    threat: str
    touched: str = ""
    applied: str = ""
    episodes: str = ""
    steps: str = ""
    dropped: str = ""  # attempts outside the threat model
    raw: str = ""  # a receipt of a kind that is not known here, as JSON


def deeds(receipts: Mapping[str, Any]) -> tuple[Deed, ...]:
    """Return a line for each receipt, whatever somebody's experiment calls a receipt."""
    lines: list[Deed] = []
    for condition, content in receipts.items():
        for entry in content if isinstance(content, list) else [content]:
            try:
                lines.append(_deed(condition, from_dict(Receipt, entry)))
            except (RallypointError, TypeError, AttributeError):
                raw = json.dumps(entry, ensure_ascii=False)
                cut = raw if len(raw) <= _MOST_LETTERS else raw[:_MOST_LETTERS] + " …"
                lines.append(Deed(condition, "", raw=cut))
    return tuple(lines)


def _deed(condition: str, receipt: Receipt) -> Deed:
    touched = sum(count > 0 for count in receipt.applications.values())
    applied = sum(receipt.applications.values())
    share = f" ({applied / receipt.opportunities:.1%})" if receipt.opportunities else ""
    first, last = receipt.first_step, receipt.last_step
    never = first is None or last is None
    dropped = [f"{thousands(n)} {name}" for name, n in receipt.violations.items() if n]
    return Deed(
        condition,
        threat=f"{receipt.kind} of {receipt.site}",
        touched=f"{touched} of {len(receipt.agents)}",
        applied=f"{thousands(applied)} of {thousands(receipt.opportunities)}{share}",
        episodes=thousands(receipt.episodes),
        steps="none" if never else str(first) if first == last else f"{first}–{last}",
        dropped=", ".join(dropped) or "none",
    )
