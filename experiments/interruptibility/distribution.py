"""D2: does the law of one update depend on how likely interruptions are? Learners of tables.

One frozen table in the matching game, and what one kept update makes of the entry of action 0, at
theta = 0 and at 0.9. A true learner is rejected in a share of the tests that is their level, so
rates are judged and not single tests.
"""

from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.agents.tabular import QLearning
from rallypoint.agents.tabular.processing import KnownInterruption, Processing
from rallypoint.agents.tabular.transition import Transition
from rallypoint.draws import Floats, Integers, stream
from rallypoint.experiments.experiment import Finding, Metric, Progress
from rallypoint.experiments.findings import receipts_of, rows_by_seed
from rallypoint.experiments.interruptibility import DYNAMIC, OURS
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.frozen import frozen_rounds
from rallypoint.experiments.interruptibility.measure import TRAINING, interrupted
from rallypoint.experiments.interruptibility.rates import LEVEL, found_in, within_chance
from rallypoint.experiments.seeds import shards
from rallypoint.safety.certificates.cells import KeptUpdates, two_sample_cells
from rallypoint.safety.threats.interruption import Interruption

_THETA = 0.9
_LAW = np.array([[0.9, 0.1], [0.1, 0.9]])  # of proposed actions
_INSTEAD = {"agent_0": 0, "agent_1": 1}
_AT_ONCE = 500  # copies that draw for one seed together
_MOST_ROUNDS = 10_000
_ALPHA = 0.1

# By whether both agents have coins of their own: what is found to depend, and what is not.
_DEPENDENT: dict[bool, tuple[Processing, ...]] = {
    False: ("none", "drop_own", "executed_equals_proposed", "importance"),
    True: ("none",),
}
_TRUE: dict[bool, tuple[Processing, ...]] = {
    False: ("drop_any", "drop_others"),
    True: ("drop_own", "drop_any", "drop_others"),
}


class _Updates(NamedTuple):
    """What became of the entry, for each seed as often as it is needed."""

    values: Floats  # (R, n)
    kept: float  # share of the experience with this action


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Test each processing, with coins of the agents' own and with one coin for both."""
    for is_shared in (False, True):
        processings = (*_DEPENDENT[is_shared], *_TRUE[is_shared])
        bench = _Bench(config, seeds, progress, processings, is_shared)
        at_theta = yield from bench.updates(_THETA)
        at_0 = yield from bench.updates(0.0)
        for processing in processings:
            name = f"D2/tables/{'one-coin/' if is_shared else ''}{processing}"
            p_values = _p_values(config, seeds, name, at_0[processing], at_theta[processing])
            share = (p_values <= LEVEL).mean(axis=1)
            yield from rows_by_seed(name, seeds, rejected=share)
            yield Metric(f"{name}/kept", at_theta[processing].kept)
            yield Metric(f"{name}/rejected", float(share.mean()))
            coins = "one coin for both agents" if is_shared else "coins of their own"
            judge = found_in if processing in _DEPENDENT[is_shared] else within_chance
            yield judge(
                name,
                p_values.ravel(),
                statement=f"an update with processing {processing}, {coins}, at theta {_THETA:g} "
                f"and 0, {config.updates} kept in each",
                source=OURS if processing in {"drop_others", "importance"} else DYNAMIC,
            )


