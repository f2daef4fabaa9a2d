"""Policies of SB3 act by draws, and put out the same bits in any batch."""

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rallypoint.agents.sb3.decisions import decide
from rallypoint.agents.sb3.heads import head
from rallypoint.agents.sb3.policy import Sb3Policy
from rallypoint.agents.sb3.saved import policy_for
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from tests.agents.sb3.every_algorithm import CONTINUOUS, DISCRETE, trained_once, world
from tests.envs.views.worlds import Match, Schedule

RNG = np.random.default_rng(0)


def drawn(outputs, space, kind, seed=0, masks=None):
    return decide(kind, outputs, space, Draws(seed, "test/decisions", range(len(outputs))), masks)


@pytest.mark.parametrize(
    "name", [name for name in (*DISCRETE, *CONTINUOUS) if name != "RecurrentPPO"], indirect=True
)  # which remembers; see below
def test_greedy_actions_are_those_that_sb3_predicts(name, trained):
    env = world(name, copies=5)
    policy = policy_for(env, trained.model, trained.policy.group).greedily()
    seen = env.reset(1)
    ours = policy.act(seen, Draws(0, "test/greedy", env.copies))["agents"]
    theirs, _ = trained.model.predict(seen["agents"].reshape(10, 3), deterministic=True)
    start = getattr(env.space, "start", 0)
    np.testing.assert_allclose(ours.reshape(10, *env.space.shape), theirs + start, rtol=1e-5)


def test_actions_are_valid_and_of_the_worlds_types(name, trained):
    env = world(name, copies=5)
    policy = policy_for(env, trained.model, trained.policy.group)
    seen, draws = env.reset(1), Draws(0, "test/valid", env.copies)
    for _ in range(5):
        actions = policy.act(seen, draws)
        assert actions["agents"].dtype == env.space.dtype
        seen = env.step(actions).observations


def test_a_copy_gets_the_same_bits_in_any_batch(name, trained):
    whole = {"agents": RNG.random((90, 2, 3), dtype=np.float32)}
    copies = np.arange(90)
    policy = trained.policy
    group = policy.group

    def acted(rows):
        fresh = type(policy)(policy.network, group)
        draws = Draws(3, "test/shards", copies[rows])
        part = {"agents": whole["agents"][rows]}
        return fresh.act(part, draws)["agents"], fresh.outputs(part)

    actions, outputs = acted(slice(None))
    for rows in (slice(0, 1), slice(1, 18), slice(40, 90)):
        part = acted(rows)
        np.testing.assert_array_equal(part[0], actions[rows])
        np.testing.assert_array_equal(part[1], outputs[rows] if name != "RecurrentPPO" else part[1])


@pytest.mark.parametrize("name", ["PPO", "SAC", "DQN"], indirect=True)
def test_gradients_agree_with_small_differences(name, trained):
    seen = {"agents": RNG.random((2, 2, 3))}
    weights = RNG.random(trained.policy.outputs(seen).shape)

    def objective(outputs):
        return (weights * outputs).sum(axis=-1), weights

    policy = Sb3Policy(trained.policy.network, trained.policy.group)
    values, gradient = policy.value_and_gradient(seen, objective)
    assert values.shape == (2, 2)
    for entry in range(3):
        near = [seen["agents"].copy(), seen["agents"].copy()]
        near[0][..., entry] -= 0.01
        near[1][..., entry] += 0.01
        low, high = (objective(policy.outputs({"agents": part}))[0] for part in near)
        slope = (high - low) / 0.02
        np.testing.assert_allclose(gradient["agents"][..., entry], slope, rtol=0.05, atol=0.02)


def test_a_gradient_is_there_for_algorithms_that_play_without_one():
    trained = trained_once("PPO")
    seen = {"agents": RNG.random((2, 2, 3), dtype=np.float32)}

    def slope():
        return trained.policy.value_and_gradient(seen, lambda out: (out[..., 0], out))[1]["agents"]

    with torch.no_grad():  # as ARS does
        found = slope()
    np.testing.assert_array_equal(found, slope())
    assert found.any()


def test_a_gradient_needs_real_numbers_and_no_memory(trained_memory):
    policy = train_sb3(
        counted(), "sb3:A2C", steps=10, settings={"policy_kwargs": {"net_arch": [8]}}
    ).policy
    with pytest.raises(InvalidConfig, match="real numbers"):
        policy.value_and_gradient({"agents": np.zeros((2, 2), int)}, lambda out: (out, out))
    with pytest.raises(InvalidConfig, match=r"with a memory .* random_percept"):
        trained_memory.policy.value_and_gradient(
            {"agents": np.zeros((2, 2, 3), np.float32)}, lambda out: (out, out)
        )


def counted():
    """A world in which a number is seen, counted from 7."""
    env = Match(copies=2)
    env.groups = (env.groups[0]._replace(observation_space=Discrete(3, start=7)),)
    env._observe = lambda: {"agents": env._target + 7}
    return env


def test_what_is_seen_may_be_counted_from_any_number():
    trained = train_sb3(
        counted(), "sb3:A2C", steps=10, settings={"policy_kwargs": {"net_arch": []}}
    )
    outputs = trained.policy.outputs({"agents": np.array([[7, 8], [9, 7]])})
    with torch.no_grad():
        expected = [
            trained.model.policy.get_distribution(torch.tensor([seen])).distribution.logits[0]
            for seen in (0, 1, 2, 0)
        ]
    np.testing.assert_allclose(outputs.reshape(4, 3), np.stack(expected), rtol=1e-5)


@pytest.fixture
def trained_memory():
    return trained_once("RecurrentPPO")


