"""Where receipts depart from what was declared."""

from collections.abc import Iterator, Sequence

from rallypoint.safety.coins import LEVEL, suspicious
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.limits import Share, as_budget, as_schedule, as_victims
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts.contradictions import contradictions
from rallypoint.safety.receipts.frequency import coins_of
from rallypoint.safety.receipts.receipt import Receipt
from rallypoint.safety.receipts.recounted import faults_of_recount
from rallypoint.safety.recordings import Recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat

_NO_REACH = Reach()
_ROUNDING = 1e-5  # of a norm of float32 numbers, relatively


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
        wrong += [f"{label} {fault}" for fault in contradictions(threat, receipt)]
    coins = [coin for receipt in receipts for coin in coins_of(numbered[receipt.index], receipt)]
    wrong += suspicious(coins, level)
    if recounts:
        wrong += faults_of_recount(model, receipts, recounts)
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
    budget = as_budget(threat.budget)
    reach = budget.reach or _NO_REACH
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
