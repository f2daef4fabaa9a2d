"""Trains a team in peace, then measures what each attacker does to each defence."""

from collections.abc import Generator, Iterator

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments.byzantine_gathering import judgement, picture
from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.experiments.byzantine_gathering.measure import (
    Team,
    breakdown_points,
    in_numbers,
    trained_among,
)
from rallypoint.experiments.byzantine_gathering.sides import ATTACKERS, DEFENCES, NO_DEFENCE
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.safety.threats.teammate.look_ahead import LookAhead

Curves = dict[tuple[str, str], Floats]  # attacker, defence -> in-group share (R, F)


def run(
    config: ByzantineGatheringConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Yield rows and receipts as they are measured, then what is claimed of them."""
    team = _team(config, seeds, progress, num_agents=config.num_agents)
    curves: Curves = {}
    for attacker in ATTACKERS:
        for name in DEFENCES:
            curves[attacker, name] = yield from _curve(team, attacker, name, progress)
        yield from judgement.of_attacker(config, attacker, curves)
    yield File("breakdown.png", picture.breakdown(config, curves))
    yield from _declared(team, progress)
    yield from _depths(team, progress)
    if config.antagonists:
        name = "antagonists"
        prepared = _team(
            config, seeds, progress, num_agents=config.num_agents, antagonists=config.antagonists
        )
        for attacker in ("anti_goal", "look_ahead"):
            curves[attacker, name] = yield from _curve(
                prepared, attacker, NO_DEFENCE, progress, called=name
            )
        yield judgement.of_prepared(config, curves["anti_goal", name], curves)
    if config.crowd:
        crowd = _team(config, seeds, progress, num_agents=config.crowd)
        for name in DEFENCES:
            yield from _curve(crowd, "anti_goal", name, progress)


def _team(
    config: ByzantineGatheringConfig,
    seeds: tuple[int, ...],
    progress: Progress,
    *,
    num_agents: int,
    antagonists: tuple[int, ...] = (0,),
) -> Team:
    among = "" if antagonists == (0,) else f" among {antagonists} antagonists"
    with progress(f"{num_agents} agents learn to gather{among}", config.cycles) as advance:
        tables = trained_among(
            config, seeds, antagonists, num_agents=num_agents, after_cycle=lambda *_: advance()
        )
    return Team(config, seeds, num_agents, tables)


def _curve(
    team: Team, attacker: str, name: str, progress: Progress, *, called: str | None = None
) -> Generator[Finding, None, Floats]:
    """Measure one defence, told the truth about f, for f = 0 … N / 2."""
    config, called = team.config, called or name
    is_slow = attacker == "look_ahead"
    cycles = config.look_ahead_cycles if is_slow else config.test_cycles
    where = f"B1/{attacker}" if team.num_agents == config.num_agents else team.name
    numbers = range(team.num_agents // 2 + 1)
    found = []
    with progress(f"{where}, {called}", len(numbers)) as advance:
        for f in numbers:
            outcome = team.attacked(ATTACKERS[attacker](config), f, DEFENCES[name](f), cycles)
            yield from outcome.findings(f"{where}/{called}/f-{f}", team.seeds)
            found.append(outcome.in_group)
            advance()
    curve = np.stack(found, axis=1)
    points = breakdown_points(curve, team.num_agents)
    yield Metric(f"{where}/{called}/breakdown", in_numbers(points))
    return curve


def _declared(team: Team, progress: Progress) -> Iterator[Finding]:
    """Trim more and fewer than lie, against nobody and against two."""
    config = team.config
    threat = ATTACKERS["anti_goal"](config)
    found: dict[tuple[int, str], Floats] = {}
    with progress("B1: f declared and real", 4 * len(config.declared)) as advance:
        for f_real in (0, 2):
            for name in ("trim_self", "trim_median"):
                curve = []
                for f in config.declared:
                    outcome = team.attacked(threat, f_real, DEFENCES[name](f), config.test_cycles)
                    condition = f"B1/declared/{name}/f-{f}-real-{f_real}"
                    yield from outcome.findings(condition, team.seeds)
                    curve.append(outcome.in_group)
                    advance()
                found[f_real, name] = np.stack(curve, axis=1)
    yield judgement.of_declared(config, found)
    yield File("declared.png", picture.declared(config, found))


def _depths(team: Team, progress: Progress) -> Iterator[Finding]:
    """Look less and more far ahead."""
    config = team.config
    with progress("B1: how far ahead", len(config.depths)) as advance:
        for depth in config.depths:
            threat = LookAhead(victims="byzantine", depth=depth)
            outcome = team.attacked(threat, 2, DEFENCES["trim_median"](2), config.look_ahead_cycles)
            yield from outcome.findings(f"B1/depth-{depth}/trim_median/f-2", team.seeds)
            advance()
