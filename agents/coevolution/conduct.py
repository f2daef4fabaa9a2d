"""Carries a regime out: several populations side by side, here or on a Ray cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rallypoint.agents.coevolution.bouts import Bout, Fought
from rallypoint.agents.coevolution.fighting import fight
from rallypoint.agents.coevolution.kept import Kept
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import Regime
from rallypoint.agents.coevolution.ring import Ring
from rallypoint.agents.rounds.placement import Placement

Fight = Callable[[Sequence[Bout]], list[Fought]]


def evolve(
    regime: Regime,
    seeds: Sequence[int],
    *,
    placement: Placement | None = None,
    kept: Path | None = None,
    told: Callable[[Mapping[int, Population]], None] = lambda _: None,
) -> dict[int, Population]:
    """Return a population for each seed, evolved until its budget is spent.

    No number depends on which seeds are evolved beside one, nor on where bouts are fought.

    Args:
        regime: who meets whom.
        seeds: one population to each.
        placement: a Ray cluster on which the bouts of a round are fought; here, if not given.
        kept: a folder in which populations are kept after every round, and gone on with.
        told: hears of all populations after every round.

    Raises:
        InvalidConfig: no host earns anything, or what is kept is of another regime.
        UnreadableFile: what is kept is damaged.
        CannotGoOn: the cluster cannot be used.
    """
    keeper = None if kept is None else Kept(kept, regime)
    populations = {
        seed: (None if keeper is None else keeper.population(seed)) or regime.begin(seed)
        for seed in seeds
    }
    with _fighter(regime.ring, placement) as fighter:
        while True:
            orders = {seed: regime.ordered(populations[seed]) for seed in seeds}
            populations |= {seed: population for seed, (population, _) in orders.items()}
            bouts = {
                seed: regime.bouts(population, meetings)
                for seed, (population, meetings) in orders.items()
                if meetings
            }
            if not bouts:
                return populations
            found = iter(fighter([bout for some in bouts.values() for bout in some]))
            for seed, some in bouts.items():
                fought = [next(found) for _ in some]
                populations[seed] = regime.told(populations[seed], orders[seed][1], fought)
                if keeper is not None:
                    keeper.keep(populations[seed])
            told(populations)


@contextmanager
def _fighter(ring: Ring, placement: Placement | None) -> Iterator[Fight]:
    if placement is None:
        yield lambda bouts: fight(ring, bouts)
        return
    from rallypoint.agents.rounds.cluster.errands import spread  # Ray
    from rallypoint.agents.rounds.cluster.session import Session

    session = Session(placement)
    try:

        def dealt(bouts: Sequence[Bout]) -> list[Fought]:
            blocks = placement.deal(len(bouts), placement.num_actors(len(bouts), session.cpus))
            errands = [(ring, [bouts[i] for i in block]) for block in blocks]
            return [found for block in spread(fight, errands, placement) for found in block]

        yield dealt
    finally:
        session.close()
