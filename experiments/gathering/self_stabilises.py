"""G2: what was learned works from any start, so any transient fault is recovered from."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.gathering import SOURCE
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import Bench, Outcome, rows, worst_start

_FAMILIES = {
    "uniform": "uniform starts",
    "antipodal": "two antipodal clusters",
    "spaced": "equally spaced starts",
}


def findings(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats, progress: Progress
) -> Iterator[Finding]:
    """Test every initial family, exploring a little, and beside it the greedy policy."""
    bench = Bench(config, seeds, config.test_cycles)
    claims: list[Claim] = []
    by_seed: dict[str, Floats] = {}

    def judge(name: str, outcome: Outcome, statement: str) -> Iterator[Finding]:
        by_seed[name] = outcome.by_seed()
        yield from rows(name, seeds, in_group=by_seed[name])
        claims.append(
            claim_over_seeds(
                name,
                by_seed[name],
                statement=statement,
                source=SOURCE,
                expected=">= 0.95 on every seed",
            )
        )
        yield claims[-1]

    exploring = f"with {config.test_epsilon:.0%} exploration"
    with progress("G2: from any start", 2 * len(_FAMILIES) + 3) as advance:
        for greedy in (False, True):
            policy = bench.policy(tables, 0.0 if greedy else config.test_epsilon)
            for start, words in _FAMILIES.items():
                outcome = bench.test(policy, num_agents=config.num_agents, start=start)
                name = f"G2/{start}-greedy" if greedy else f"G2/{start}"
                how = "purely greedy" if greedy else exploring
                yield from judge(name, outcome, f"teams gather from {words}, {how}")
                advance()
            worst = _from_worst_start(config, seeds, tables, 0.0 if greedy else config.test_epsilon)
            advance()
            if not greedy:
                statement = (
                    f"teams gather from the worst of {config.candidates} starts, {exploring}"
                )
                yield from judge(f"G2/worst-of-{config.candidates}", worst, statement)
            else:
                # No verdict: a greedy team has limit cycles, and a search finds them.
                yield Metric("G2/worst-greedy/in_group", float(worst.in_group.mean()))
                yield Metric("G2/worst-greedy/worst_seed", float(worst.by_seed().min()))
        yield from _never_gather(config, seeds, tables)
        advance()
    figure, axes = plots.new_figure(
        "G2  Gathering from any start",
        "share of steps 33–65 with a group of ≥ 80 % (95 % interval; dots are seeds)",
        "initial family",
        size=(7.2, 4.0),
    )
    plots.conditions(axes, claims, by_seed)
    yield File("G2-self-stabilisation.png", plots.png(figure))


def _from_worst_start(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats, epsilon: float
) -> Outcome:
    positions = worst_start(config, seeds, tables, epsilon)  # (R, N)
    bench = Bench(config, seeds, config.test_cycles)
    return bench.test(
        bench.policy(tables, epsilon),
        num_agents=config.num_agents,
        start=np.repeat(positions, config.test_cycles, axis=0),
    )


def _never_gather(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats
) -> Iterator[Metric]:
    bench = Bench(config, seeds, config.greedy_starts)
    for how, epsilon in (("greedy", 0.0), ("exploring", config.test_epsilon)):
        outcome = bench.test(bench.policy(tables, epsilon), num_agents=config.num_agents)
        yield Metric(f"G2/uniform-{how}/never_gathers", float(outcome.never.mean()))
