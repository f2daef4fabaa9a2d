"""Noise on what is seen: fresh, last, and never cut; in policies and in worlds to learn in."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.by_group import ByGroup
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.trained import trained
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.policies import acting_for
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.neurons.plans import failing
from rallypoint.safety.smoothing import NoisyWorld, SmoothedPolicy
from rallypoint.safety.threats import from_dict
from rallypoint.safety.threats.observation_noise import ObservationNoise
from tests.safety.stubs import actions_at, bits, play


class Watching:
    """Remembers what it was shown, and does nothing."""

    def __init__(self):
        self.shown, self.begun = [], []

    def act(self, observations, draws):
        self.shown.append(observations["agents"])
        return {"agents": np.zeros(observations["agents"].shape[:2], dtype=np.int64)}

    def begin_episode(self, mask):
        self.begun.append(mask)


def poles(copies=200, **settings):
    return rallypoint.make("cartpole-v1", copies=copies, **settings)


def noisy_ground(*, copies=1, render_mode=None):
    """Make a noisy world; a function that fresh processes can import."""
    del render_mode
    return NoisyWorld(ProvingGround(copies=copies), 0.5)


def test_a_smoothed_policy_sees_fresh_noise_of_its_size_and_nothing_cut():
    inner = Watching()
    policy = SmoothedPolicy(inner, 0.3)
    seen = {"agents": np.tile(poles(1).groups[0].observation_space.high[[0, 2]], (5000, 1, 1))}
    draws = Draws(0, "test/smoothed", range(5000))
    for _ in range(2):
        policy.act(seen, draws)
    noise = np.array(inner.shown, dtype=np.float64) - seen["agents"]  # (2, E, 1, 2)
    assert np.isclose(noise.std(), 0.3, rtol=0.03)
    assert (noise > 0).mean() == pytest.approx(0.5, abs=0.02)
    flat = noise.reshape(2, -1)
    assert abs(np.corrcoef(flat)[0, 1]) < 0.04
    assert inner.shown[0].dtype == np.float32


def test_a_smoothed_policy_tells_the_one_inside_of_episodes():
    inner = Watching()
    SmoothedPolicy(inner, 1.0).begin_episode(None)
    assert inner.begun == [None]


def test_a_noisy_world_keeps_the_contract():
    assert_is_env(noisy_ground, processes=False)


def test_only_what_is_seen_differs_from_the_world_inside():
    noisy, bare = NoisyWorld(ProvingGround(copies=6), 0.5), ProvingGround(copies=6)
    for ours, theirs in zip(play(noisy, 30), play(bare, 30), strict=True):
        for one, other in zip(ours[1:5], theirs[1:5], strict=True):
            assert (one == other).all()
        noise = ours.observations["walkers"] - theirs.observations["walkers"]
        assert (noise != 0).all()
        assert np.abs(noise).max() < 0.5 * 8.4


def test_noise_is_added_last_to_what_threats_leave():
    threat = ObservationNoise(scale=1.0, noise="uniform")
    bare = Threatened(poles(50), [threat], seed=3)
    noisy = NoisyWorld(Threatened(poles(50), [threat], seed=3), 0.05)
    lies, seen = bare.reset(seed=1)["agents"], noisy.reset(seed=1)["agents"]
    assert 0.03 < (seen - lies).std() < 0.07
    assert (lies - bare.true_observations["agents"]).std() > 0.3


def test_what_is_seen_has_no_bounds_any_more():
    world = NoisyWorld(ProvingGround(copies=2), 0.5, groups=["walkers"])
    walkers, gliders = world.groups
    assert np.isinf(walkers.observation_space.high).all()
    assert gliders.observation_space == ProvingGround().groups[1].observation_space
    bare = ProvingGround(copies=2)
    seen, true = world.reset(seed=0), bare.reset(seed=0)
    assert (seen["gliders"] == true["gliders"]).all()
    assert (seen["walkers"] != true["walkers"]).any()


def test_a_reset_of_some_copies_changes_nothing_for_the_others():
    world = NoisyWorld(ProvingGround(copies=6), 0.5)
    before = world.reset(seed=0)
    mask = np.arange(6) % 2 == 0
    after = world.reset(mask=mask)
    for name in before:
        assert (after[name][~mask] == before[name][~mask]).all()
        assert (after[name][mask] != before[name][mask]).all()


def test_it_goes_on_from_a_snapshot_with_the_same_noise():
    world = NoisyWorld(ProvingGround(copies=3), 0.5)
    world.reset(seed=5)
    for step in range(3):
        world.step(actions_at(world, step))
    kept = world.snapshot()
    first = bits([world.step(actions_at(world, 3))])
    other = NoisyWorld(ProvingGround(copies=3), 0.5)
    other.reset(seed=0)
    other.restore(kept)
    assert bits([other.step(actions_at(other, 3))]) == first


def test_any_learner_learns_in_it():
    learner = PpoLearner(policy=(16,), value=(16,), minibatch=256, steps=32, learning_rate=3e-3)
    policy = trained(NoisyWorld(poles(8), 0.1), learner, rounds=2, seed=0)
    world = poles(4)
    acting = SmoothedPolicy(policy.greedily(), 0.1)
    actions = acting.act(world.reset(seed=0), Draws(0, "test/learned", world.copies))
    assert world.step(actions).alive.all()


def network_for(world, seed=0):
    made = architecture_for(world.groups[0], policy=(16,), value=(16,))
    start = made.initial(np.random.default_rng(seed), scheme="uniform")
    return GradientPolicy(made, start, world.groups[0], greedy=True)


@pytest.mark.parametrize("kind", ["fgsm", "pgd", "mad", "critic", "robust_sarsa", "smoothed_pgd"])
def test_attacks_look_into_the_network_beneath_the_noise(kind):
    threat = from_dict({"kind": kind, "budget": {"reach": {"norm": "l2", "step": 0.3}}})
    beneath = network_for(poles(1))
    shown = []
    for policy in (beneath, SmoothedPolicy(beneath, 0.2)):
        env = Threatened(poles(6), threat, policy=policy)
        shown.append(env.reset(seed=0)["agents"])
        assert (shown[-1] != env.true_observations["agents"]).any()
    np.testing.assert_array_equal(*shown)


@pytest.mark.parametrize("kind", ["pgd", "critic", "smoothed_pgd"])
def test_attacks_that_look_into_what_has_no_network_are_refused_in_words(kind):
    threat = from_dict({"kind": kind, "budget": {"reach": {"step": 0.3}}})
    for policy in (Watching(), SmoothedPolicy(Watching(), 0.2)):
        env = Threatened(poles(2), threat, policy=policy)
        with pytest.raises((InvalidConfig, NotOffered), match=r"random_percept .* surrogate = …"):
            env.reset(seed=0)


def test_a_damaged_policy_acts_under_noise_as_the_healthy_one_does():
    beneath = network_for(poles(1))
    smoothed = SmoothedPolicy(beneath, 0.5)
    plan = failing([np.arange(16) < 4], 0.0)
    seen = poles(4000).reset(seed=0)
    acts = [
        policy.act(seen, Draws(1, "test/damaged", range(4000)))["agents"]
        for policy in (smoothed.with_faults(plan), SmoothedPolicy(beneath.with_faults(plan), 0.5))
    ]
    np.testing.assert_array_equal(*acts)
    bare = beneath.with_faults(plan).act(seen, Draws(1, "test/damaged", range(4000)))["agents"]
    assert (acts[0] != bare).any()
    assert len(smoothed.layers()) == len(beneath.layers())
    with pytest.raises(AttributeError, match="'SmoothedPolicy' object has no attribute 'walks'"):
        _ = smoothed.walks
    assert not hasattr(SmoothedPolicy(Watching(), 0.5), "with_faults")


def test_groups_are_smoothed_each_by_itself():
    world = poles(3)
    policy = SmoothedPolicy(ByGroup({"agents": network_for(world)}), 0.5)
    part = acting_for(policy, "agents")
    assert isinstance(part, SmoothedPolicy)
    assert part.sigma == 0.5
    assert part.reads == "logits"


@pytest.mark.parametrize("sigma", [0.0, -0.1, np.inf])
def test_without_noise_nothing_is_smoothed(sigma):
    for make in (lambda: NoisyWorld(poles(2), sigma), lambda: SmoothedPolicy(Watching(), sigma)):
        with pytest.raises(InvalidConfig, match="finite number > 0"):
            make()


def test_what_has_no_norm_is_refused():
    with pytest.raises(InvalidConfig, match="has no such norm"):
        NoisyWorld(rallypoint.make("matching-game-v0", copies=2), 0.1)
    policy = SmoothedPolicy(Watching(), 0.1)
    with pytest.raises(InvalidConfig, match="sees int64"):
        policy.act({"agents": np.zeros((1, 1, 3), dtype=np.int64)}, Draws(0, "test/none", [0]))


def test_unknown_groups_and_removals_are_refused():
    with pytest.raises(InvalidConfig, match=r"got \['runners'\]"):
        NoisyWorld(ProvingGround(copies=2), 0.1, groups=["runners"])
    world = NoisyWorld(ProvingGround(copies=2), 0.1)
    with pytest.raises(NotOffered, match="remove"):
        world.remove(np.zeros((2, 5), dtype=bool))
