"""Receipts of one threat in several worlds, added up."""

from collections.abc import Iterable, Mapping, Sequence

from rallypoint.errors import InvalidConfig
from rallypoint.safety.receipts.receipt import Receipt, Seen


def combined(parts: Sequence[Receipt]) -> Receipt:
    """Add up what one threat did in several worlds: shards, seeds, fragments.

    Raises:
        InvalidConfig: there are none, or they are not of one threat among the same agents.
    """
    if len({(part.kind, part.index, part.site, part.agents) for part in parts}) != 1:
        raise InvalidConfig("receipts add up only if they are of one threat among the same agents")
    firsts = [part.first_step for part in parts if part.first_step is not None]
    lasts = [part.last_step for part in parts if part.last_step is not None]
    told = [part.strengths for part in parts if part.strengths is not None]
    return Receipt(
        kind=parts[0].kind,
        index=parts[0].index,
        site=parts[0].site,
        agents=parts[0].agents,
        episodes=sum(part.episodes for part in parts),
        occasions=_sum_if_told([part.occasions for part in parts]),
        opportunities=sum(part.opportunities for part in parts),
        applications=summed([part.applications for part in parts]),
        steps=sum(part.steps for part in parts),
        first_step=min(firsts, default=None),
        last_step=max(lasts, default=None),
        most_steps=max(part.most_steps for part in parts),
        most_agents=max(part.most_agents for part in parts),
        violations=summed([part.violations for part in parts]),
        chance=parts[0].chance,
        repeats=max(part.repeats for part in parts),
        meant=_united(parts),
        largest_norm=_largest(part.largest_norm for part in parts),
        largest_lie=_largest(part.largest_lie for part in parts),
        most_lied=_largest(part.most_lied for part in parts),
        strengths=(min(low for low, _ in told), max(high for _, high in told)) if told else None,
        clipped=sum(part.clipped for part in parts),
        seen=_seen_in([part.seen for part in parts]),
    )


def _seen_in(parts: Sequence[Seen | None]) -> Seen | None:
    told = [part for part in parts if part is not None]
    if len(told) < len(parts):
        return None
    return Seen(
        rounds=summed([part.rounds for part in told]),
        first=min((part.first for part in told if part.first is not None), default=None),
        last=max((part.last for part in told if part.last is not None), default=None),
        undue=sum(part.undue for part in told),
        largest_norm=max(part.largest_norm for part in told),
    )


def _sum_if_told(found: Sequence[int | None]) -> int | None:
    told = [one for one in found if one is not None]
    return sum(told) if len(told) == len(found) else None


def _largest(found: Iterable[float | None]) -> float | None:
    return max((one for one in found if one is not None), default=None)


def _united(parts: Sequence[Receipt]) -> tuple[str, ...] | None:
    if any(part.meant is None for part in parts):
        return None
    found = {agent for part in parts for agent in part.meant or ()}
    return tuple(agent for agent in parts[0].agents if agent in found)


def summed(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts by name."""
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: sum(part.get(key, 0) for part in parts) for key in keys}
