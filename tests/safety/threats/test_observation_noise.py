"""Observation noise: of the law and the size that it says, entry by entry."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from scipy.stats import kstest

import rallypoint
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.observation_noise import ObservationNoise, _within
from tests.safety.stubs import actions_at, ground, play


def cartpole(threat, copies=2000):
    return Threatened(rallypoint.make("cartpole-v1", copies=copies), [threat])


@pytest.mark.parametrize(("noise", "law"), [("gaussian", ("norm", (0, 1))), ("uniform", None)])
def test_noise_has_its_law_and_its_scale_in_each_entry(noise, law):
    scales = (0.5, 0.25, 0.01, 2.0)
    env = cartpole(ObservationNoise(noise=noise, scale=scales))
    seen = env.reset(seed=0)["agents"]
    added = (seen - env.true_observations["agents"])[:, 0] / scales
    name, parameters = law or ("uniform", (-1, 2))
    for entry in range(4):
        assert kstest(added[:, entry], name, args=parameters).pvalue > 1e-4
    assert (abs(np.corrcoef(added.T) - np.eye(4)) < 4 / np.sqrt(2000)).all()


def test_victims_see_noise_and_the_rest_the_truth_and_the_world_goes_on_alike():
    bare = list(play(ground(), 15))
    env = Threatened(ground(), [ObservationNoise(scale=1.0, victims=["walker_0", 4])])
    for true, step in zip(bare, play(env, 15), strict=True):
        for group, columns in (("walkers", [0]), ("gliders", [1])):
            seen, was = step.observations[group], step.infos[f"true_observations/{group}"]
            assert (was == true.observations[group]).all()
            others = np.setdiff1d(np.arange(seen.shape[1]), columns)
            assert (seen[:, others] == was[:, others]).all()
            there = step.alive[:, columns[0] + (3 if group == "gliders" else 0)]
            assert (seen[:, columns] != was[:, columns]).any(axis=(1, 2))[there].all()
        assert (step.rewards == true.rewards).all()


def test_what_leaves_the_space_is_cut_off_at_its_bounds():
    world = ground(copies=200)
    world.groups = tuple(
        group._replace(observation_space=Box(-1.0, 50.0, group.observation_space.shape, np.float32))
        for group in world.groups
    )
    env = Threatened(world, [ObservationNoise(scale=100.0)])
    seen = env.reset(seed=0)["walkers"]
    assert (seen >= -1).all()
    assert (seen <= 50).all()
    assert (seen == -1).any()
    assert (seen == 50).any()


def test_whole_numbers_are_rounded():
    class Counting(type(ground())):
        def __init__(self, **settings):
            super().__init__(gliders=0, **settings)
            walkers = self.groups[0]._replace(observation_space=Box(-9, 9, (3,), np.int16))
            self.groups = (walkers, self.groups[1])

        def _observe(self):
            return {k: np.rint(v).astype(np.int16) for k, v in super()._observe().items()}

    env = Threatened(Counting(copies=4000), [ObservationNoise(noise="uniform", scale=1.0)])
    seen = env.reset(seed=0)["walkers"]
    assert seen.dtype == np.int16
    added = seen - env.true_observations["walkers"]
    counts = [np.mean(added == off) for off in (-1, 0, 1)]
    assert counts == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_a_scale_of_zero_shows_the_truth():
    env = Threatened(ground(), [ObservationNoise(scale=0.0)])
    for step in play(env, 10):
        for group in ("walkers", "gliders"):
            assert (step.observations[group] == step.infos[f"true_observations/{group}"]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": [0.1, 0.2]}, "scale has 2 entries, and what group 'walkers' sees has 3"),
        ({"scale": [0.1, 0.2, 0.3]}, "scale has 3 entries, and what group 'gliders' sees has 4"),
    ],
)
def test_scales_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        Threatened(ground(), [ObservationNoise(**settings)])


def test_scales_need_to_fit_those_only_who_may_be_touched():
    env = Threatened(ground(), [ObservationNoise(scale=[0.0, 0.0, 1.0], victims=["walker_1"])])
    env.reset(seed=0)
    step = env.step(actions_at(env, 0))
    changed = step.observations["walkers"] != step.infos["true_observations/walkers"]
    assert changed[:, 1, 2].all()
    assert changed.sum() == changed[:, 1, 2].sum()


def test_one_number_is_nothing_to_add_noise_to():
    world = ground()
    world.groups = tuple(g._replace(observation_space=Discrete(4)) for g in world.groups)
    with pytest.raises(InvalidConfig, match='wrong_observation with mode = "swap" needs none'):
        Threatened(world, [ObservationNoise()])


def test_a_negative_scale_is_refused():
    with pytest.raises(InvalidConfig, match="a finite number >= 0, got -1"):
        ObservationNoise(scale=[0.1, -1.0])


SPACES = [
    Box(0, 10, (3,), np.float32),
    Box(-1, 0, (3,), np.float32),
    Box(-0.1, 0.3, (2, 3), np.float16),
    Box(-np.inf, np.inf, (3,), np.float32),
    Box(np.float32([0, -1, 0.1]), np.float32([1, 0, 0.7])),
    Box(0, 255, (3,), np.uint8),
    Box(-(2**62), 2**62, (3,), np.int64),
    Box(0, 1, (0,), np.float32),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_what_leaves_the_space_is_cut_off_entry_by_entry_to_the_bit(space, rng):
    for size in (1e-300, 1e-40, 1e-3, 1.0, 1e4):
        blurred = rng.normal(0, size, (40, *space.shape))
        blurred[rng.random(blurred.shape) < 0.1] = -0.0
        for bound in (space.low, space.high):
            beside = np.nextafter(bound.astype(np.float64), rng.choice([-np.inf, np.inf]))
            at = (rng.random(blurred.shape) < 0.1) & np.isfinite(bound)
            blurred = np.where(at, beside, blurred)
        rounded = np.rint(blurred) if space.dtype.kind in "iu" else blurred
        expected = np.clip(rounded, space.low, space.high).astype(space.dtype)
        expected = np.clip(expected, space.low, space.high)
        found = _within(blurred.copy(), space)
        assert found.dtype == space.dtype
        assert found.tobytes() == expected.tobytes()
