"""Training replicates and testing them: every seed a row, every test cycle a column."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.agents.tabular.traced_q_learning import State
from rallypoint.agents.tabular.training import train
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.envs.gathering import metrics
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat

# Root seeds of what must not share randomness. The seeds of a run are global copy ids, so each
# replicate has the same numbers whichever others are run beside it.
TRAINING, TEST, SEARCH, STARTS = 0, 1, 2, 3


IN_GROUP = "share of a cycle's second half with a group of ≥ 80 %"  # for plots


class Outcome(NamedTuple):
    """How well each seed (row) gathered in each test cycle (column)."""

    in_group: Floats  # (R, K) share of the second half's steps with a group
    first: Floats  # (R, K) step of the first group, counted from 1; the last step if never
    never: Mask  # (R, K) no group in the whole cycle
    pair_distance: Floats  # (R, K) mean ring distance between agents over the second half
    course: Floats  # (R, T) share of the cycles with a group, after each step
    receipts: tuple[Receipt, ...] = ()

    def by_seed(self) -> Floats:
        """Mean in-group share of each seed: (R,)."""
        means: Floats = self.in_group.mean(axis=1)
        return means


def trained(
    config: GatheringConfig,
    seeds: tuple[int, ...],
    *,
    num_agents: int,
    after_cycle: Callable[[int, State], None],
    threats: Sequence[Threat] = (),
) -> Floats:
    """Train one team per seed, under threats if there are any; return tables (R, N, S, A)."""
    ring = rallypoint.make("gathering-v0", copies=seeds, num_agents=num_agents, cells=config.cells)
    state = train(
        Threatened(ring, threats) if threats else ring,
        config.learner(),
        Sectors(cells=config.cells),
        episodes=config.cycles,
        seed=TRAINING,
        after_episode=after_cycle,
    )
    tables: Floats = state.tables
    return tables


class Bench(NamedTuple):
    """The test protocol: which seeds, how many cycles of each, on which ring."""

    config: GatheringConfig
    seeds: tuple[int, ...]
    cycles: int

    def copies(self) -> list[int]:
        """Global ids: cycle k of seed s is copy ``s * cycles + k``."""
        return [seed * self.cycles + k for seed in self.seeds for k in range(self.cycles)]

    def rows(self) -> Integers:
        """Which replicate each copy belongs to: (R * K,)."""
        return np.repeat(np.arange(len(self.seeds)), self.cycles)

    def world(self, num_agents: int, start: str | Integers = "uniform") -> BatchEnv:
        """Make a world with one copy per seed and test cycle."""
        return rallypoint.make(
            "gathering-v0",
            copies=self.copies(),
            num_agents=num_agents,
            cells=self.config.cells,
            start=start,
        )

    def policy(self, tables: Floats, epsilon: float) -> TabularPolicy:
        """Let each seed's copies act by that seed's tables."""
        return TabularPolicy(tables, Sectors(cells=self.config.cells), epsilon, self.rows())

    def test(
        self,
        policy: Policy,
        *,
        num_agents: int,
        start: str | Integers = "uniform",
        threats: ThreatModel | None = None,
        root: int = TEST,
    ) -> Outcome:
        """Play one episode in every copy, under threats if there are any."""
        world = self.world(num_agents, start)
        env = world if threats is None else Threatened(world, threats)
        draws = Draws(root, "gathering/test", self.copies())
        horizon = env.time_limit or 0  # the ring has one
        half = horizon // 2  # steps 1 … half make the first half
        num_copies = len(self.copies())
        shape = (len(self.seeds), self.cycles)
        in_group, pair_distance = np.zeros(num_copies), np.zeros(num_copies)
        first = np.full(num_copies, np.inf)
        course = np.empty((len(self.seeds), horizon))
        for moment in play(env, policy, draws, seed=root):
            counted = ~moment.step.infos["crashed"] if "crashed" in moment.step.infos else None
            counts = metrics.counts(env.state(), self.config.cells, counted)
            gathered = metrics.is_gathered(counts)
            course[:, moment.time] = gathered.reshape(shape).mean(axis=1)
            number = moment.time + 1
            first = np.minimum(first, np.where(gathered, number, np.inf))
            if number > half:
                in_group += gathered
                pair_distance += metrics.mean_pair_distance(counts)
        return Outcome(
            in_group=(in_group / (horizon - half)).reshape(shape),
            first=np.minimum(first, horizon).reshape(shape),
            never=np.isinf(first).reshape(shape),
            pair_distance=(pair_distance / (horizon - half)).reshape(shape),
            course=course,
            receipts=tuple(env.receipts()) if isinstance(env, Threatened) else (),
        )


def worst_start(
    config: GatheringConfig, seeds: tuple[int, ...], tables: Floats, epsilon: float
) -> Integers:
    """Search each seed's worst start among uniform ones: (R, N) positions.

    Every candidate is run several times; the worst has the least in-group share, then the latest
    first group. Its own score is selection noise: run it again with fresh randomness.
    """
    starts = Bench(config, seeds, config.candidates).world(config.num_agents)
    starts.reset(SEARCH)
    positions = starts.state()  # (R * candidates, N)
    search = Bench(config, seeds, config.candidates * config.candidate_runs)
    outcome = search.test(
        search.policy(tables, epsilon),
        num_agents=config.num_agents,
        start=np.repeat(positions, config.candidate_runs, axis=0),
        root=SEARCH,
    )
    shape = (len(seeds), config.candidates, config.candidate_runs)
    in_group = outcome.in_group.reshape(shape).mean(axis=2)
    first = outcome.first.reshape(shape).mean(axis=2)
    worst = np.lexsort((-first, in_group), axis=1)[:, 0]  # (R,)
    by_seed: NDArray[np.int64] = positions.reshape(len(seeds), config.candidates, -1)
    return by_seed[np.arange(len(seeds)), worst]
