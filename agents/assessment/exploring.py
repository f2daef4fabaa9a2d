"""Is everything still tried under interruption? Counted in training runs of a learner of tables."""

from typing import Any

import numpy as np

from rallypoint.agents.assessment.frozen_tables import FrozenTables
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Transition
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Integers, Mask
from rallypoint.safety.certificates.exploration import Growth, growth, visits_by

_FIRST = 10  # part of the steps after which growth is looked at: a tenth


def explored(
    world: BatchEnv,
    frozen: FrozenTables,
    encoding: Encoding,
    *,
    steps: int,
    seed: int,
    least: float,
    known: KnownInterruption | None = None,
) -> Growth:
    """Train anew under interruption, and judge whether the least frequent cell gains visits.

    Cells are percepts that were ever acted on, with every own action (or joint action) there is.

    Args:
        world: under the threats; every copy is a run.
        frozen: the learner.
        encoding: from observations to percepts.
        steps: of each run.
        seed: of the runs.
        least: visits for each e-fold of the steps that count as growing.
        known: how agents are interrupted, for importance weights.
    """
    seen: list[Integers] = []
    kept: list[Mask] = []
    present: list[Mask] = []

    def note(_: int, transition: Transition, __: Any) -> None:
        agents = range(frozen.num_agents)
        seen.append(np.stack([frozen.cells(transition, agent) for agent in agents], axis=1))
        kept.append(frozen.kept(transition))
        present.append(transition.present)

    train(
        world,
        frozen.learner,
        encoding,
        steps=steps,
        seed=seed,
        interruption=known,
        after_step=note,
    )
    cells, counts = np.stack(seen), np.stack(kept)  # (T, E, N)
    numbers, where = _numbered(cells, np.stack(present), frozen)
    checkpoints = np.unique(np.array([max(1, steps // _FIRST), steps]))
    visits = [
        sum(
            visits_by(where[:, run, agent], len(numbers), checkpoints, counts[:, run, agent])
            for agent in range(frozen.num_agents)
        )
        for run in range(world.num_copies)
    ]
    return growth(np.stack(visits), checkpoints, least=least)


def _numbered(cells: Integers, present: Mask, frozen: FrozenTables) -> tuple[Integers, Integers]:
    """Number the cells that count, agent by agent, from 0 without a gap."""
    counts = frozen.columns.num_actions
    width = int(counts.prod() if frozen.is_joint else counts.max())
    listed = []
    for agent in range(frozen.num_agents):
        actions = np.arange(width if frozen.is_joint else int(counts[agent]))
        percepts = np.unique(cells[:, :, agent][present[:, :, agent]] // width)
        of_agent = (percepts[:, None] * width + actions).ravel()
        listed.append(agent * frozen.num_cells + of_agent)
    numbers: Integers = np.concatenate(listed)
    offsets = np.arange(frozen.num_agents) * frozen.num_cells
    # Slots of the absent are nobody's cells; any number will do, since they are not counted.
    return numbers, np.minimum(np.searchsorted(numbers, cells + offsets), len(numbers) - 1)
