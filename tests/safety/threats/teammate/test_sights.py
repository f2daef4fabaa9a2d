"""Lossy and spoofed sight: who is missed, and who is seen where, on coins of their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

import rallypoint
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.sight import Sight
from rallypoint.safety.threats.teammate.lossy_sight import LossySight, fallen_for, missed
from rallypoint.safety.threats.teammate.spoofed_sight import SpoofedSight
from rallypoint.safety.threats.wrong_observation import WrongObservation

WORLDS = ("gathering-v0", "torus-v0")
KINDS = (LossySight, SpoofedSight)


def seen_and_true(threat, id="gathering-v0", copies=400, **settings):
    env = Threatened(rallypoint.make(id, copies=copies, **settings), [threat])
    return env.reset(seed=0)["agents"], env.true_observations["agents"]


@given(
    others=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    seed=st.integers(0, 100),
)
def test_each_of_the_others_has_a_coin_of_its_own(others, seed):
    counts = np.array(others, dtype=float)
    coins = np.random.default_rng(seed).random(sum(others)) < 0.5
    expected, first = [], 0
    for number in others:
        expected.append(coins[first : first + number].sum())
        first += number
    assert fallen_for(counts[None], coins[None])[0].tolist() == expected


@pytest.mark.parametrize("id", WORLDS)
@given(num_agents=st.integers(1, 70), seed=st.integers(0, 2**32), blur=st.floats(0, 2))
def test_compiled_or_not_the_same_is_left_of_any_percepts(id, num_agents, seed, blur):
    world = rallypoint.make(id, num_agents=num_agents)
    world.reset(seed=0)
    sight = Sight.of(world, world.groups[0])
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(num_agents, rng.dirichlet(np.ones(len(sight.offsets))), size=40)
    blurred = counts + blur * rng.normal(size=counts.shape)  # as a threat before may leave them
    percepts = (np.clip(blurred, 0, num_agents) * sight.unit).astype(np.float32)
    percepts = np.clip(percepts, 0, np.float32(sight.highest))
    percepts[rng.random(40) < 0.2] = 0
    coins = rng.random((40, num_agents)) < rng.random()
    left = []
    for switch in "01":
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RALLYPOINT_FAST", switch)
            left.append(missed(sight, percepts, coins))
    assert left[0].dtype == left[1].dtype == np.float32
    np.testing.assert_array_equal(left[0], left[1])


@pytest.mark.parametrize("loss", [0.0, 0.3, 1.0])
def test_each_of_the_others_is_missed_with_the_same_probability(loss):
    seen, true = seen_and_true(LossySight(loss=loss))
    others = true.sum(axis=-1) - 1
    assert (1 - (seen.sum(axis=-1) - 1) / others).mean() == pytest.approx(loss, abs=0.01)
    missed = (true - seen).sum(axis=(0, 1)) / np.maximum(true.sum(axis=(0, 1)), 1)
    np.testing.assert_allclose(missed[1:], loss, atol=0.04)  # wherever they stand
    assert (seen <= true).all()
    assert (seen[..., 0] >= 1).all()  # oneself is never missed


@pytest.mark.parametrize("place", ["anywhere", "opposite"])
def test_spoofing_moves_others_and_changes_no_total(place):
    seen, true = seen_and_true(SpoofedSight(share=0.5, place=place))
    np.testing.assert_array_equal(seen.sum(axis=-1), true.sum(axis=-1))
    assert (seen != true).any(axis=-1).mean() > 0.9


def test_spoofed_to_the_opposite_a_percept_is_mirrored():
    seen, true = seen_and_true(SpoofedSight(share=1.0, place="opposite"))
    np.testing.assert_array_equal(seen[..., 1:], true[..., :0:-1])
    np.testing.assert_array_equal(seen[..., 0], true[..., 0])


def test_spoofed_to_anywhere_all_places_are_equally_likely():
    seen, _ = seen_and_true(SpoofedSight(share=1.0))
    counts = seen.sum(axis=(0, 1)).astype(int)
    counts[0] -= 4000  # the observers themselves
    assert counts.sum() == 9 * 4000
    assert chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_was_made_to_see_nothing_goes_on_seeing_nothing(kind):
    blind = WrongObservation(mode="zeros", victims=[0])
    env = Threatened(rallypoint.make("torus-small-v0", copies=3), [blind, kind(victims=[0, 1])])
    other = Threatened(rallypoint.make("torus-small-v0", copies=3), [kind(victims=[0, 1])])
    seen, alone = env.reset(seed=0)["agents"], other.reset(seed=0)["agents"]
    assert not seen[:, 0].any()
    np.testing.assert_array_equal(seen[:, 1:], alone[:, 1:])


def test_spoofing_nobody_changes_nothing():
    seen, true = seen_and_true(SpoofedSight(share=0.0))
    np.testing.assert_array_equal(seen, true)


@pytest.mark.parametrize("kind", KINDS)
def test_those_who_are_no_victims_see_what_is_true(kind):
    seen, true = seen_and_true(kind(victims=[3]))
    np.testing.assert_array_equal(np.delete(seen, 3, axis=1), np.delete(true, 3, axis=1))
    assert (seen[:, 3] != true[:, 3]).any()


@pytest.mark.parametrize("id", WORLDS)
@pytest.mark.parametrize("kind", KINDS)
def test_they_keep_the_contract_where_percepts_count_others(kind, id):
    assert_is_threat(kind(victims={"count": 2}), env=rallypoint.make(id, copies=3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_world_without_geometry_is_refused(kind):
    with pytest.raises(NotOffered, match="needs geometry"):
        Threatened(rallypoint.make("cartpole-v1"), [kind()])


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InvalidConfig, match="loss is a probability, got 2"):
        LossySight(loss=2)
    with pytest.raises(InvalidConfig, match="share is a probability, got -1"):
        SpoofedSight(share=-1)
    with pytest.raises(InvalidConfig, match="'oposite'; did you mean 'opposite'"):
        SpoofedSight(place="oposite")


def test_where_a_place_has_no_opposite_none_can_be_shown():
    with pytest.raises(InvalidConfig, match=r"opposites it does not; give place = 'anywhere'"):
        Threatened(rallypoint.make("gathering-v0", cells=6), [SpoofedSight(place="opposite")])
