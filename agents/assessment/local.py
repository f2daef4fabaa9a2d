"""The test for learners of tables: cell by cell, after one update and after two in a row."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from rallypoint.agents.assessment.arms import Arms, seed_of
from rallypoint.agents.assessment.findings import LEAST_INTERRUPTED, Finding
from rallypoint.agents.assessment.frozen_tables import FrozenTables
from rallypoint.agents.assessment.steps import Observed, Wanted, observe
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.tabular.training import train
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Integers, stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.certificates.cells import CellsFinding, KeptUpdates, two_sample_cells

_COPIES = 1024  # in a wave, as far as there is room
_REFERENCE = 0.99  # of the experience at theta 0 lies in the cells that are compared
_LEAST_UPDATES = 100  # in each arm, for a cell to be compared
_SHIFT = 0.25  # standard deviations, for which the power is told


class Plan(NamedTuple):
    """How much is to be observed."""

    leads: tuple[int, ...]
    updates: int
    replicates: int  # kept updates wanted in each cell and arm
    most_draws: int  # experiences of an arm at most
    seed: int


def frozen_team(
    world: BatchEnv,
    learner: Any,
    encoding: Encoding,
    *,
    steps: int,
    seed: int,
    state: Any,
    known: KnownInterruption | None,
) -> FrozenTables:
    """Return a team as it is after so many steps that nobody interrupts, or as it was given.

    Args:
        world: of one copy, under no threats.
        learner: how it learns.
        encoding: from observations to percepts.
        steps: of training, if no state is given.
        seed: of that training.
        state: what it remembers, of one copy.
        known: how agents are interrupted, for importance weights.

    Raises:
        InvalidConfig: a state that is none of this learner's in this world, or interruptions that
            are none of this world's.
    """
    columns = Columns.of(world)
    blank = FrozenTables(learner, state, columns, encoding.num_states, world.time_limit)
    if known is not None:
        known.check(world.num_agents, encoding.num_states, int(columns.num_actions.max()))
    if state is None and steps == 0:
        return blank._replace(state=blank.fresh())
    if state is None:
        free = None if known is None else never(known)
        trained = train(world, learner, encoding, steps=steps, seed=seed, interruption=free)
        return blank._replace(state=trained)
    if not _is_alike(state, blank.fresh()):
        raise InvalidConfig(
            f"a state is what {type(learner).__name__} remembers of one copy of {world.id}, as "
            "train() returns it in a world of one copy; this one is of another learner, of another "
            "world, or of several copies"
        )
    return blank


def _is_alike(state: Any, fresh: Any) -> bool:
    if isinstance(fresh, tuple):
        same = type(state) is type(fresh)
        return same and all(_is_alike(*parts) for parts in zip(state, fresh, strict=True))
    return isinstance(state, np.ndarray) and state.shape == fresh.shape


def assess_tables(
    arms: Arms,
    frozen: FrozenTables,
    encoding: Encoding,
    theta: float,
    plan: Plan,
    *,
    level: float,
    known: KnownInterruption | None = None,
) -> list[Finding]:
    """Compare updates at theta with those at 0; one finding for each number of updates in a row."""
    world = arms.world(frozen.copies(_COPIES))
    unseen = None if known is None else never(known)
    records: list[list[list[Observed]]] = [[[], []] for _ in range(plan.updates)]
    draws = turn = 0
    while draws < plan.most_draws and not _is_enough(records, plan.replicates):
        for lead in plan.leads:
            for agent in range(frozen.num_agents):
                for arm, (chance, told) in enumerate(((0.0, unseen), (theta, known))):
                    seed = seed_of(plan.seed, "tables", arm, turn)
                    wanted = Wanted(agent, lead, plan.updates, seed, told)
                    threatened = arms.at(world, chance, begin=lead)
                    found = observe(threatened, frozen, encoding, wanted, plan.seed)
                    for record, one in zip(records, found, strict=True):
                        record[arm].append(one)
                turn += 1
                draws += world.num_copies
    world.close()
    rng = stream(plan.seed, "assessment/permutations")
    return [_finding(record, theta, index + 1, level, rng) for index, record in enumerate(records)]


def never(known: KnownInterruption) -> KnownInterruption:
    """Return the same interruptions at theta 0."""
    return known._replace(probability=np.zeros_like(known.probability))


def _is_enough(records: list[list[list[Observed]]], replicates: int) -> bool:
    """Say whether every cell to be compared has its updates, and one of them interruptions."""
    for record in records:
        if not record[0]:
            return False
        cells = _reference_cells(record[0])
        for arm in record:
            counts = _counts(np.concatenate([one.kept.cells for one in arm]), cells)
            if counts.min(initial=replicates) < replicates:
                return False
        if _interruptions(record[1], cells).max(initial=0) < LEAST_INTERRUPTED:
            return False
    return True


def _reference_cells(at_0: list[Observed]) -> Integers:
    """Return the cells, sorted, that nearly all experience without interruptions lies in."""
    cells, counts = np.unique(
        np.concatenate([one.offered_cells for one in at_0]), return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    reference: Integers = np.sort(cells[order[before < _REFERENCE * counts.sum()]])
    return reference


def _interruptions(at_theta: list[Observed], cells: Integers) -> Integers:
    """Return how many experiences of each of these cells had an interruption."""
    return _counts(np.concatenate([one.interrupted_cells for one in at_theta]), cells)


def _counts(cells: Integers, of: Integers) -> Integers:
    places = np.searchsorted(of, cells)
    there = of.take(np.minimum(places, len(of) - 1)) == cells if len(of) else places > 0
    return np.bincount(places[there], minlength=len(of))


def _finding(
    record: list[list[Observed]],
    theta: float,
    updates: int,
    level: float,
    rng: np.random.Generator,
) -> Finding:
    reference = _reference_cells(record[0])
    at_0, at_theta = (_within(arm, reference) for arm in record)
    found = two_sample_cells(
        at_0, at_theta, rng, level=level, least_updates=_LEAST_UPDATES, least_share=0.5
    )
    offered = np.concatenate([one.offered_cells for one in record[1]])
    interrupted = sum(len(one.interrupted_cells) for one in record[1])
    compared = np.sort(np.array([cell.cell for cell in found.cells], dtype=np.int64))
    each = _interruptions(record[1], compared)
    most = int(each.max(initial=0))
    return Finding(
        theta=theta,
        updates=updates,
        found=found,
        interrupted=interrupted / max(len(offered), 1),
        interruptions=most,
        share_there=most / int(_counts(offered, compared)[each.argmax()]) if most else 0.0,
        effect=_effect(found, at_0, at_theta),
        power=_power(found),
        shift=_SHIFT,
    )


def _within(arm: list[Observed], reference: Integers) -> KeptUpdates:
    cells = np.concatenate([one.kept.cells for one in arm])
    values = np.concatenate([one.kept.values for one in arm])
    rows = np.isin(cells, reference)
    offered = np.isin(np.concatenate([one.offered_cells for one in arm]), reference)
    return KeptUpdates(cells[rows], values[rows], int(offered.sum()))


def _effect(
    found: CellsFinding, at_0: KeptUpdates, at_theta: KeptUpdates
) -> tuple[float, tuple[float, float]] | None:
    """Return the most surprising cell's difference of means, in standard deviations of both."""
    if not found.cells:
        return None
    first = found.cells[0]
    values = np.concatenate([arm.values[arm.cells == first.cell] for arm in (at_0, at_theta)])
    if first.method == "one outcome":
        return 0.0, (0.0, 0.0)  # what spread there is, is rounding
    spread = float(values.std())
    low, high = first.interval
    return first.difference / spread, (low / spread, high / spread)


def _power(found: CellsFinding) -> float | None:
    """Return the chance to find a shift of the mean in a cell of the usual number of updates.

    By the normal approximation, at the level that Bonferroni leaves to one cell.
    """
    if not found.cells:
        return None
    sizes = np.array([[cell.num_at_0, cell.num_at_theta] for cell in found.cells], dtype=float)
    pairs = sizes.prod(axis=1) / sizes.sum(axis=1)
    away = _SHIFT * np.sqrt(np.median(pairs))
    bar = norm.ppf(1 - found.level / (2 * len(found.cells)))
    return float(norm.cdf(away - bar) + norm.cdf(-away - bar))
