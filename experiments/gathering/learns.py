"""G1: agents that see only positions, and never speak, learn to gather."""

from collections.abc import Generator

import numpy as np

from rallypoint.agents.rules import CircularMean, UniformRandom
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.tables import tables_file
from rallypoint.agents.tabular.traced_q_learning import State
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.gathering import OURS, SOURCE
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import IN_GROUP, Bench, Outcome, trained

_CURVE_CYCLES = 50  # test cycles behind each point of the learning curve
_CURVE_POINTS = 24


def findings(
    config: GatheringConfig, seeds: tuple[int, ...], progress: Progress
) -> Generator[Finding, None, Floats]:
    """Train, follow the learning curve, judge; return the tables (R, N, S, A)."""
    checkpoints = _checkpoints(config.cycles)
    curve: list[Outcome] = []
    glance = Bench(config, seeds, _CURVE_CYCLES)

    with progress(f"G1: {config.num_agents} agents learn", config.cycles) as advance:

        def look(cycle: int, state: State) -> None:
            advance()
            if cycle in checkpoints:
                policy = glance.policy(state.tables, 0.0)
                curve.append(glance.test(policy, num_agents=config.num_agents))

        tables = trained(config, seeds, num_agents=config.num_agents, after_cycle=look)
    for cycle, outcome in zip(checkpoints, curve, strict=True):
        for seed, in_group in zip(seeds, outcome.by_seed(), strict=True):
            yield Row({"claim": "G1", "cycle": cycle, "seed": seed, "in_group": in_group})
    for seed, table in zip(seeds, tables, strict=True):
        content = tables_file(table, Sectors(cells=config.cells), seed=seed, cycles=config.cycles)
        yield File(f"tables-seed{seed}.safetensors", content)

    bench = Bench(config, seeds, config.test_cycles)
    learned = bench.test(bench.policy(tables, 0.0), num_agents=config.num_agents)
    groups = bench.world(config.num_agents).groups
    random = bench.test(UniformRandom(groups), num_agents=config.num_agents)
    oracle = bench.test(CircularMean(), num_agents=config.num_agents)
    yield claim_over_seeds(
        "G1/learns",
        learned.by_seed(),
        statement=f"{config.num_agents} agents learn to gather: share of the second half of a "
        "cycle with at least 80 % of them in three neighbouring cells, greedy policy",
        source=SOURCE,
        expected=">= 0.95 on every seed",
    )
    yield claim_over_seeds(
        "G1/first-group",
        learned.first.mean(axis=1),
        statement="the first group forms early: step at which it does, counted from 1",
        source=OURS,
        expected="<= 11 on every seed",
    )
    yield claim_over_seeds(
        "G1/random",
        random.by_seed(),
        statement="agents that move at random do not gather (the same share)",
        source=OURS,
        expected="<= 0.02 on every seed",
    )
    yield Metric("G1/learns/pair_distance", float(learned.pair_distance.mean()))
    yield Metric("G1/random/pair_distance", float(random.pair_distance.mean()))
    yield Metric("G1/random/first", float(random.first.mean()))
    yield Metric("G1/oracle/in_group", float(oracle.in_group.mean()))
    yield Metric("G1/oracle/first", float(oracle.first.mean()))
    yield File("G1-learning.png", _picture(config, checkpoints, curve, random, oracle))
    return tables


def _checkpoints(cycles: int) -> list[int]:
    points = np.geomspace(1, cycles, _CURVE_POINTS).round().astype(int)
    return sorted(set(points.tolist()))


def _picture(
    config: GatheringConfig,
    checkpoints: list[int],
    curve: list[Outcome],
    random: Outcome,
    oracle: Outcome,
) -> bytes:
    figure, axes = plots.new_figure(
        f"G1  {config.num_agents} agents learn to gather without communication",
        f"training cycles of {5 * config.cells} steps (logarithmic)",
        IN_GROUP,
    )
    axes.set_xscale("log")
    learned = np.stack([outcome.by_seed() for outcome in curve], axis=1)
    plots.curve(axes, checkpoints, learned, "learned, greedy (mean and 95 % interval over seeds)")
    axes.axhline(
        float(oracle.in_group.mean()),
        color="black",
        linestyle=":",
        marker="",
        label="circular-mean oracle",
    )
    axes.axhline(
        float(random.in_group.mean()), color="grey", linestyle="--", marker="", label="random moves"
    )
    axes.set_ylim(-0.03, 1.05)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.08), frameon=False)
    return plots.png(figure)
