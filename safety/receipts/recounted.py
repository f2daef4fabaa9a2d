"""Where receipts depart from what recordings of worlds show."""

from collections.abc import Sequence

from rallypoint.safety.receipts.receipt import Receipt
from rallypoint.safety.receipts.sums import summed
from rallypoint.safety.recordings import SITES_OF_COUNTS, Recount
from rallypoint.safety.threat_model import ThreatModel


def faults_of_recount(
    model: ThreatModel, receipts: Sequence[Receipt], recounts: Sequence[Recount]
) -> list[str]:
    """Say, in sentences, where receipts depart from recounts of all that happened under them."""
    recount = Recount(*(summed(list(counts)) for counts in zip(*recounts, strict=True)))
    return _of_sites(receipts, recount) + _of_the_honest(model, recount)


def _of_sites(receipts: Sequence[Receipt], recount: Recount) -> list[str]:
    """Compare sites, not threats: a recording does not say which of two threats did it."""
    faults = []
    presence, action, interruption, observation, feedback = (
        summed([receipt.applications for receipt in receipts if receipt.site == site])
        for site in ("presence", "action", "interruption", "observation", "feedback")
    )
    # Two may interrupt one agent at once; the action put in a proposed one's place may be the
    # same; a lie may be the truth: there, a recording shows no more than what was done.
    several = sum(receipt.site == "interruption" for receipt in receipts) > 1
    overrides = summed([action, interruption])
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


def _of_the_honest(model: ThreatModel, recount: Recount) -> list[str]:
    """Name what happened to the honest where only the Byzantine are anybody's victims."""
    faults = []
    for what, sites in SITES_OF_COUNTS.items():
        threats = [threat for threat in model.threats if threat.site in sites]
        count = recount.of_honest.get(what, 0)
        if count and all(threat.victims == "byzantine" for threat in threats):
            faults.append(f"{what}: {count} of agents that are not Byzantine in the recording")
    return faults
