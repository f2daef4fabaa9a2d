"""What each threat did, in a line that a command prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rallypoint.safety.receipts import Receipt

_NAMED = 6  # agents; more are counted


def receipt_lines(receipts: "Sequence[Receipt]") -> list[str]:
    """Return a line for each receipt: how often its threat did what it does, and to whom."""
    lines = []
    for receipt in receipts:
        touched = [agent for agent, count in receipt.applications.items() if count]
        whom = ", ".join(touched) if len(touched) <= _NAMED else f"{len(touched)} agents"
        count = sum(receipt.applications.values())
        lines.append(f"  {receipt.kind}: {count} agent-steps of {whom or 'nobody'}")
    return lines
