"""Noisy action: another one, or one beside, now and then."""

import numpy as np
import pytest
from gymnasium.spaces import MultiDiscrete
from scipy.stats import chisquare, kstest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.noisy_action import NoisyAction
from tests.safety.stubs import ground, moving


def first_step(threat, copies=2000):
    env = Threatened(ground(copies=copies), [threat])
    env.reset(seed=0)
    return env.step(moving(env)).infos


@pytest.mark.parametrize("epsilon", [0.0, 0.2, 1.0])
def test_a_hand_trembles_with_probability_epsilon(epsilon):
    infos = first_step(NoisyAction(epsilon=epsilon))
    walked = infos["executed/walkers"] != infos["proposed/walkers"]
    glided = (infos["executed/gliders"] != infos["proposed/gliders"]).any(axis=2)
    for slipped in (walked, glided):
        assert slipped.mean() == pytest.approx(epsilon, abs=0.03)


def test_the_other_actions_are_equally_likely():
    infos = first_step(NoisyAction(epsilon=1.0))
    chosen = infos["proposed/walkers"].ravel()
    assert (chosen == 1).all()
    counts = np.bincount(infos["executed/walkers"].ravel(), minlength=3)
    assert counts[1] == 0
    assert chisquare(counts[[0, 2]]).pvalue > 1e-4


def test_noise_is_added_to_real_numbers_in_half_widths_of_their_range():
    infos = first_step(NoisyAction(epsilon=1.0, scale=0.05))
    added = (infos["executed/gliders"] - infos["proposed/gliders"]).ravel()
    assert kstest(added, "norm", args=(0, 0.05)).pvalue > 1e-4  # the half-width is 1


def test_what_leaves_the_space_is_cut_off_at_its_bounds():
    infos = first_step(NoisyAction(epsilon=1.0, scale=5.0))
    executed = infos["executed/gliders"]
    assert (abs(executed) <= 1).all()
    assert (abs(executed) == 1).mean() > 0.7


def test_where_there_is_one_action_only_it_is_done():
    class Bound(ProvingGround):
        def __init__(self, **settings):
            super().__init__(**settings)
            from gymnasium.spaces import Discrete

            self.groups = (self.groups[0]._replace(action_space=Discrete(1)), self.groups[1])

    env = Threatened(Bound(copies=3), [NoisyAction(epsilon=1.0, victims=["walker_0"])])
    env.reset(seed=0)
    actions = {"walkers": np.zeros((3, 3), dtype=int), "gliders": np.zeros((3, 2, 2), np.float32)}
    assert not env.step(actions).infos["executed/walkers"].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epsilon": 1.5}, r"epsilon lies in \[0, 1\], got 1.5"),
        ({"scale": -0.1}, "a finite number >= 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        NoisyAction(**settings)


def test_hands_do_not_tremble_over_several_numbered_actions_at_once():
    world = ground()
    world.groups = (
        world.groups[0]._replace(action_space=MultiDiscrete([2, 2])),
        world.groups[1],
    )
    with pytest.raises(InvalidConfig, match="take random_action, with a probability in when"):
        Threatened(world, [NoisyAction()])
    Threatened(world, [NoisyAction(victims=["glider_0"])])
