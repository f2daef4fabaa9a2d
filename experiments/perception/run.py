"""Trains agents, attacks them in every way, and judges by the strongest attack on each."""

from collections.abc import Iterator

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Progress
from rallypoint.experiments.kept import Kept
from rallypoint.experiments.perception import PATHFINDING, SUN, ZHANG, cartpole, picture, team
from rallypoint.experiments.perception.config import PerceptionConfig, TeamConfig
from rallypoint.experiments.perception.measure import Bench
from rallypoint.experiments.perception.study import Found, defended, undefended
from rallypoint.experiments.perception.tasks import TASKS


def run(config: PerceptionConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them; world by world."""
    kept = Kept(config.kept)
    for world in config.worlds:
        if world == "cartpole":
            yield from _cartpole(config, Bench(TASKS[world], config, seeds, kept), progress)
        else:
            yield from _team(config, Bench(TASKS[world], config.team, seeds, kept), progress)


def _cartpole(config: PerceptionConfig, bench: Bench, progress: Progress) -> Iterator[Finding]:
    found = yield from undefended(bench, progress)
    yield from cartpole.claims(found)
    yield File("attacks.png", picture.attacks(bench.task, config.epsilons, found))
    yield from _defended(bench, found, progress)


def _team(config: PerceptionConfig, bench: Bench, progress: Progress) -> Iterator[Finding]:
    found = yield from undefended(bench, progress)
    yield from team.claims(found)
    policy = bench.trained("plain", config.team.defended_at)
    yield from team.certificates(bench, policy, found, config.team)
    yield from team.shared_budgets(bench, policy, found)
    yield File("team-attacks.png", picture.attacks(bench.task, config.team.epsilons, found))
    yield from _defended(bench, found, progress)


def _defended(bench: Bench, plain: Found, progress: Progress) -> Iterator[Finding]:
    """Attack agents that were trained to stand it, and compare them with those that were not."""
    config, task = bench.config, bench.task
    if not config.defences:
        return
    epsilon = config.defended_at
    undefended_left = plain.worst(epsilon)
    by_way: dict[str, tuple[Floats, Floats]] = {"plain": (plain.clean, undefended_left)}
    letter, source = ("P", ZHANG) if task.name == "cartpole" else ("T", PATHFINDING)
    with progress(f"{task.name}: defended agents", len(config.defences)) as advance:
        for way in config.defences:
            found = yield from defended(bench, way)
            if isinstance(config, TeamConfig):
                yield from team.certified(bench, config, way, bench.trained(way, epsilon), found)
            by_way[way] = (found.clean, found.worst(epsilon))
            yield claim_over_seeds(
                f"{letter}3/{way}",
                found.worst(epsilon) - undefended_left,
                statement=f"training with {way} helps against lies of {epsilon:g}: {task.counted}, "
                "under the strongest of the attacks, less that of the agent of the same seed "
                "without it",
                source=SUN if way == "pgd" and letter == "P" else source,
                expected="> 0",
            )
            advance()
    name = "defences.png" if task.name == "cartpole" else "team-defences.png"
    yield File(name, picture.defences(task, epsilon, by_way))