def test_a_memory_is_that_of_sb3_and_is_lost_where_an_episode_begins(trained_memory):
    policy = policy_for(world("RecurrentPPO"), trained_memory.model, trained_memory.policy.group)
    policy = policy.greedily()
    draws, states, starts = Draws(0, "test/memory", range(3)), None, np.ones(6, bool)
    for time in range(9):
        if time in {0, 4}:
            policy.begin_episode(None if time == 0 else np.array([True, False, True]))
            starts = np.repeat([True, time == 0, True], 2)
        seen = RNG.random((3, 2, 3), dtype=np.float32)
        ours = policy.act({"agents": seen}, draws)["agents"]
        theirs, states = trained_memory.model.predict(
            seen.reshape(6, 3), states, starts, deterministic=True
        )
        starts = np.zeros(6, bool)
        np.testing.assert_array_equal(ours.reshape(6), theirs + 5)
        np.testing.assert_allclose(policy._memory[0][:, 0], states[0][0], rtol=1e-4, atol=1e-6)


def test_masked_actions_are_never_taken():
    env = Match(copies=40, only=2)
    trained = train_sb3(env, "sb3:MaskablePPO", steps=640, settings={"n_steps": 8})
    seen, draws = env.reset(0), Draws(0, "test/masks", env.copies)
    assert (trained.policy.act(seen, draws)["agents"] == 7).all()
    assert (trained.policy.greedily().act(seen, draws)["agents"] == 7).all()


def test_categories_are_drawn_with_their_probabilities():
    logits = np.tile(np.log([0.1, 0.6, 0.3]), (20_000, 1, 1))
    counts = np.bincount(drawn(logits, Discrete(3, start=4), "logits").ravel() - 4, minlength=3)
    assert stats.chisquare(counts, np.array([0.1, 0.6, 0.3]) * 20_000).pvalue > 1e-3
    masks = np.tile([True, False, True], (20_000, 1, 1))
    counts = np.bincount(drawn(logits, Discrete(3), "logits", masks=masks).ravel(), minlength=3)
    assert stats.chisquare(counts[[0, 2]], [5_000, 15_000]).pvalue > 1e-3
    assert counts[1] == 0


def test_the_least_number_does_not_draw_what_is_forbidden():
    class Zero:
        def random(self, shape):
            return np.zeros((1, *shape))

    masks = np.array([[[False, True, True]]])
    assert decide("logits", np.zeros((1, 1, 3)), Discrete(3), Zero(), masks).item() == 1


def test_who_may_do_nothing_may_do_anything():
    nothing = np.zeros((1, 1, 3), bool)
    assert drawn(np.zeros((1, 1, 3)), Discrete(3), "logits", masks=nothing).item() in {0, 1, 2}


def test_several_choices_and_bits_are_drawn_apart():
    space = MultiDiscrete([2, 3], start=[0, 1])
    logits = np.tile(np.log([0.2, 0.8, 0.5, 0.25, 0.25]), (20_000, 1, 1))
    picked = drawn(logits, space, "several")[:, 0]
    joint = np.histogram2d(picked[:, 0], picked[:, 1] - 1, bins=[2, 3])[0]
    expected = np.outer([0.2, 0.8], [0.5, 0.25, 0.25]) * 20_000
    assert stats.chisquare(joint.ravel(), expected.ravel()).pvalue > 1e-3
    bits = drawn(np.tile([np.log(3.0), -50.0], (20_000, 1, 1)), MultiBinary(2), "binary")[:, 0]
    assert stats.binomtest(int(bits[:, 0].sum()), 20_000, 0.75).pvalue > 1e-3
    assert not bits[:, 1].any()


def test_normal_actions_have_their_mean_and_deviation():
    space = Box(-100.0, 100.0, (1,), np.float64)
    values = drawn(np.tile([3.0, 2.0], (20_000, 1, 1)), space, "normal").ravel()
    assert stats.kstest((values - 3) / 2, "norm").pvalue > 1e-3
    squashed = drawn(np.tile([0.5, 1.0], (20_000, 1, 1)), Box(-2.0, 6.0, (1,)), "squashed").ravel()
    assert stats.kstest(np.arctanh((squashed - 2) / 4) - 0.5, "norm").pvalue > 1e-3


@given(st.integers(0, 2**32), st.floats(0, 0.999999))
def test_no_number_leads_out_of_the_space(seed, number):
    class Fixed:
        def random(self, shape):
            return np.full((1, *shape), number)

    logits = np.random.default_rng(seed).normal(size=(1, 2, 4)) * 50
    for space, kind in (
        (Discrete(4, start=-2), "logits"),
        (MultiDiscrete([2, 2]), "several"),
        (Box(-1.0, 2.0, (2,), np.float32), "normal"),
        (Box(-1.0, 2.0, (2,), np.float32), "squashed"),
    ):
        for draws in (Fixed(), None):
            actions = decide(kind, np.abs(logits), space, draws)
            assert all(space.contains(action) for action in actions[0])


def test_networks_of_no_known_kind_are_refused():
    with pytest.raises(InvalidConfig, match="not known what a Linear puts out"):
        head(torch.nn.Linear(2, 2))


def test_a_mask_is_asked_for_only_where_it_was_learned_with():
    assert Schedule().offers == frozenset()
    policy = train_sb3(Match(copies=2, only=1), "sb3:A2C", steps=10).policy
    seen = Match(copies=2, only=1).reset(0)
    acts = {
        int(a)
        for s in range(20)
        for a in policy.act(seen, Draws(s, "t/m", [0, 1]))["agents"].ravel()
    }
    assert acts == {5, 6, 7}
