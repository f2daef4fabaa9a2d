"""Training by whole compiled episodes: the bits of training step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint
from rallypoint.agents.tabular import TracedQLearning, traced_q_learning, training, whole_episodes
from rallypoint.agents.tabular.encoding import Sectors
from rallypoint.envs.gathering.starts import STARTS
from rallypoint.envs.gathering.world import Gathering
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.crash import Crash
from rallypoint.wrapper import BatchWrapper

RATES = st.sampled_from([0, 0.0, 0.05, 0.3, 1.0, 1])
GAMMAS = st.sampled_from([0, 0.5, 0.95, 1.0, 1])
LEARNERS = st.one_of(
    st.builds(TracedQLearning, alpha=RATES, epsilon=RATES, gamma=GAMMAS, bootstrap=st.booleans()),
    st.builds(
        TracedQLearning,
        decay_over=st.sampled_from([1, 50, 500]),
        gamma=GAMMAS,
        bootstrap=st.booleans(),
    ),
)


def trained(fast, world, learner, episodes):
    """Train with or without numba; return the state, and the world where training left it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYPOINT_FAST", "01"[fast])
        env = rallypoint.make("gathering-v0", **world)
        encoding = Sectors(cells=env.cells)
        state = training.train(env, learner, encoding, episodes=episodes, seed=1)
        return state, env


def assert_same_bits(world, learner, episodes):
    slow, slow_env = trained(False, world, learner, episodes)
    fast, fast_env = trained(True, world, learner, episodes)
    for name, mine, other in zip(slow._fields, slow, fast, strict=True):
        np.testing.assert_array_equal(mine.view(np.int64), other.view(np.int64), err_msg=name)
    assert_same_world(slow_env, fast_env)
    return slow


def assert_same_world(slow, fast):
    for name, value in slow.snapshot().items():
        np.testing.assert_array_equal(value, fast.snapshot()[name], err_msg=name)
    np.testing.assert_array_equal(slow.reset()["agents"], fast.reset()["agents"])


WORLDS = st.fixed_dictionaries(
    dict(
        copies=st.sets(st.integers(0, 99), min_size=1, max_size=4).map(sorted),
        num_agents=st.integers(1, 25),
        cells=st.integers(3, 24),
        max_cycles=st.integers(1, 60),
        start=st.sampled_from(sorted(STARTS)),
    )
)


@given(
    world=WORLDS,
    learner=LEARNERS,
    trace=st.sampled_from([3, 1024]),
    at_once=st.sampled_from([1, 300, 10**6]),
)
def test_whole_episodes_are_learned_to_the_bits_of_single_steps(world, learner, trace, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traced_q_learning, "_trace_length", lambda _, horizon: min(trace, horizon))
        patch.setattr(whole_episodes, "_AT_ONCE", at_once)
        assert_same_bits(world, learner, 3)


@pytest.mark.parametrize(
    ("copies", "num_agents", "learner", "episodes"),
    [
        ([4], 10, TracedQLearning(), 150),
        (range(10), 10, TracedQLearning(), 40),
        ([0, 7], 10, TracedQLearning(bootstrap=True, decay_over=2000), 60),
        ([2], 100, TracedQLearning(), 30),
        ([2, 5], 37, TracedQLearning(), 20),
    ],
    ids=["one seed", "ten seeds", "bootstrap and decay", "a hundred agents", "37 agents"],
)
def test_a_longer_training_ends_in_the_same_tables(copies, num_agents, learner, episodes):
    world = dict(copies=list(copies), num_agents=num_agents)
    assert assert_same_bits(world, learner, episodes).tables.any()


def test_whoever_looks_in_after_an_episode_sees_the_same():
    def seen(fast):
        moments = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RALLYPOINT_FAST", "01"[fast])
            env = rallypoint.make("gathering-v0", copies=3)
            training.train(
                env,
                TracedQLearning(),
                Sectors(),
                episodes=4,
                seed=0,
                after_episode=lambda number, state: moments.append(
                    (number, int(state.age[0]), state.tables.sum(), env.state().tolist())
                ),
            )
        return moments

    assert seen(fast=True) == seen(fast=False)


class Slower(Gathering):
    """A ring that somebody has changed."""


def crashing():
    return Threatened(Gathering(), [Crash(victims=["agent_0"])])


@pytest.mark.parametrize(
    ("env", "encoding"),
    [
        (Slower(), Sectors()),
        (BatchWrapper(Gathering()), Sectors()),
        (crashing(), Sectors()),
        (Gathering(), Sectors(cells=21)),
        (rallypoint.make("torus-v0"), Sectors()),
    ],
    ids=["subclass", "wrapper", "threat", "other encoding", "other world"],
)
def test_what_is_not_the_bare_ring_goes_step_by_step(monkeypatch, env, encoding):
    monkeypatch.setenv("RALLYPOINT_FAST", "1")
    assert whole_episodes.whole_episodes(env, TracedQLearning(), encoding, episodes=1000) is None


@pytest.mark.parametrize(("episodes", "used"), [(199, False), (200, True)])
def test_unless_told_otherwise_it_is_used_from_two_hundred_episodes(monkeypatch, episodes, used):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    found = whole_episodes.whole_episodes(
        Gathering(), TracedQLearning(), Sectors(), episodes=episodes
    )
    assert (found is not None) is used