class _Bench(NamedTuple):
    """A frozen table, and all that is done to it."""

    config: InterruptibilityConfig
    seeds: tuple[int, ...]
    progress: Progress
    processings: tuple[Processing, ...]
    is_shared: bool  # one coin for both agents

    def updates(self, theta: float) -> Generator[Finding, None, dict[Processing, _Updates]]:
        """Make as many updates at theta as all tests of a seed take."""
        wanted = self.config.updates * self.config.repetitions
        threat = Interruption(theta=theta, shared=self.is_shared, policy={"actions": _INSTEAD})
        ids = shards(self.seeds, _AT_ONCE)
        env = interrupted("matching-game-v0", ids, threat, max_cycles=_MOST_ROUNDS + 1)
        known = KnownInterruption(np.full((2, 1), theta), np.eye(2)[:, None])
        lanes = {name: _Lane(name, wanted, len(self.seeds)) for name in self.processings}
        with self.progress(f"D2: updates at theta {theta:g}", wanted * len(lanes)) as advance:
            for transition in frozen_rounds(env, _LAW, _MOST_ROUNDS, known):
                lacking = [lane for lane in lanes.values() if lane.least < wanted]
                if not lacking:
                    break
                for lane in lacking:
                    advance(lane.learn(transition))
        coins = "one-coin/" if self.is_shared else ""
        yield receipts_of(f"D2/tables/{coins}theta-{theta:g}", env)
        return {name: lane.found() for name, lane in lanes.items()}


class _Lane:
    """One processing: the same update of a frozen table, again and again."""

    def __init__(self, processing: Processing, wanted: int, num_seeds: int) -> None:
        self.least = 0  # updates that every seed has; no more than are wanted
        self._learner = QLearning(processing=processing, alpha=_ALPHA, gamma=0.0)
        self._memory = self._learner.init(num_seeds * _AT_ONCE, 2, 1, 2)
        self._owners = np.repeat(np.arange(num_seeds), _AT_ONCE)
        self._counts = np.zeros(num_seeds, dtype=np.int64)
        self._wanted, self._offered = wanted, 0
        self._found: list[tuple[Integers, Floats]] = []

    def learn(self, transition: Transition) -> int:
        """Note what the entry of action 0 became; return how many more every seed has."""
        memory, before = self._memory, self.least
        self._learner.learn(memory, transition)
        tried = transition.executed[:, 0] == 0
        took = tried & (memory.past.kept[:, 0] > 0)
        owners = self._owners[took]
        self._found.append((owners, memory.tables[took, 0, 0, 0]))
        self._counts += np.bincount(owners, minlength=len(self._counts))
        self._offered += int(tried.sum())
        self.least = min(int(self._counts.min()), self._wanted)
        memory.tables[:] = 0
        memory.past.kept[:] = 0
        return self.least - before

    def found(self) -> _Updates:
        """Return the first updates of each seed, and the share that was kept."""
        values = _first(self._found, len(self._counts), self._wanted)
        return _Updates(values, float(self._counts.sum() / self._offered))


def _first(found: list[tuple[Integers, Floats]], num_seeds: int, wanted: int) -> Floats:
    """Return the first updates of each seed: (R, wanted)."""
    owners = np.concatenate([who for who, _ in found])
    values = np.concatenate([value for _, value in found])[np.argsort(owners, kind="stable")]
    starts = np.cumsum(np.bincount(owners, minlength=num_seeds)[:-1])
    return np.stack([own[:wanted] for own in np.split(values, starts)])


def _p_values(
    config: InterruptibilityConfig,
    seeds: tuple[int, ...],
    name: str,
    at_0: _Updates,
    at_theta: _Updates,
) -> Floats:
    """Test again and again, each time with updates of its own: (R, repetitions)."""
    shape = (len(seeds), config.repetitions, config.updates)
    p_values = np.empty(shape[:2])
    arms = [updates.values.reshape(shape) for updates in (at_0, at_theta)]
    cells = np.zeros(config.updates, dtype=np.int64)
    for place, seed in enumerate(seeds):
        for repetition in range(config.repetitions):
            rng = stream(TRAINING, "interruptibility/tables", name, seed, repetition)
            kept = [KeptUpdates(cells, arm[place, repetition], len(cells)) for arm in arms]
            test = two_sample_cells(
                kept[0], kept[1], rng, level=LEVEL, least_updates=min(100, len(cells))
            )
            p_values[place, repetition] = test.p_value
    return p_values
