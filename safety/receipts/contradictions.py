"""Where one receipt contradicts itself, or its threat's declaration, whatever was played.

Receipts are files, which anybody may have edited. What is looked at here holds of every honest
receipt and of every sum of them, so that it needs neither a world nor a recording.
"""

import math
from collections.abc import Iterator, Sequence

from rallypoint.safety.limits import as_budget, as_schedule
from rallypoint.safety.receipts.receipt import VIOLATIONS, Receipt
from rallypoint.safety.threats import OF_ROUNDS, Threat
from rallypoint.safety.threats.update import UpdateThreat

_COUNTS = ("episodes", "occasions", "opportunities", "steps", "most_steps", "most_agents")
_ROUNDING = 1e-5  # of a norm of float32 numbers, relatively


def faults_of_agents(receipts: Sequence[Receipt], agents: Sequence[str]) -> list[str]:
    """Say which receipts are of other agents, or contributors, than there were."""
    return [
        f"threats[{receipt.index}] ({receipt.kind}) has a receipt of other agents than there were"
        for receipt in receipts
        if receipt.agents != tuple(agents)
    ]


def contradictions(threat: Threat, receipt: Receipt) -> Iterator[str]:
    """Say where a receipt cannot be one of this threat."""
    if receipt.site != threat.site:
        yield f"stands at site {threat.site}, and its receipt at {receipt.site}"
    if receipt.chance != (chance := threat.chance):
        yield f"takes opportunities with chance {chance}, and its receipt says {receipt.chance}"
    counts = {name: getattr(receipt, name) for name in _COUNTS}
    counts |= {f"applications of {name}": n for name, n in receipt.applications.items()}
    counts |= {f"violations of its {name}": n for name, n in receipt.violations.items()}
    counts["clipped"] = receipt.clipped
    for name, count in counts.items():
        if count is not None and count < 0:
            yield f"tells of {count} {name}, which cannot be"
    if others := sorted({*receipt.applications} - {*receipt.agents}):
        yield f"touched {others[0]!r}, who is not among {len(receipt.agents)} agents"
    if others := sorted({*receipt.violations} - {*VIOLATIONS}):
        yield f"tells of violations of {others[0]!r}, which is no limit"
    yield from _of_counts(receipt)
    yield from _of_steps(threat, receipt)
    if receipt.site in OF_ROUNDS:
        yield from _of_rounds(threat, receipt)


def _of_counts(receipt: Receipt) -> Iterator[str]:
    each = [count for count in receipt.applications.values() if count]
    taken, most = sum(each), max(each, default=0)
    for what, less, how, more in (
        ("opportunities", receipt.opportunities, "occasions", receipt.occasions),
        ("applications", taken, "opportunities", receipt.opportunities),
        ("applications of one agent", most, "steps", receipt.steps),
        ("steps", receipt.steps, "applications", taken),
        ("steps on one agent in an episode", receipt.most_steps, "applications of one", most),
        ("agents in an episode", receipt.most_agents, "agents touched", len(each)),
    ):
        if more is not None and less > more:
            yield f"tells of {less} {what}, of {more} {how}"
    room = receipt.episodes * receipt.most_agents * receipt.most_steps
    if taken > room:
        yield (f"tells of {taken} applications, of {receipt.episodes} episodes with {room} at most")


def _of_steps(threat: Threat, receipt: Receipt) -> Iterator[str]:
    """Compare the first and the last step at which it acted with its schedule."""
    when, first, last = as_schedule(threat.when), receipt.first_step, receipt.last_step
    has_acted = any(receipt.applications.values())
    for name, step in (("first", first), ("last", last)):
        if (step is not None) != has_acted:
            acted = "acted" if has_acted else "never acted"
            yield f"{acted}, and its receipt says {step} of its {name} step"
        elif step is not None and when.from_ <= step and (step - when.from_) % when.every:
            yield f"acted at step {step}, from = {when.from_} and every = {when.every}"
    if first is not None and first < when.from_:
        yield f"began at step {first}, before from = {when.from_}"
    if when.until is not None and last is not None and last >= when.until:
        yield f"went on at step {last}, until = {when.until}"
    if first is not None and last is not None and first > last:
        yield f"began at step {first}, and acted last at step {last}"


def _of_rounds(threat: Threat, receipt: Receipt) -> Iterator[str]:
    if receipt.repeats != 1:
        yield f"tells of coins that fell {receipt.repeats} times, and those of a round fall once"
    if receipt.strengths is not None:
        yield from _of_strengths(threat, receipt, *receipt.strengths)
    taken = sum(receipt.applications.values())
    most = taken if as_budget(threat.budget).norm is not None else 0
    if receipt.clipped > most:
        yield f"tells of {receipt.clipped} lies that were cut to its budget, of {most} at most"
    norm, seen = receipt.largest_norm, receipt.seen
    if norm is not None and not 0 <= norm < math.inf:
        yield f"tells of a length of {norm}, which cannot be"
    if seen is not None and seen.largest_norm > (norm or 0.0) * (1 + _ROUNDING):
        yield f"was seen to send {seen.largest_norm:g}, and tells of {norm or 0.0:g}"
    if seen is not None and seen.rounds:
        for name, then, told, sign in (
            ("first", seen.first, receipt.first_step, 1),
            ("last", seen.last, receipt.last_step, -1),
        ):
            if then is None or told is None or sign * then < sign * told:
                yield f"was seen to act {name} in round {then}, and tells of round {told}"


def _of_strengths(threat: Threat, receipt: Receipt, least: float, largest: float) -> Iterator[str]:
    if not isinstance(threat, UpdateThreat):
        return
    told = f"tells of strengths from {least:g} to {largest:g}"
    if not -math.inf < least <= largest < math.inf:
        yield f"{told}, which cannot be"
        return
    if not _has_strength(threat):
        yield f"{told}, and scales nothing"
        return
    low, high = threat.strengths(len(receipt.agents))
    if least < low - _ROUNDING * abs(low) or largest > high + _ROUNDING * abs(high):
        yield f"{told}, which lie between {low:g} and {high:g} as it is declared"


def _has_strength(threat: UpdateThreat) -> bool:
    try:
        return "strength" in threat.init(1, 1)
    except Exception:  # noqa: BLE001 - it needs more columns: nobody knows
        return True
