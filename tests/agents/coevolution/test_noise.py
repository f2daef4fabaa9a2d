"""Which virulence the noise of a measurement allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.agents.coevolution.fitness import Fitness, harm_share
from rallypoint.agents.coevolution.noise import paired_noise, pooled, virulence_allowed
from rallypoint.errors import InvalidConfig


@given(noise=st.floats(0.012, 0.45), margin=st.floats(1, 2))
def test_infection_begins_at_so_many_standard_errors(noise, margin):
    allowed = Fitness(virulence=virulence_allowed(noise, margin=margin))
    assert allowed.threshold == pytest.approx(margin * noise)


def test_more_noise_allows_less_and_little_allows_what_the_source_has():
    found = [virulence_allowed(noise) for noise in np.linspace(0, 0.49, 30)]
    assert found[0] == 20
    assert (np.diff(found) <= 0).all()
    assert found[-1] > 1


def test_chance_alone_seldom_infects(rng):
    # Pathogens that do nothing, to hosts whose episodes are as good or as bad as they come.
    clean, attacked = rng.normal(150, 40, (2, 2000, 16)).clip(0, 200)
    noises = np.array([paired_noise(*pair, 200.0) for pair in zip(clean, attacked, strict=True)])
    fitness = Fitness(virulence=virulence_allowed(pooled(noises)))
    harms = harm_share(clean.mean(axis=1), attacked.mean(axis=1), 200.0)
    assert (fitness.values(harms) > 1).mean() < 0.05  # 2.3 % of a normal lie beyond two
    assert (Fitness().values(harms) > 1).mean() > 0.3  # with the virulence of the source


def test_pairs_that_start_alike_are_less_noisy(rng):
    starts = rng.normal(100, 30, 16)
    clean, attacked = starts + rng.normal(0, 3, 16), starts - 20 + rng.normal(0, 3, 16)
    paired = paired_noise(clean, attacked, 200.0)
    assert paired < paired_noise(clean, rng.permutation(attacked), 200.0) / 3
    taken = (clean - attacked) / 200
    assert paired == pytest.approx(np.sqrt(taken.var(ddof=1) / 16))


def test_what_was_not_measured_is_no_noise():
    assert pooled(np.array([np.nan, 0.3, 0.4])) == pytest.approx(np.sqrt(0.125))
    assert pooled(np.array([np.nan])) == 0


@pytest.mark.parametrize(
    ("noise", "settings", "says"),
    [
        (0.5, {}, "measure more episodes"),
        (-0.1, {}, "noise is >= 0"),
        (np.nan, {}, "noise is >= 0"),
        (0.1, {"margin": 0.0}, "margin > 0"),
        (0.1, {"most": 1.0}, "most > 1"),
    ],
)
def test_noise_that_hides_everything_is_refused(noise, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        virulence_allowed(noise, **settings)


@pytest.mark.parametrize("shapes", [((1,), (1,)), ((3,), (4,)), ((2, 2), (2, 2))])
def test_noise_of_no_pairs_is_refused(shapes):
    with pytest.raises(InvalidConfig, match="two or more episodes"):
        paired_noise(*map(np.zeros, shapes), 1.0)


def test_however_virulent_pathogens_may_be_infection_begins_beyond_the_noise():
    allowed = Fitness(virulence=virulence_allowed(0.1, most=1e308))
    assert allowed.threshold == pytest.approx(0.2)
