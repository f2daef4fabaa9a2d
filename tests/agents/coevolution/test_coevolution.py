"""Co-evolution: who is drawn, who is infected and how, and what species follow."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from tests.agents.coevolution.played import Played, regime_of


@pytest.mark.parametrize(("hosts", "pathogens"), [(1, 3), (3, 1), (1, 1), (0, 2)])
def test_populations_of_one_are_refused(hosts, pathogens, ring):
    with pytest.raises(InvalidConfig, match="OneAgainstOne"):
        regime_of("coevolution", ring, hosts=hosts, pathogens=pathogens)
    if min(hosts, pathogens) < 1 or max(hosts, pathogens) == 1:
        with pytest.raises(InvalidConfig, match="OneAgainstOne"):
            regime_of("round_robin", ring, hosts=hosts, pathogens=pathogens)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reference": 0.0}, "reference return > 0"),
        ({"virulence": 1.0}, "virulence is a finite number > 1"),
        ({"virulence": float("inf")}, "virulence is a finite number > 1"),
        ({"shares": (float("nan"), 1.0, 1.0)}, "one for each of 3 species"),
        ({"budget": "much"}, "budget is an integer, got 'much'"),
        ({"birth_rounds": 1.5}, "birth_rounds is an integer, got 1.5"),
        ({"units": (8, 0)}, r"units are units of hidden layers, each >= 1, got \(8, 0\)"),
        ({"earlier": ((0,), (4,))}, "earlier species are units of hidden layers"),
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


def attempted(regime, **made_up):
    """Play until pairs are drawn for the first time."""
    played = Played(regime, **made_up)
    while played.regime.ordered(played.population)[0].phase != 2:
        played.round()
    return played


def test_the_reference_is_the_return_of_the_best_newborn_or_what_is_said(ring):
    own = [20.0, 28.0, 24.0]
    population = attempted(regime_of("coevolution", ring), clean=own).population
    assert population.reference == 28
    np.testing.assert_allclose(population.lost, [1 - 20 / 28, 0, 1 - 24 / 28])
    said = regime_of("coevolution", ring, reference=40.0)
    assert attempted(said, clean=own).population.reference == 40


def test_who_infects_nobody_at_the_first_meeting_is_not_carried(ring):
    regime = regime_of("coevolution", ring, virulence=4.0)
    assert np.isnan(attempted(regime, taken=0.05).population.harms).all()
    assert np.isfinite(attempted(regime, taken=0.3).population.harms).all()


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
