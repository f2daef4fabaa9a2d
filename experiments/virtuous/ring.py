"""V3: a team that gathers, lied to about where the others are, and then left alone."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.agents.tabular.traced_q_learning import TracedQLearning
from rallypoint.agents.tabular.training import train
from rallypoint.batch_env import Array, BatchEnv
from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.gathering import metrics
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.experiment import File, Finding, Metric, Progress
from rallypoint.experiments.findings import receipts_of, rows_by_seed
from rallypoint.experiments.seeds import shards
from rallypoint.experiments.virtuous import TEMPEZ, picture
from rallypoint.experiments.virtuous.config import VirtuousConfig
from rallypoint.experiments.virtuous.measure import TEST, TRAINING
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat

_AGENTS, _CELLS = 10, 13
_CYCLE = 5 * _CELLS
_AHEAD = np.array([0, 1, -1])  # of each action, in cells
CRITERIA = {  # by which percepts are chosen, and how claims say so
    "random": "at random",
    "value": "worst by its own values",
    "goal": "worst for the goal",
}


@dataclass(frozen=True, kw_only=True)
class WorstPercepts(Threat):
    """Agents see what makes them do what is worst, by a criterion, whatever they would see.

    "goal": to move away from where the others are, on circular mean; "value": what their own table
    holds for worth least at the true percept; "random": any action. A percept is any arrangement of
    the team that an agent could stand in; one is shown whose best action, by the agent's own table,
    is the wanted one. Where there is none, the truth is shown.
    """

    kind: ClassVar[str] = "worst_percepts"
    site: ClassVar[Site] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept", "true_state"})

    knowledge: tuple[str, ...] = ("own_percept", "true_state")
    criterion: str = "goal"

    # Of an instance that knows whom it attacks:
    _seeds: ClassVar[Any] = None  # (R,) of the teams, rising
    _each: ClassVar[int] = 1  # copies of each team, which stand one after another
    _tables: ClassVar[Any] = None  # (R, N, S, A)
    _shown: ClassVar[Any] = None  # (R, N, A, L) what brings an action about; NaN where nothing does

    def __post_init__(self) -> None:
        """Refuse a criterion that is none.

        Raises:
            InvalidConfig: names those there are.
        """
        super().__post_init__()
        if self.criterion not in CRITERIA:
            raise InvalidConfig(
                f"a criterion is one of {', '.join(CRITERIA)}, got {self.criterion!r}"
            )

    def against(self, tables: Floats, seeds: Sequence[int], each: int) -> Self:
        """Return it as it attacks teams with tables (R, N, S, A), so many copies of each seed."""
        found = copy.copy(self)
        known = {"seeds": np.asarray(seeds), "each": each, "tables": tables}
        for name, value in {**known, "shown": _percepts_for_actions(tables)}.items():
            object.__setattr__(found, f"_{name}", value)
        return found

    @property
    def can_show(self) -> float:
        """For which share of the agents' actions there is a percept that brings it about."""
        return float(np.isfinite(self._shown[..., 0]).mean())

    def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Show what brings the wanted action about."""
        seen = known.own_percept
        numbers = draws.random((seen.shape[1],))
        team = self._team(known)
        if self.criterion == "goal":
            wanted = _away(np.asarray(known.true_state))
        elif self.criterion == "value":
            rows = Sectors(cells=_CELLS)(seen)
            values = self._tables[team[:, None], np.arange(seen.shape[1]), rows]
            wanted = values.argmin(axis=2)
        else:
            wanted = (numbers * len(_AHEAD)).astype(np.int64)
        shown = self._shown[team[:, None], np.arange(seen.shape[1]), wanted]  # (e, n, L)
        exists = np.isfinite(shown[..., 0])
        lies = np.where(exists[..., None], shown, seen).astype(seen.dtype)
        return Proposal(known.affordable & exists, lies), state

    def _team(self, known: Known) -> Integers:
        """Return which of the R teams each copy is of: (e,)."""
        found: Integers = np.searchsorted(self._seeds, known.copies // self._each)
        return found


def _percepts_for_actions(tables: Floats) -> Floats:
    """Return an arrangement (R, N, A, L) that brings each action about; NaN where none does."""
    candidates = _arrangements()  # (C, L)
    rows = Sectors(cells=_CELLS)(candidates[None].astype(np.float32))[0]
    values = tables[:, :, rows]  # (R, N, C, A)
    best = values.max(axis=3, keepdims=True)
    is_best = values == best
    sure = is_best.sum(axis=3) == 1  # where actions tie, any of them may be taken
    margins = best[..., 0] - np.sort(values, axis=3)[..., -2]
    shown = np.full((*tables.shape[:2], tables.shape[3], _CELLS), np.nan)
    for action in range(tables.shape[3]):
        fits = sure & is_best[..., action]
        chosen = np.where(fits, margins, -np.inf).argmax(axis=2)  # (R, N) the clearest
        exists = fits.any(axis=2)
        shown[:, :, action][exists] = candidates[chosen][exists]
    return shown


def _arrangements() -> Array:
    """List places that the others could stand in, as counts ahead of oneself: (C, L)."""
    found = []
    for first in range(_CELLS):
        for second in range(first, _CELLS):
            for share in (9, 6, 5) if second != first else (9,):
                counts = np.zeros(_CELLS)
                counts[0] += 1
                counts[first] += share
                counts[second] += _AGENTS - 1 - share
                found.append(counts)
    return np.array(found)


def _away(positions: Integers) -> Integers:
    """Return the action that leads each agent furthest from the circular mean: (E, N)."""
    angles = 2 * np.pi * positions / _CELLS
    mean = np.angle(np.exp(1j * angles).mean(axis=1, keepdims=True))  # (E, 1)
    after = 2 * np.pi * (positions[..., None] + _AHEAD) / _CELLS  # (E, N, A)
    apart = np.abs(np.angle(np.exp(1j * (after - mean[..., None]))))
    found: Integers = apart.argmax(axis=2)
    return found


class _Course(NamedTuple):
    """What became of teams, cycle by cycle."""

    gathered: Floats  # (R, T) share of the copies with a group, after each step
    regroups: Floats  # (R,) mean steps from the end of the lies to the first group after it


def findings(
    config: VirtuousConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Train teams, lie to them for one cycle, and leave them alone for another."""
    learner = TracedQLearning()
    ordered = sorted(seeds)
    world = rallypoint.make("gathering-v0", copies=ordered, num_agents=_AGENTS, cells=_CELLS)
    with progress("V3: training", config.cycles) as advance:
        state = train(
            world,
            learner,
            Sectors(cells=_CELLS),
            episodes=config.cycles,
            seed=TRAINING,
            after_episode=lambda *_: advance(),
        )
    tables = state.tables
    courses: dict[str, Floats] = {}
    with progress("V3: lied to, and left alone", len(CRITERIA)) as advance:
        for criterion in CRITERIA:
            when = {"until": _CYCLE, "probability": config.share}
            threat = WorstPercepts(criterion=criterion, when=when)
            threat = threat.against(tables, ordered, config.test_cycles)
            ids = shards(ordered, config.test_cycles)
            longer = rallypoint.make(
                "gathering-v0",
                copies=ids,
                num_agents=_AGENTS,
                cells=_CELLS,
                max_cycles=2 * _CYCLE,
            )
            env = Threatened(longer, threat)
            course = _played(env, tables, config, len(ordered))
            yield receipts_of(f"V3/{criterion}", env)
            courses[criterion] = course.gathered
            yield Metric(f"V3/{criterion}/can-show", threat.can_show)
            yield from _judge(criterion, ordered, course)
            advance()
    yield File("V3-ring.png", picture.ring(courses, _CYCLE))


