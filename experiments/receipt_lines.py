"""What each threat did, in a line that a command prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rallypoint.safety.receipts import Receipt

_NAMED = 6  # agents; more are counted


def receipt_lines(receipts: "Sequence[Receipt]") -> list[str]:
    """Return a line for each receipt: how often its threat did what it does, and to whom."""
    return [f"  {receipt.kind}: {_did(receipt) or _why_idle(receipt)}" for receipt in receipts]


def _did(receipt: "Receipt") -> str:
    touched = [agent for agent, count in receipt.applications.items() if count]
    if not touched:
        return ""
    whom = ", ".join(touched) if len(touched) <= _NAMED else f"{len(touched)} agents"
    return f"{sum(receipt.applications.values())} {_unit(receipt)} of {whom}"


def _why_idle(receipt: "Receipt") -> str:
    """Say that a threat touched nobody, and how far it came."""
    if receipt.opportunities:
        why = f"it took none of its {receipt.opportunities} opportunities"
    elif receipt.occasions:
        why = f"of {receipt.occasions} occasions, coin and budget left it no opportunity"
    else:
        why = "it was never due while somebody it is meant for was there"
    return f"0 {_unit(receipt)}, it touched nobody: {why}"


def _unit(receipt: "Receipt") -> str:
    from rallypoint.safety.threats import OF_ROUNDS  # a command that fails need not wait for it

    return "updates" if receipt.site in OF_ROUNDS else "agent-steps"
