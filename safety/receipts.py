"""What each threat really did, and where that departs from what was declared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.safety.coins import LEVEL, Coins, suspicious
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import Share, as_budget, as_schedule, as_victims
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.recordings import SITES_OF_COUNTS, Recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, Threat

NO_REACH = Reach()
_ROUNDING = 1e-5  # of a norm of float32 numbers, relatively
VIOLATIONS = ("victims", "schedule", "budget", "absence", "knowledge")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What somebody saw who looked only at updates before and after a threat."""

    rounds: Mapping[str, int] = field(default_factory=dict)  # contributor -> rounds it was another
    first: int | None = None  # round
    last: int | None = None
    undue: int = 0  # updates changed in rounds at which nothing was declared
    largest_norm: float = 0.0  # of what was put in an update's place, where it is finite


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What one threat did, over all copies and episodes of a run."""

    kind: str
    index: int  # which of the threat file's it is, in order
    site: str
    agents: tuple[str, ...]  # all N of the world
    episodes: int  # that began under it
    # Agent-steps at which it was due, and somebody whom it was meant for was there.
    occasions: int | None = None
    opportunities: int  # those at which it might touch: its coin fell, and its budget had room
    applications: Mapping[str, int] = field(default_factory=dict)  # agent -> agent-steps touched
    steps: int = 0  # of any copy, at which it touched somebody
    first_step: int | None = None  # the earliest of these, since the reset
    last_step: int | None = None
    most_steps: int = 0  # of the budget steps_per_episode, used on one agent in one episode
    most_agents: int = 0  # of the budget agents, used in one episode
    violations: Mapping[str, int] = field(default_factory=dict)  # attempts the frame dropped
    repeats: int = 1  # how often one seed started its coins, which then fall alike
    meant: tuple[str, ...] | None = None  # its victims, where a mask and not the model names them
    # Of threats to updates, which count rounds as steps:
    largest_norm: float | None = None  # of a finite update sent in a victim's place
    strengths: tuple[float, float] | None = None  # least and largest by which lies were scaled
    clipped: int = 0  # lies that were cut to the budget of norm, or of reach
    seen: Seen | None = None  # counted again by who looks at the updates alone
    # Of threats to percepts with a budget of reach:
    largest_lie: float | None = None  # size at one step, of a victim, or of all that share
    most_lied: float | None = None  # what one of them, or all that share, spent in one episode

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON; what is of some threats only for those."""
        plain = to_dict(self)
        if self.meant is None:
            del plain["meant"]
        has_reach = self.largest_lie is not None
        for names, is_told in (
            (("largest_norm", "strengths"), self.site in OF_ROUNDS),
            (("seen",), self.seen is not None),
            (("largest_lie", "most_lied"), has_reach),
            (("clipped",), has_reach or self.site in OF_ROUNDS),
        ):
            for name in () if is_told else names:
                del plain[name]
        return plain


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
        applications=_summed([part.applications for part in parts]),
        steps=sum(part.steps for part in parts),
        first_step=min(firsts, default=None),
        last_step=max(lasts, default=None),
        most_steps=max(part.most_steps for part in parts),
        most_agents=max(part.most_agents for part in parts),
        violations=_summed([part.violations for part in parts]),
        repeats=max(part.repeats for part in parts),
        meant=_united(parts),
        largest_norm=_largest(part.largest_norm for part in parts),
        largest_lie=_largest(part.largest_lie for part in parts),
        most_lied=_largest(part.most_lied for part in parts),
        strengths=(min(low for low, _ in told), max(high for _, high in told)) if told else None,
        clipped=sum(part.clipped for part in parts),
        seen=_seen_in([part.seen for part in parts]),
    )


def disagreements(
    model: ThreatModel,
    receipts: Sequence[Receipt],
    recounts: Sequence[Recount] = (),
    *,
    level: float = LEVEL,
) -> list[str]:
    """Say, in sentences, where receipts depart from the threat model they belong to.

    A run with any is invalid. With recounts of everything that happened under the receipts, they
    are also compared with what the recordings say. Coins may fall oddly: at most with probability
    ``level`` an honest run is taken for an invalid one on that account.
    """
    numbered = dict(zip(model.numbers, model.threats, strict=True))
    declared = [(number, threat.kind) for number, threat in numbered.items()]
    found = [(receipt.index, receipt.kind) for receipt in receipts]
    if sorted(found) != declared:
        return [f"the model declares threats {declared}, and the receipts are of {found}"]
    wrong = []
    for receipt in receipts:
        threat = numbered[receipt.index]
        label = f"threats[{receipt.index}] ({receipt.kind})"
        wrong += [f"{label} {fault}" for fault in _faults(model, threat, receipt)]
        wrong += [f"{label} {fault}" for fault in _faults_of_seen(threat, receipt)]
    coins = [one for receipt in receipts for one in _coins(numbered[receipt.index], receipt)]
    wrong += suspicious(coins, level)
    if recounts:
        recount = _added(recounts)
        wrong += _recount_faults(receipts, recount) + _faults_of_the_honest(model, recount)
    return wrong


