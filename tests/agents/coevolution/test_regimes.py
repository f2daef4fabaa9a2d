"""Regimes, told made-up results of bouts: budgets, draws, infections, species."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.agents.coevolution.bouts import Fought, row_of
from rallypoint.agents.coevolution.population import Population
from rallypoint.agents.coevolution.regimes import everybody_meets
from rallypoint.agents.coevolution.regimes.coevolution import Coevolution
from rallypoint.agents.coevolution.regimes.in_turns import OneAgainstOne, RoundRobin
from rallypoint.agents.coevolution.regimes.unopposed import Unopposed
from rallypoint.errors import InvalidConfig

SMALL = {"units": (4,), "birth_rounds": 3, "host_rounds": 2, "pathogen_rounds": 1}
SEVERAL = {"hosts": 3, "pathogens": 2}
REGIMES = {
    "coevolution": (Coevolution, {"earlier": ((2,), (3,)), **SEVERAL, "passes": 50}),
    "round_robin": (RoundRobin, SEVERAL),
    "one_against_one": (OneAgainstOne, {}),
    "unopposed": (Unopposed, {}),
}
every_regime = pytest.mark.parametrize("name", list(REGIMES))


def regime_of(name, ring, budget=30_000, **settings):
    kind, own = REGIMES[name]
    return kind(ring=ring, budget=budget, **(SMALL | own | settings))


class Played:
    """Carries a regime out with results that a rule makes up."""

    def __init__(self, regime, taken=0.3, clean=30.0, seed=0):
        self.regime = regime
        self.taken = taken if callable(taken) else lambda _: taken
        self.clean = clean
        self.population = regime.begin(seed)
        self.rounds = []  # (population before, meetings)
        self.steps = []

    def fought(self, meeting, bout):
        most = self.regime.cost(meeting)
        self.steps.append(most)
        clean, n = np.full(3, self.clean), 3
        attacked = clean * (1 - self.taken(self.population)) + np.arange(-1, n - 1) * 0.3
        learned = {name: part + 1 for name, part in bout.host.items()}
        return Fought(
            learned if meeting.host_rounds else bout.host,
            bout.pathogen,
            clean if meeting.measures_clean else None,
            attacked if meeting.measures_attacked else None,
            most,
        )

    def round(self):
        self.population, meetings = self.regime.ordered(self.population)
        if not meetings:
            return False
        self.rounds.append((self.population, meetings))
        bouts = self.regime.bouts(self.population, meetings)
        found = [self.fought(*each) for each in zip(meetings, bouts, strict=True)]
        self.population = self.regime.told(self.population, meetings, found)
        return True

    def whole(self):
        while self.round():
            assert len(self.rounds) < 5000
        return self


@every_regime
@pytest.mark.parametrize("taken", [0.0, 0.4])
def test_no_budget_is_exceeded_and_what_is_left_buys_nothing(name, taken, ring):
    least = regime_of(name, ring).least_budget
    for budget in (least, least + 1, 3 * least + 17, 30_000):
        played = Played(regime_of(name, ring, budget=budget), taken).whole()
        assert played.population.spent == sum(played.steps) <= budget
        # An attempt costs most: it is measured, then both learn, then they are measured again.
        dearest = 3 * 2 * 32 * 3 + 3 * 90 + 12 * 90
        assert budget - played.population.spent < dearest or budget < 2 * least


@every_regime
def test_an_empty_budget_is_refused_and_the_least_is_enough(name, ring):
    least = regime_of(name, ring).least_budget
    for budget in (0, least - 1):
        with pytest.raises(InvalidConfig, match=f"takes at least {least}"):
            regime_of(name, ring, budget=budget)
    Played(regime_of(name, ring, budget=least)).whole()


@every_regime
def test_nobody_is_in_two_bouts_of_a_round(name, ring):
    for _, meetings in Played(regime_of(name, ring)).whole().rounds:
        hosts = [meeting.host for meeting in meetings]
        pathogens = [m.pathogen for m in meetings if m.pathogen is not None]
        assert len(set(hosts)) == len(hosts)
        assert len(set(pathogens)) == len(pathogens)


@every_regime
def test_a_population_survives_its_snapshot_at_every_round(name, ring):
    played = Played(regime_of(name, ring, budget=12_000)).whole()
    for population, _ in played.rounds[::5]:
        snapshot = population.snapshot()
        again = Population.restored(snapshot).snapshot()
        assert snapshot.keys() == again.keys()
        for part, name_of_it in zip(snapshot.values(), snapshot, strict=True):
            np.testing.assert_array_equal(again[name_of_it], part)
            assert again[name_of_it].dtype == part.dtype


def test_a_snapshot_of_something_else_is_refused(ring):
    snapshot = regime_of("unopposed", ring).begin(0).snapshot()
    del snapshot["spent"]
    with pytest.raises(InvalidConfig, match="has spent"):
        Population.restored(snapshot)


@pytest.mark.parametrize(("hosts", "pathogens"), [(1, 3), (3, 1), (1, 1), (0, 2)])
def test_populations_of_one_are_refused(hosts, pathogens, ring):
    with pytest.raises(InvalidConfig, match="OneAgainstOne"):
        regime_of("coevolution", ring, hosts=hosts, pathogens=pathogens)
    if min(hosts, pathogens) < 1 or max(hosts, pathogens) == 1:
        with pytest.raises(InvalidConfig, match="OneAgainstOne"):
            regime_of("round_robin", ring, hosts=hosts, pathogens=pathogens)


@pytest.mark.parametrize("clean", [0.0, -5.0])
@pytest.mark.parametrize("name", ["coevolution", "round_robin"])
def test_hosts_who_earn_nothing_are_refused_with_the_reason(name, clean, ring):
    with pytest.raises(InvalidConfig, match="reference return > 0"):
        Played(regime_of(name, ring), clean=clean).whole()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reference": 0.0}, "reference return > 0"),
        ({"virulence": 1.0}, "virulence is a number > 1"),
        ({"passes": 0}, "passes and attempts"),
        ({"attempts": 0}, "passes and attempts"),
        ({"margin": 0.0}, "margin is > 0"),
        ({"shares": (1.0,)}, "one for each of 3 species"),
        ({"shares": (1.0, 0.0, 1.0)}, "one for each of 3 species"),
        ({"host_rounds": 0}, "host_rounds is a number >= 1"),
    ],
)
def test_a_coevolution_that_cannot_be_is_refused(settings, says, ring):
    with pytest.raises(InvalidConfig, match=says):
        regime_of("coevolution", ring, **settings)


def test_everybody_meets_everybody_once():
    for hosts in range(1, 5):
        for pathogens in range(1, 5):
            pairs = [pair for turn in everybody_meets(hosts, pathogens) for pair in turn]
            assert sorted(pairs) == [(h, p) for h in range(hosts) for p in range(pathogens)]


def test_one_against_one_takes_turns_and_measures_nothing(ring):
    (_, birth), *turns = Played(regime_of("one_against_one", ring)).whole().rounds
    assert [meeting[:2] for meeting in birth] == [(0, None)]
    assert len(turns) > 10
    assert {meetings[0] for _, meetings in turns} == {(0, 0, 2, 1, False, False)}


def test_a_round_robin_is_fair_and_chooses_in_the_end(ring):
    played = Played(regime_of("round_robin", ring)).whole()
    learning = [m for _, ms in played.rounds for m in ms if m.pathogen_rounds]
    counts = np.zeros((3, 2), dtype=int)
    for meeting in learning:
        counts[meeting[:2]] += 1
    assert counts.min() >= counts.max() - 1 > 3
    assert np.isfinite(played.population.harms).all()
    assert np.isfinite(played.population.clean).all()


def test_species_follow_each_other_and_pathogens_stay(ring):
    played = Played(regime_of("coevolution", ring)).whole()
    stages = [population.stage for population, _ in played.rounds]
    assert sorted(stages) == stages
    assert set(stages) == {0, 1, 2}
    sizes = {p.stage: p.hosts["parameters"].shape[1] for p, _ in played.rounds}
    assert sizes[0] < sizes[1] < sizes[2]
    firsts = [next(p for p, _ in played.rounds if p.stage == stage) for stage in range(3)]
    assert np.isnan(firsts[1].harms).all()
    assert firsts[1].spent > firsts[0].spent == 0
    # Shares of the budget, by species: a third each.
    assert firsts[1].spent == pytest.approx(10_000, abs=3000)
    assert firsts[2].spent == pytest.approx(20_000, abs=3000)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_at_a_bottleneck_it_is_forgotten_what_was_taken_elsewhere(bottleneck, ring):
    played = Played(regime_of("coevolution", ring, bottleneck=bottleneck)).whole()
    second = next(p for p, _ in played.rounds if p.stage == 1)
    np.testing.assert_allclose(second.elsewhere, 0 if bottleneck else 0.3)


def test_the_virulence_is_what_the_noise_allows_or_what_is_said(ring):
    played = Played(regime_of("coevolution", ring)).whole()
    noise = 0.3 / np.sqrt(3) / 30  # of what is made up: -0.3, 0, 0.3
    assert played.population.fitness.threshold == pytest.approx(2 * noise)
    played = Played(regime_of("coevolution", ring, virulence=5.0)).whole()
    assert played.population.virulence == 5


def attempted(regime):
    """Play until pairs are drawn for the first time."""
    played = Played(regime)
    while played.regime.ordered(played.population)[0].phase != 2:
        played.round()
    return played


def test_an_infection_lets_both_learn(ring):
    played = attempted(regime_of("coevolution", ring))
    played.round()
    drawn = [meeting[:2] for meeting in played.rounds[-1][1]]
    assert len(drawn) == 2
    played.round()
    assert [meeting[:2] for meeting in played.rounds[-1][1]] == drawn
    assert {meeting[2:] for meeting in played.rounds[-1][1]} == {(2, 1, True, True)}
    assert (played.population.full, played.population.silent) == (2, 0)
    assert played.population.attempts == 2


def test_hosts_that_are_weak_by_themselves_or_fit_are_infected_silently(ring):
    played = attempted(regime_of("coevolution", ring))
    clean = played.population.clean.copy()
    clean[:] = 30 * 0.85  # each loses 15 % by itself
    played.population = played.population.but(clean=clean)
    played.round()
    assert played.population.infected[:, 2].all()
    played.round()
    assert {meeting[2:] for meeting in played.rounds[-1][1]} == {(0, 1, False, True)}
    assert (played.population.full, played.population.silent) == (0, 2)


def test_a_fit_host_is_infected_silently(ring):
    # Up to a virulence of 20 whoever is infected is not fit; beyond there are harms in between.
    played = attempted(regime_of("coevolution", ring, virulence=40.0))
    played.population = played.population.but(harms=np.full((3, 2), np.nan))
    played.taken = lambda _: 0.005
    played.round()
    assert played.population.host_fitness[played.population.infected[:, 0]].min() > 0.95
    assert played.population.infected[:, 2].all()


def test_a_pathogen_is_as_fit_as_it_was_on_an_earlier_species(ring):
    population = attempted(regime_of("coevolution", ring, virulence=4.0)).population
    population = population.but(harms=np.full((3, 2), np.nan), elsewhere=np.array([0.0, 0.4]))
    expected = [0.05, population.fitness.values(0.4)]
    np.testing.assert_allclose(population.pathogen_fitness, expected)


def test_a_failure_makes_the_pathogen_leave(ring):
    played = attempted(regime_of("coevolution", ring, virulence=4.0))
    assert np.isfinite(played.population.harms).all()
    fitness = played.population.pathogen_fitness
    played.taken = lambda _: 0.0
    played.round()
    for meeting in played.rounds[-1][1]:
        assert np.isnan(played.population.harms[meeting[:2]])
    # They are as fit as on the hosts that still carry them.
    np.testing.assert_allclose(played.population.pathogen_fitness, fitness)
    assert played.population.phase == 2
    for _ in range(60):
        played.round()
        if np.isnan(played.population.harms).all() or played.population.stage:
            break
    assert np.isnan(played.population.harms).all()
    np.testing.assert_allclose(played.population.pathogen_fitness, 0.05)


def test_attempts_are_capped(ring):
    regime = regime_of("coevolution", ring, passes=1, attempts=2, budget=10**6, earlier=())
    played = Played(regime, taken=0.0).whole()
    assert played.population.attempts == 2 * 3 * 2  # nobody is infected
    assert played.population.full == 0
    played = Played(regime, taken=0.3).whole()
    assert played.population.full == 3 * 2  # everybody is, and a pass is over
    assert played.population.attempts == 3 * 2


def test_silent_infections_count_by_half(ring):
    weak = {"reference": 40.0, "passes": 1, "budget": 10**6, "earlier": ()}
    population = Played(regime_of("coevolution", ring, **weak)).whole().population
    assert (population.full, population.silent) == (0, 2 * 3 * 2)


def test_pairs_are_drawn_by_fitness(ring):
    regime = regime_of("coevolution", ring, virulence=4.0)
    population = attempted(regime).population
    harms = np.array([[0.5, np.nan], [np.nan, 0.12], [np.nan, np.nan]])
    population = population.but(harms=harms)
    hosts, pathogens = population.host_fitness, population.pathogen_fitness
    rng = np.random.default_rng(0)
    firsts = np.array([population.drawn(1, rng)[0] for _ in range(4000)])
    share = np.bincount(firsts[:, 0], minlength=3) / 4000
    np.testing.assert_allclose(share, hosts / hosts.sum(), atol=0.03)
    share = np.bincount(firsts[:, 1], minlength=2) / 4000
    np.testing.assert_allclose(share, pathogens / pathogens.sum(), atol=0.03)


def test_the_champion_has_the_least_load(ring):
    population = Played(regime_of("coevolution", ring)).whole().population
    harms = np.array([[0.3, 0.3], [0.4, np.nan], [0.1, 0.2]])
    population = population.but(harms=harms)
    assert population.champion == 2
    weak = population.clean.copy()
    weak[2] *= 0.5
    assert population.but(clean=weak).champion == 1
    assert replace(population, virulence=2.0).champion == 2


def test_what_a_bout_taught_is_put_where_it_belongs(ring):
    played = Played(regime_of("round_robin", ring))
    before = played.population
    played.round()
    for host in range(3):
        was, now = (row_of(each.hosts, host) for each in (before, played.population))
        np.testing.assert_array_equal(now["parameters"], was["parameters"] + 1)
    assert played.population.number == 3
