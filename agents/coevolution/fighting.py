"""Fights bouts: those who do the same learn and are measured side by side."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from rallypoint.agents.adversary.trainee import Trainee, copies_of
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.coevolution.bouts import Bout, Fought, Learned, row_of, stacked
from rallypoint.agents.coevolution.ring import Ring, Units
from rallypoint.agents.coevolution.waking import Waking
from rallypoint.agents.evaluation import evaluate
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats, stream

_MEASURING = 1 << 33  # seed of worlds in which hosts are measured, and nobody learns
_KEYS = 1 << 40
Kind = TypeVar("Kind", bound=Hashable)


def fight(ring: Ring, bouts: Sequence[Bout]) -> list[Fought]:
    """Return what comes of each bout; it does not depend on which others there are."""
    corners = [_Corner(bout) for bout in bouts]
    for (units, rounds), some in _alike(corners, lambda at: (at.units, at.bout.pathogen_rounds)):
        if rounds:
            _pathogens_learn(ring, units, rounds, some)
    for (units, rounds, alone), some in _alike(
        corners, lambda at: (at.units, at.bout.host_rounds, at.pathogen is None)
    ):
        if rounds:
            _hosts_learn(ring, units, rounds, some, alone=alone)
    for attacked in (False, True):
        wanted = [at for at in corners if _is_measured(at.bout, attacked=attacked)]
        # Bouts of one population are measured in the same episodes, which no world has twice.
        turns: Counter[int] = Counter()
        for at in wanted:
            at.turn = turns[at.bout.seed]
            turns[at.bout.seed] += 1
        for (units, _), some in _alike(wanted, lambda at: (at.units, at.turn)):
            _measure(ring, units, some, attacked=attacked)
    return [at.fought() for at in corners]


class _Corner:
    """A bout as it stands."""

    def __init__(self, bout: Bout) -> None:
        self.bout = bout
        self.units = bout.units
        self.host, self.pathogen = bout.host, bout.pathogen
        self.clean: Floats | None = None
        self.attacked: Floats | None = None
        self.steps = 0
        self.turn = 0  # among its population's bouts that are measured now

    @property
    def key(self) -> int:
        """Keys what is drawn in this bout alone."""
        rng = stream(self.bout.seed, "coevolution/bout", self.bout.number)
        return int(rng.integers(_KEYS))

    @property
    def measured_by(self) -> int:
        """Keys the episodes in which all of a population are measured: they are the same."""
        return int(stream(self.bout.seed, "coevolution/measured").integers(_KEYS))

    def fought(self) -> Fought:
        """Return what came of it."""
        return Fought(self.host, self.pathogen, self.clean, self.attacked, self.steps)


def _pathogens_learn(ring: Ring, units: Units, rounds: int, some: Sequence[_Corner]) -> None:
    keys = [at.key for at in some]
    hosts = ring.host_policy(units, stacked([at.host for at in some]))
    world = ring.make(copies_of(keys, ring.copies))
    view = adversary_view(world, hosts, "perception", reach=ring.reach)
    trainee = Trainee(view, ring.pathogen, keys, role="pathogen")
    trainee.go_on_from(_pathogens_of(some))
    trainee.train(rounds)
    for at, learned in zip(some, _rows(trainee), strict=True):
        at.pathogen = learned
        at.steps += ring.learning_cost(rounds, of_host=False)


def _hosts_learn(
    ring: Ring, units: Units, rounds: int, some: Sequence[_Corner], *, alone: bool
) -> None:
    keys = [at.key for at in some]
    world: BatchEnv = ring.make(copies_of(keys, ring.copies))
    if not alone:
        pathogens = ring.pathogen_policy(_pathogens_of(some), greedy=False)
        world = ring.infected(world, Waking(pathogens, ring.attacked, ring.copies))
    trainee = Trainee(world, ring.host_learner(units), keys, role="host")
    trainee.go_on_from(stacked([at.host for at in some]))
    trainee.train(rounds)
    for at, learned in zip(some, _rows(trainee), strict=True):
        at.host = learned
        at.steps += ring.learning_cost(rounds, of_host=True)


def _measure(ring: Ring, units: Units, some: Sequence[_Corner], *, attacked: bool) -> None:
    hosts = ring.host_policy(units, stacked([at.host for at in some]))
    env: BatchEnv = ring.make(copies_of([at.measured_by for at in some], ring.episodes))
    if attacked:
        env = ring.infected(env, ring.pathogen_policy(_pathogens_of(some)))
    found = evaluate(env, hosts, episodes=env.num_copies, seed=_MEASURING)
    returns = found.returns[:, 0].reshape(len(some), ring.episodes)
    lengths = found.lengths[:, 0].reshape(len(some), ring.episodes).sum(axis=1)
    for at, of_host, steps in zip(some, returns, lengths.tolist(), strict=True):
        at.steps += steps
        if attacked:
            at.attacked = of_host
        else:
            at.clean = of_host


def _is_measured(bout: Bout, *, attacked: bool) -> bool:
    return bout.measures_attacked if attacked else bout.measures_clean


def _pathogens_of(some: Sequence[_Corner]) -> Learned:
    return stacked([at.pathogen for at in some if at.pathogen is not None])


def _rows(trainee: Trainee) -> list[Learned]:
    learned = trainee.learned
    return [row_of(learned, run) for run in range(len(learned["parameters"]))]


def _alike(
    corners: Sequence[_Corner], kind: Callable[[_Corner], Kind]
) -> Iterator[tuple[Kind, list[_Corner]]]:
    """Yield those of each kind together, kinds as they first come."""
    for each in dict.fromkeys(kind(at) for at in corners):
        yield each, [at for at in corners if kind(at) == each]
