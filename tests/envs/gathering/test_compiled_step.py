"""The ring's step, compiled: the bits of NumPy's."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rallypoint


def ring(fast, **settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALLYPOINT_FAST", "01"[fast])
        return rallypoint.make("gathering-v0", **settings)


@pytest.fixture
def fast_and_slow():
    """Return what makes the same ring twice, compiled and not."""

    def make(**settings):
        envs = [ring(fast, **settings) for fast in (True, False)]
        assert [env._is_compiled for env in envs] == [True, False]
        return envs

    return make


def assert_same(mine, other):
    assert mine.dtype == other.dtype
    np.testing.assert_array_equal(mine, other)


@given(
    num_agents=st.integers(1, 60),
    cells=st.integers(3, 24),
    copies=st.integers(1, 5),
    spread=st.integers(1, 24),
    seed=st.integers(0, 2**32),
)
def test_a_compiled_step_brings_about_the_same_bits(num_agents, cells, copies, spread, seed):
    rng = np.random.default_rng(seed)
    # Near one another more often than not, or rewards would nearly all be alike.
    start = (rng.integers(cells) + rng.integers(spread, size=(copies, num_agents))) % cells
    settings = dict(copies=copies, num_agents=num_agents, cells=cells, start=start)
    envs = [ring(fast, **settings) for fast in (True, False)]
    for env in envs:
        env.reset(seed=3)
    for _ in range(6):
        actions = rng.integers(3, size=(copies, num_agents))
        fast, slow = (env.step({"agents": actions}) for env in envs)
        assert_same(fast.observations["agents"], slow.observations["agents"])
        for mine, other in zip(fast[1:5], slow[1:5], strict=True):
            assert_same(mine, other)
        gone = (rng.random((copies, num_agents)) < 0.2) & fast.alive
        gone[:, 0] = False  # somebody stays, or the copy ends
        seen = [env.remove(gone)["agents"] for env in envs]
        assert_same(*seen)
        assert_same(envs[0].state(), envs[1].state())


def test_an_episode_of_many_copies_with_resets_is_the_same(fast_and_slow, rng):
    envs = fast_and_slow(copies=70, num_agents=7, max_cycles=9)
    for env in envs:
        env.reset(seed=0)
    for number in range(30):
        actions = rng.integers(3, size=(70, 7))
        fast, slow = (env.step({"agents": actions}) for env in envs)
        assert_same(fast.observations["agents"], slow.observations["agents"])
        assert_same(fast.rewards, slow.rewards)
        if fast.ended.any():
            assert_same(*(env.reset(mask=slow.ended)["agents"] for env in envs))
        if number == 13:
            for env in envs:
                env.restore({name: value.copy() for name, value in env.snapshot().items()})


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
def test_actions_of_any_integer_type_and_layout_are_taken(fast_and_slow, rng, dtype):
    actions = np.asfortranarray(rng.integers(3, size=(4, 10)).astype(dtype))
    actions.flags.writeable = False  # as somebody's buffer may be
    envs = fast_and_slow(copies=4)
    for env in envs:
        env.reset(seed=0)
    for chosen in (actions, np.broadcast_to(actions[:1], (4, 10)), actions[::-1]):
        fast, slow = (env.step({"agents": chosen}) for env in envs)
        assert_same(fast.observations["agents"], slow.observations["agents"])


def test_what_a_step_returned_is_not_written_to_by_the_next(rng):
    env = ring(True, copies=2)
    env.reset(seed=0)
    first = env.step({"agents": rng.integers(3, size=(2, 10))})
    seen, rewards = first.observations["agents"].copy(), first.rewards.copy()
    env.step({"agents": rng.integers(3, size=(2, 10))})
    assert_same(first.observations["agents"], seen)
    assert_same(first.rewards, rewards)


def test_a_compiled_world_is_pickled_and_goes_on_with_the_same_numbers(rng):
    env = ring(True, copies=2)
    env.reset(seed=0)
    actions = {"agents": rng.integers(3, size=(2, 10))}
    sent = pickle.loads(pickle.dumps(env))  # noqa: S301 - our own
    assert_same(sent.step(actions).observations["agents"], env.step(actions).observations["agents"])


def test_crowds_are_left_to_numpy_and_so_is_everything_that_is_not_asked_for(monkeypatch):
    assert not ring(True, num_agents=1000)._is_compiled
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    assert not rallypoint.make("gathering-v0")._is_compiled