def _played(env: BatchEnv, tables: Floats, config: VirtuousConfig, teams: int) -> _Course:
    each = env.num_copies // teams
    replicates = np.repeat(np.arange(teams), each)
    policy = TabularPolicy(tables, Sectors(cells=_CELLS), config.test_epsilon, replicates)
    draws = Draws(TEST, "virtuous/ring", env.copies)
    gathered = np.zeros((env.num_copies, 2 * _CYCLE), dtype=bool)
    for moment in play(env, policy, draws, seed=TEST):
        counts = metrics.counts(env.state(), _CELLS)
        gathered[:, moment.time] = metrics.is_gathered(counts)
    after = gathered[:, _CYCLE:]
    first = np.where(after.any(axis=1), after.argmax(axis=1) + 1, _CYCLE)
    by_team = (teams, each)
    return _Course(gathered.reshape(*by_team, -1).mean(axis=1), first.reshape(by_team).mean(axis=1))


def _judge(criterion: str, seeds: Sequence[int], course: _Course) -> Iterator[Finding]:
    half = _CYCLE // 2
    during = course.gathered[:, half:_CYCLE].mean(axis=1)
    recovered = course.gathered[:, _CYCLE + half :].mean(axis=1)
    name = f"V3/{criterion}"
    columns = {"during": during, "after": recovered, "regroups": course.regroups}
    yield from rows_by_seed(name, seeds, **columns)
    yield Metric(f"{name}/during", float(during.mean()))
    yield Metric(f"{name}/regroups", float(course.regroups.mean()))
    yield claim_over_seeds(
        f"{name}/recovers",
        recovered,
        statement="when lies stop, a team gathers again within a cycle: share of the second half "
        f"of that cycle with a group, after a cycle of lies chosen {CRITERIA[criterion]}",
        source=TEMPEZ,
        expected=">= 0.95 on every seed",
    )
    if criterion == "goal":
        yield claim_over_seeds(
            f"{name}/breaks",
            during,
            statement="one lie in five, chosen worst for the goal, keeps a team from gathering: "
            "share of the second half of the attacked cycle with a group",
            source=TEMPEZ,
            expected="<= 0.2",
        )
