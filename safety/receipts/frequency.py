"""How often a threat should have acted, by its declaration: the coins behind its receipt."""

from collections.abc import Iterator

from rallypoint.safety.coins import Coins
from rallypoint.safety.limits import Share, as_budget, as_schedule, as_victims
from rallypoint.safety.receipts.receipt import Receipt
from rallypoint.safety.threats import Threat


def coins_of(threat: Threat, receipt: Receipt) -> Iterator[Coins]:
    """Tell the coins of a threat, as it was declared, that no budget keeps from falling."""
    label = f"threats[{receipt.index}] ({receipt.kind})"
    budget = as_budget(threat.budget)
    has_room = budget.steps_per_episode is None and budget.rounds is None and budget.agents is None
    often = as_schedule(threat.when).probability
    if has_room and receipt.occasions is not None:
        what = f"{label} had opportunities, of its occasions"
        yield Coins(what, receipt.opportunities, receipt.occasions, often, receipt.repeats)
    if (chance := threat.chance) is not None:
        taken = sum(receipt.applications.values())
        num_victims = _most_victims(threat, receipt)
        skipped = receipt.episodes * num_victims if threat.skips_first else 0
        yield Coins(
            f"{label} took opportunities",
            taken,
            receipt.opportunities,
            chance,
            receipt.repeats,
            # A budget of agents takes what those have won who come too late: of how many coins
            # nobody can tell, and so only too many are found.
            fewest=max(receipt.opportunities - skipped, 0) if budget.agents is None else 0,
            alike=num_victims if threat.groups_draw_alike else 1,
        )


def _most_victims(threat: Threat, receipt: Receipt) -> int:
    """Return how many agents of a copy a threat may touch at once, at most."""
    victims, everybody = as_victims(threat.victims), len(receipt.agents)
    if isinstance(victims, Share):
        return max(victims.of(everybody), 1)
    return max(len(victims), 1) if isinstance(victims, tuple) else everybody
