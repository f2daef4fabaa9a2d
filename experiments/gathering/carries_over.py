"""G4: tables learned by ten agents serve other numbers of them: upwards, not downwards."""

from collections.abc import Iterator

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.gathering import OURS
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import IN_GROUP, Bench


def findings(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats, progress: Progress
) -> Iterator[Finding]:
    """Give the tables to larger and smaller populations; agent i acts by table i mod N."""
    bench = Bench(config, seeds, config.test_cycles)
    policy = bench.policy(tables, 0.0)
    claims: list[Claim] = []
    by_seed: dict[str, Floats] = {}
    sizes = (*config.carried_up, *config.carried_down)
    with progress("G4: other populations", len(sizes)) as advance:
        for size in sizes:
            outcome = bench.test(policy, num_agents=size)
            name = f"G4/{size}"
            by_seed[name] = outcome.by_seed()
            yield from rows_by_seed(name, seeds, in_group=by_seed[name])
            claims.append(
                claim_over_seeds(
                    name,
                    by_seed[name],
                    statement=f"tables of {config.num_agents} agents carry {size}, greedy policy",
                    source=OURS,
                    expected=">= 0.95 on every seed",
                    documented_limit=size in config.carried_down,
                )
            )
            yield claims[-1]
            yield Metric(f"{name}/first", float(outcome.first.mean()))
            advance()
    if not claims:
        return
    figure, axes = plots.new_figure(
        f"G4  Tables of {config.num_agents} agents, given to N",
        f"{IN_GROUP} (95 % interval; dots are seeds)",
        "number of agents N",
        size=(7.2, 3.6),
    )
    plots.conditions(axes, claims, by_seed)
    yield File("G4-transfer.png", plots.png(figure))
