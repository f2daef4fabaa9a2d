"""Evolves by every method on one budget, then tests all under the same attackers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rallypoint.agents.coevolution.bouts import Learned
from rallypoint.agents.coevolution.population import Population
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.coevolution import SOURCE
from rallypoint.experiments.coevolution.config import CoevolutionConfig
from rallypoint.experiments.coevolution.measure import Bench, Tested
from rallypoint.experiments.coevolution.picture import picture
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.intervals import bootstrap

_ATLA = "in the setting of Zhang, Chen, Boning & Hsieh (2021), arXiv:2101.08452"
Populations = Mapping[int, Population]


def run(config: CoevolutionConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield what every method comes to, then what is claimed of them."""
    bench = Bench(config)
    evolved: dict[str, dict[int, Population]] = {}
    attackers: list[Learned] = []
    for method in bench.methods:
        populations = _evolved(bench, method, seeds, progress)
        evolved[method] = {seed: populations[seed] for seed in seeds}
        others = {seed: populations[seed] for seed in bench.other_seeds}
        attackers += bench.attackers(others, method)
        yield from _rows_of_populations(method, evolved[method])
    yield claim_over_seeds(
        "coevolution/budget",
        [max(evolved[method][seed].spent for method in evolved) / config.budget for seed in seeds],
        statement="no method takes more environment steps than it is given, measured ones "
        "included: most of any, as a share of the budget",
        source="ours",
        expected="<= 1 on every seed",
    )
    tested: dict[str, Tested] = {}
    with progress("tests under attackers", len(evolved)) as advance:
        for method, populations in evolved.items():
            tested[method] = bench.tested(populations, method, attackers)
            yield from _rows_of_tests(method, seeds, tested[method], len(bench.methods))
            advance()
    yield from _judge(config, tested)
    yield File("coevolution.png", picture(config, tested))


def _evolved(
    bench: Bench, method: str, seeds: tuple[int, ...], progress: Progress
) -> dict[int, Population]:
    """Evolve the populations that are tested, and those that attackers are trained on."""
    everybody = [*seeds, *bench.other_seeds]
    total = bench.config.budget * len(everybody)
    done = 0
    with progress(method, total) as advance:

        def told(populations: Populations) -> None:
            nonlocal done
            spent = sum(population.spent for population in populations.values())
            advance(spent - done)
            done = spent

        found = bench.evolved(method, everybody, told)
        advance(total - done)  # what is left buys nothing
    return found


def _rows_of_populations(method: str, populations: Populations) -> Iterator[Row]:
    for seed, population in populations.items():
        yield Row(
            {
                "seed": seed,
                "method": method,
                "steps": population.spent,
                "bouts": population.number,
                "virulence": population.virulence,
                "attempts": population.attempts,
                "silent": population.silent,
                "full": population.full,
            }
        )


def _rows_of_tests(
    method: str, seeds: Sequence[int], tested: Tested, kinds: int
) -> Iterator[Finding]:
    for place, seed in enumerate(seeds):
        held_out = tested.held_out[place]
        yield Row(
            {
                "seed": seed,
                "method": method,
                "clean": float(tested.clean[place]),
                "worst": float(tested.worst[place]),
                "mean": float(held_out.mean()),
                "own": float(tested.own[place]),
                "held_out": held_out.tolist(),
            }
        )
    measured = {
        "clean": tested.clean,
        "worst": tested.worst,
        "mean": tested.held_out.mean(axis=1),
        "own": tested.own,
    }
    by_kind = tested.held_out.reshape(len(seeds), kinds, -1).mean(axis=(0, 2))
    yield Metric(
        method,
        {name: _with_interval(values) for name, values in measured.items()}
        | {"by-whom-attackers-met": by_kind.tolist()},
    )


def _with_interval(values: Floats) -> dict[str, Any]:
    return {"mean": float(values.mean()), "interval": list(bootstrap(values))}


def _judge(config: CoevolutionConfig, tested: Mapping[str, Tested]) -> Iterator[Finding]:
    ours = tested["coevolution"]
    yield claim_over_seeds(
        "coevolution/clean",
        ours.clean / config.max_cycles,
        statement="a host that evolved with pathogens does well where nobody lies: return, as a "
        "share of the longest episode",
        source=SOURCE,
        expected=">= 0.9",
    )
    for method, source in (
        ("no_adversary", SOURCE),
        ("one_against_one", _ATLA),
        ("round_robin", SOURCE),
    ):
        other = tested[method]
        for how, gain in (
            ("worst", ours.worst - other.worst),
            ("mean", np.mean(ours.held_out - other.held_out, axis=1)),
        ):
            yield claim_over_seeds(
                f"coevolution/{how}/{method}",
                gain,
                statement=f"under {'the worst' if how == 'worst' else 'the mean'} of the "
                "attackers that were trained on other hosts it returns more than "
                f"{method.replace('_', ' ')} on the same budget: by how much",
                source=source,
                expected="> 0",
            )
    yield claim_over_seeds(
        "coevolution/own",
        ours.own - tested["no_adversary"].own,
        statement="an attacker that is trained on the very host finds less to take than from a "
        "host that never met one: gain in return under it",
        source=SOURCE,
        expected="> 0",
    )
