"""Stutter: the last action again, on a coin, whatever actions are made of."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.safety.threats.teammate.stutter import Stutter
from tests.safety.stubs import ground, play


def glides_of(threats, copies=300, steps=8):
    """What gliders chose and did at each step; NaN for those who had fallen: (steps, E, n, 2)."""
    env = Threatened(ground(copies=copies), threats)
    acted, chosen, done = np.ones((copies, 5), dtype=bool), [], []
    for step in play(env, steps):
        gliding = acted[:, 3:, None]
        chosen.append(np.where(gliding, step.infos["proposed/gliders"], np.nan))
        done.append(np.where(gliding, step.infos["executed/gliders"], np.nan))
        acted = step.alive
    return np.array(chosen), np.array(done)


def repeats(done):
    """Who did what they had done a step before: of those who acted at both, as they come."""
    same = (done[1:] == done[:-1]).all(axis=-1)
    return same[~np.isnan(done[1:]).any(axis=-1)]


def test_with_epsilon_1_everybody_goes_on_as_they_began():
    assert repeats(glides_of([RandomAction(), Stutter(epsilon=1.0)], copies=20)[1]).all()


def test_at_the_first_step_there_is_nothing_to_repeat():
    chosen, done = glides_of([Stutter(epsilon=1.0)], copies=5, steps=1)
    np.testing.assert_array_equal(chosen, done)


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_an_action_is_repeated_with_probability_epsilon(epsilon):
    found = repeats(glides_of([RandomAction(), Stutter(epsilon=epsilon)], steps=6)[1])
    assert found.mean() == pytest.approx(epsilon, abs=0.03)  # reals are never equal by chance


def test_what_is_repeated_is_what_was_done_not_what_was_chosen():
    chosen, done = glides_of([Stutter(epsilon=0.7)], steps=5)
    same = (done[1:] == done[:-1]).all(axis=-1)
    own = (done[1:] == chosen[1:]).all(axis=-1)
    fallen = np.isnan(done[1:]).any(axis=-1)
    assert (same | own | fallen).all()
    assert same.any()
    assert own.any()


def test_a_new_episode_begins_without_a_last_action():
    env = Threatened(ground(copies=3), [Stutter(epsilon=1.0)])
    env.reset(seed=0)
    ones = {"walkers": np.ones((3, 3), dtype=int), "gliders": np.zeros((3, 2, 2), np.float32)}
    twos = ones | {"walkers": np.full((3, 3), 2)}
    env.step(ones)
    env.reset(mask=np.array([True, False, False]))
    assert env.step(twos).infos["executed/walkers"][:, 0].tolist() == [2, 1, 1]


def test_it_keeps_the_contract_within_limits():
    assert_is_threat(Stutter(victims={"count": 1}, when={"every": 2}, budget={"agents": 1}))


def test_an_epsilon_that_is_no_probability_is_refused():
    with pytest.raises(InvalidConfig, match="epsilon lies in"):
        Stutter(epsilon=1.5)
