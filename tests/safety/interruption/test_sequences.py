"""Theta that grows: by visits, by turns, by a function of one's own."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.errors import InvalidConfig
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.sequences import (
    ThetaSequence,
    counted,
    key_of,
    theta_of,
)
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import bits, ground, moving, play

HERE = "tests.safety.interruption.policies:"


class Coarse(ProvingGround):
    """A line whose state is rough, so that it is visited often."""

    def state(self):
        return np.sign(np.round(self.places[:, :2])).astype(np.int64)


def under(theta, *, copies=5, **settings):
    return Threatened(Coarse(copies=copies), [Interruption(theta=theta, **settings)])


@pytest.mark.parametrize("agents", [1, 2, 3])
@pytest.mark.parametrize("c", [1.0, 0.4])
def test_theta_follows_the_visits_of_the_state_by_the_formula(agents, c):
    env = under({"schedule": "visits", "c": c, "agents": agents})
    env.reset(seed=0)
    visits = [Counter() for _ in range(5)]  # of each copy, over all episodes
    for _ in range(60):
        expected = []
        for row, state in enumerate(env.state().tolist()):
            visits[row][tuple(state)] += 1
            n = visits[row][tuple(state)]
            expected.append(1 - c * n ** (-1 / (2 * agents)))
        alive = env.alive
        step = env.step(moving(env))
        theta = np.where(alive, np.array(expected)[:, None], 0)
        assert step.infos["theta"] == pytest.approx(theta)
        if step.ended.any():
            env.reset(mask=step.ended)
    assert max(max(counts.values()) for counts in visits) > 12  # more than an episode has steps


def test_without_agents_named_m_is_everybody_and_an_exponent_overrides_it():
    counts = np.array([1, 4, 100])
    everybody = theta_of(ThetaSequence(schedule="visits"), num_agents=5)
    assert everybody(counts) == pytest.approx(1 - counts ** (-1 / 10))
    mth_root = theta_of(ThetaSequence(schedule="visits", exponent=0.5, agents=2), num_agents=2)
    assert mth_root(counts) == pytest.approx(1 - counts**-0.5)


def test_with_the_right_exponent_exploration_goes_on_and_with_twice_that_it_dies_out():
    """All m agents explore, none interrupted, with chance (eps (1 - theta))^m; both fall alike."""
    counts = np.arange(1, 10**6)
    for m in (1, 2, 3):
        sums = []
        for exponent in (1 / (2 * m), 1 / m):
            sequence = ThetaSequence(schedule="visits", exponent=exponent)
            free = 1 - theta_of(sequence, num_agents=m)(counts)
            chances = (free * free) ** m  # exploration at the rate of 1 - theta
            sums.append([chances[:n].sum() for n in (10**3, 10**6 - 1)])
        (early, late), (early_twice, late_twice) = sums
        assert late - early == pytest.approx(math.log(10**3), rel=0.01)  # grows as log n
        assert late_twice - early_twice < 1e-2  # and this one has come to its bound


def test_theta_follows_steps_over_all_episodes_by_the_log():
    env = under({"schedule": "log", "c": 0.7})
    env.reset(seed=0)
    for t in range(1, 30):
        alive = env.alive
        step = env.step(moving(env))
        theta = max(0.0, 1 - 0.7 / math.log(t)) if t > 1 else 0.0
        assert step.infos["theta"] == pytest.approx(theta * alive)
        if step.ended.any():
            env.reset(mask=step.ended)


def test_a_copy_reset_early_keeps_its_own_count():
    env = under({"schedule": "log"}, copies=2)
    env.reset(seed=0)
    for step in range(6):
        if step == 3:
            env.reset(mask=np.array([True, False]))
        theta = env.step(moving(env)).infos["theta"]
    assert theta == pytest.approx(np.full((2, 5), 1 - 1 / math.log(6)))


def test_with_one_coin_an_episode_it_follows_episodes():
    env = under({"schedule": "log", "c": 0.5}, draw="episode", copies=4000)
    for episode in range(1, 6):
        env.reset(seed=0) if episode == 1 else env.reset()
        theta = max(0.0, 1 - 0.5 / math.log(episode)) if episode > 1 else 0.0
        assert env.will_interrupt.mean() == pytest.approx(theta, abs=0.02)
        assert env.step(moving(env)).infos["theta"] == pytest.approx(theta)


def test_a_seeded_reset_begins_all_counts_anew():
    env = under({"schedule": "visits"}, copies=3)
    first = bits(play(env, 30))
    assert bits(play(env, 30)) == first


def test_a_function_of_ones_own_is_called_with_turns_or_visits():
    for function in (HERE + "slow", lambda t: 1 - 1 / t):
        env = under(ThetaSequence(function=function))
        env.reset(seed=0)
        told = [env.step(moving(env)).infos["theta"][0, 0] for _ in range(4)]
        assert told == pytest.approx([0, 1 / 2, 2 / 3, 3 / 4])
    env = under({"function": HERE + "slow", "counts": "visits"})
    env.reset(seed=0)
    assert (env.step(moving(env)).infos["theta"] == 0).all()


def test_a_function_that_comes_to_give_no_theta_is_refused_there():
    env = under({"function": HERE + "reaches_one"})
    with pytest.raises(InvalidConfig, match=r"stays in \[0, 1\), got 1.0"):
        list(play(env, 4))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("one_at_once", r"stays in \[0, 1\), got 1.0"),
        ("flat", r"returns \(2,\), got float"),
        ("clueless", r"the function of theta is called with .* and raises KeyError: 'high'"),
    ],
)
def test_a_function_that_gives_no_theta_is_refused_when_the_frame_is_made(name, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        under({"function": HERE + name})


@pytest.mark.parametrize(
    ("theta", "sentence"),
    [
        ({"c": 0.5}, "a schedule or a function, one of the two"),
        ({"schedule": "visit"}, "'visit'; did you mean 'visits'"),
        ({"schedule": "visits", "c": 1.5}, r"c lies in \(0, 1\], .* got 1.5"),
        ({"schedule": "log", "c": 0}, "got 0"),
        ({"schedule": "log", "c": float("inf")}, "c lies above 0 and is finite"),
        ({"schedule": "visits", "agents": 0}, "agents is a number above 0"),
        ({"schedule": "visits", "exponent": -1.0}, "exponent is a number above 0"),
        ({"schedule": "log", "agents": 2}, "go with schedule = .visits."),
        ({"function": "m:f", "counts": "visit"}, "'visit'; did you mean 'visits'"),
        ({"schedule": "log", "counts": "visits"}, "counts goes with a function"),
    ],
)
def test_what_cannot_be_meant_is_refused(theta, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        Interruption(theta=theta)


def test_more_states_than_declared_are_refused_with_a_way_on():
    env = Threatened(ground(copies=2), [Interruption(theta={"schedule": "visits", "states": 3})])
    with pytest.raises(InvalidConfig, match="more than 3 different states; say how many"):
        list(play(env, 5))


@given(
    walks=st.lists(st.lists(st.integers(-3, 3), min_size=2, max_size=2), min_size=1, max_size=40),
    size=st.integers(7, 60),  # 7 states there are, so the smallest tables become full
    wide=st.booleans(),
)
def test_counting_is_counting(walks, size, wide):
    """Against a dict: two copies, whose states are numbers or pairs."""
    keys, visits = np.zeros((2, size), np.uint64), np.zeros((2, size), np.int64)
    by_hand = [Counter(), Counter()]
    for places in walks:
        states = np.array(places)
        states = np.stack([states, states**2], axis=1) if wide else states
        keys_before, visits_before = keys.copy(), visits.copy()
        after = counted(keys, visits, states)
        assert (keys == keys_before).all()
        assert (visits == visits_before).all()
        keys, visits, found = after
        for row, place in enumerate(places):
            by_hand[row][place] += 1
            assert found[row] == by_hand[row][place]


def test_equal_states_have_equal_keys_and_different_ones_do_not():
    numbers = np.arange(-50_000, 50_000)
    assert len(np.unique(key_of(numbers))) == len(numbers)
    pairs = np.stack(np.meshgrid(np.arange(300), np.arange(300)), axis=-1).reshape(-1, 2)
    assert len(np.unique(key_of(pairs))) == len(pairs)
    assert (key_of(np.array([0.0])) == key_of(np.array([-0.0]))).all()
    assert (key_of(np.array([3], np.int8)) == key_of(np.array([3], np.int64))).all()