def _faults(model: ThreatModel, threat: Threat, receipt: Receipt) -> list[str]:
    faults = [
        f"was kept from {count} attempts outside its {kind}"
        for kind, count in receipt.violations.items()
        if count
    ]
    victims = as_victims(threat.victims)
    if receipt.meant is not None:
        victims = receipt.meant
    elif victims == "byzantine" and model.byzantine is not None:
        victims = as_victims(model.byzantine.victims)
    if isinstance(victims, Share):
        if receipt.most_agents > (most := victims.of(len(receipt.agents))):
            faults.append(f"touched {receipt.most_agents} agents in an episode, of {most} victims")
    else:
        mask = named(victims, receipt.agents)
        allowed = {agent for agent, meant in zip(receipt.agents, mask, strict=True) if meant}
        touched = [agent for agent, count in receipt.applications.items() if count]
        if others := sorted(set(touched) - allowed):
            faults.append(f"touched {', '.join(others)}, no victims of its")
    when = as_schedule(threat.when)
    if receipt.first_step is not None and receipt.first_step < when.from_:
        faults.append(f"began at step {receipt.first_step}, before from = {when.from_}")
    if when.until is not None and receipt.last_step is not None and receipt.last_step >= when.until:
        faults.append(f"went on at step {receipt.last_step}, until = {when.until}")
    budget = as_budget(threat.budget)
    reach = budget.reach or NO_REACH
    for name, used, limit in (
        ("steps_per_episode", receipt.most_steps, budget.steps_per_episode),
        ("agents", receipt.most_agents, budget.agents),
        ("rounds", receipt.most_steps, budget.rounds),
        ("norm", receipt.largest_norm or 0.0, budget.norm),
        ("reach.step", receipt.largest_lie or 0.0, reach.step),
        ("reach.episode", receipt.most_lied or 0.0, reach.episode),
    ):
        if limit is not None and used > limit:
            faults.append(f"used {used} of a budget of {name} = {limit}")
    return faults


def _faults_of_seen(threat: Threat, receipt: Receipt) -> Iterator[str]:
    """Compare a receipt, and the declaration, with updates as they were seen to change."""
    seen = receipt.seen
    if seen is None:
        return
    for name, count in seen.rounds.items():
        if count > (said := receipt.applications.get(name, 0)):
            yield f"was seen to change {count} updates of {name}, and tells of {said}"
    when, norm = as_schedule(threat.when), as_budget(threat.budget).norm
    if seen.first is not None and seen.first < when.from_:
        yield f"was seen to act in round {seen.first}, before from = {when.from_}"
    if when.until is not None and seen.last is not None and seen.last >= when.until:
        yield f"was seen to act in round {seen.last}, until = {when.until}"
    if seen.undue:
        yield f"was seen to change {seen.undue} updates in rounds that were not its turn"
    if norm is not None and seen.largest_norm > norm * (1 + _ROUNDING):
        yield f"was seen to send {seen.largest_norm:g}, of a budget of norm = {norm:g}"


def _coins(threat: Threat, receipt: Receipt) -> Iterator[Coins]:
    """Tell the coins of a threat that no budget keeps from falling."""
    label = f"threats[{receipt.index}] ({receipt.kind})"
    budget = as_budget(threat.budget)
    has_room = budget.steps_per_episode is None and budget.rounds is None and budget.agents is None
    often = as_schedule(threat.when).probability
    if has_room and receipt.occasions is not None:
        what = f"{label} had opportunities, of its occasions"
        yield Coins(what, receipt.opportunities, receipt.occasions, often, receipt.repeats)
    if budget.agents is None and threat.chance is not None:
        applied = sum(receipt.applications.values())
        what = f"{label} took opportunities"
        yield Coins(what, applied, receipt.opportunities, threat.chance, receipt.repeats)


def _recount_faults(receipts: Sequence[Receipt], recount: Recount) -> list[str]:
    """Compare sites, not threats: a recording does not say which of two threats did it."""
    faults = []
    presence, action, interruption, observation, feedback = (
        _summed([receipt.applications for receipt in receipts if receipt.site == site])
        for site in ("presence", "action", "interruption", "observation", "feedback")
    )
    # Two may interrupt one agent at once; the action put in a proposed one's place may be the
    # same; a lie may be the truth: there, a recording shows no more than what was done.
    several = sum(receipt.site == "interruption" for receipt in receipts) > 1
    overrides = _summed([action, interruption])
    for what, recorded, told, exact in (
        ("crashes", recount.crashes, presence, True),
        ("interruptions", recount.interruptions, interruption, not several),
        ("overridden actions", recount.overridden, overrides, False),
        ("false observations", recount.deceived, observation, False),
        ("false rewards or costs", recount.misinformed, feedback, False),
    ):
        for agent in receipts[0].agents if receipts else ():
            seen, said = recorded.get(agent, 0), told.get(agent, 0)
            if seen > said or (exact and seen < said):
                faults.append(f"{what} of {agent}: {seen} in the recording, {said} in receipts")
    return faults


def _faults_of_the_honest(model: ThreatModel, recount: Recount) -> list[str]:
    """Name what happened to the honest where only the Byzantine are anybody's victims."""
    faults = []
    for what, sites in SITES_OF_COUNTS.items():
        threats = [threat for threat in model.threats if threat.site in sites]
        count = recount.of_honest.get(what, 0)
        if count and all(threat.victims == "byzantine" for threat in threats):
            faults.append(f"{what}: {count} of agents that are not Byzantine in the recording")
    return faults


def _seen_in(parts: Sequence[Seen | None]) -> Seen | None:
    told = [part for part in parts if part is not None]
    if len(told) < len(parts):
        return None
    return Seen(
        rounds=_summed([part.rounds for part in told]),
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


def _added(recounts: Sequence[Recount]) -> Recount:
    return Recount(*(_summed(list(counts)) for counts in zip(*recounts, strict=True)))


def _summed(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: sum(part.get(key, 0) for part in parts) for key in keys}
