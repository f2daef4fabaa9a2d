"""Receipts as rows of a table: what each threat really did, in a line."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from rallypoint.config import from_dict
from rallypoint.errors import RallypointError
from rallypoint.experiments.report.words import thousands
from rallypoint.experiments.tables import number
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threats import OF_ROUNDS

_MOST_LETTERS = 600  # of a receipt that can only be shown as it is


class Deed(NamedTuple):
    """One receipt's line."""

    condition: str
    threat: str
    touched: str = ""
    applied: str = ""
    often: str = ""  # how likely it was to take an opportunity, and whether that was checked
    episodes: str = ""
    steps: str = ""  # or rounds
    most: str = ""  # of the budget, in one episode
    size: str = ""  # of the largest lie
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
    clock = "round" if receipt.site in OF_ROUNDS else "step"
    dropped = [f"{thousands(n)} {name}" for name, n in receipt.violations.items() if n]
    return Deed(
        condition,
        threat=f"{receipt.kind} of {receipt.site}",
        touched=f"{touched} of {len(receipt.agents)}",
        applied=f"{thousands(applied)} of {thousands(receipt.opportunities)}{share}",
        often="not checked" if receipt.chance is None else f"{receipt.chance:.4g}, checked",
        episodes=thousands(receipt.episodes),
        steps="none"
        if never
        else f"{clock} {first}"
        if first == last
        else f"{clock}s {first}–{last}",
        most=_most(receipt, clock),
        size=_size(receipt) or "–",
        dropped=", ".join(dropped) or "none",
    )


def _most(receipt: Receipt, clock: str) -> str:
    """Say how much of a budget was used where most was."""
    of_one, agents = receipt.most_steps, receipt.most_agents
    steps = f"{thousands(of_one)} {clock}{'s' * (of_one != 1)} of one"
    return f"{steps}, {agents} agent{'s' * (agents != 1)}"


def _size(receipt: Receipt) -> str:
    """Say how large the largest lie was, of threats whose lies have a size."""
    told = []
    if receipt.largest_norm is not None:
        told.append(f"norm {number(receipt.largest_norm)}")
    if receipt.strengths is not None:
        low, high = receipt.strengths
        told.append(f"scaled by {low:g}" + (f"–{high:g}" if high != low else ""))
    if receipt.largest_lie is not None:
        told.append(f"{number(receipt.largest_lie)} at a step")
    if receipt.most_lied is not None:
        told.append(f"{number(receipt.most_lied)} in an episode")
    if receipt.clipped:
        told.append(f"{thousands(receipt.clipped)} cut to the budget")
    return ", ".join(told)
