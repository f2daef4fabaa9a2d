"""One episode from the same start, before and after training."""

import rallypoint
from rallypoint.agents.rules import UniformRandom
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.draws import Floats
from rallypoint.envs import film
from rallypoint.experiments.experiment import File
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import TEST

_LONGEST = 40  # steps shown: a group stands by then


def before_and_after(config: GatheringConfig, seed: int, tables: Floats) -> File:
    """Film a seed's first test cycle with random moves and with its learned tables (N, S, A)."""
    env = rallypoint.make(
        "gathering-v0",
        copies=[seed * config.test_cycles],
        num_agents=config.num_agents,
        cells=config.cells,
        render_mode="rgb_array",
    )
    policies = (
        UniformRandom(env.groups),
        TabularPolicy(tables[None], Sectors(cells=config.cells), config.test_epsilon),
    )
    before, after = (film.record(env, policy, seed=TEST, max_steps=_LONGEST) for policy in policies)
    titles = ("before training", f"after {config.cycles} cycles")
    return File("before-and-after.gif", film.gif(film.side_by_side(before, after, titles), fps=6))
