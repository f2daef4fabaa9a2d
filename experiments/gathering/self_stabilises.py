"""G2: what was learned works from any start, so any transient fault is recovered from."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.gathering import OURS, SOURCE
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import IN_GROUP, STARTS, Bench, Outcome, worst_start

_FAMILIES = {
    "uniform": "uniform starts",
    "antipodal": "two antipodal clusters",
    "spaced": "equally spaced starts",
}


def findings(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats, progress: Progress
) -> Iterator[Finding]:
    """Test every initial family, exploring a little, and beside it the greedy policy."""
    claims: list[Claim] = []
    by_seed: dict[str, Floats] = {}

    def judge(name: str, outcome: Outcome, statement: str) -> Iterator[Finding]:
        by_seed[name] = outcome.by_seed()
        yield from rows_by_seed(name, seeds, in_group=by_seed[name])
        claims.append(
            claim_over_seeds(
                name,
                by_seed[name],
                statement=statement,
                source=OURS if name.endswith("-greedy") else SOURCE,
                expected=">= 0.95 on every seed",
            )
        )
        yield claims[-1]

    few, many = (
        Bench(config, seeds, config.test_cycles),
        Bench(config, seeds, config.uniform_starts),
    )
    ways = {"": config.test_epsilon, "-greedy": 0.0}
    with progress("G2: from any start", len(ways) * (len(_FAMILIES) + 1)) as advance:
        for suffix, epsilon in ways.items():
            how = f"with {100 * epsilon:g} % exploration" if epsilon else "purely greedy"
            for start, words in _FAMILIES.items():
                bench = many if start == "uniform" else few
                policy = bench.policy(tables, epsilon)
                outcome = bench.test(policy, num_agents=config.num_agents, start=start, root=STARTS)
                name = f"G2/{start}{suffix}"
                yield from judge(name, outcome, f"teams gather from {words}, {how}")
                if bench is many:
                    yield Metric(f"{name}/never_gathers", float(outcome.never.mean()))
                advance()
            worst = _from_worst_start(config, seeds, tables, epsilon)
            if epsilon:
                statement = f"teams gather from the worst of {config.candidates} starts, {how}"
                yield from judge(f"G2/worst-of-{config.candidates}", worst, statement)
            else:
                # No verdict: a greedy team has limit cycles, and a search finds them.
                yield Metric("G2/worst-greedy/in_group", float(worst.in_group.mean()))
                yield Metric("G2/worst-greedy/worst_seed", float(worst.by_seed().min()))
            advance()
    figure, axes = plots.new_figure(
        "G2  Gathering from any start",
        f"{IN_GROUP} (95 % interval; dots are seeds)",
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
