"""Rows as Gymnasium's vectors have them, checked beside a vector of Gymnasium's own."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, MultiBinary, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import rallypoint
from rallypoint.envs.views.single import SingleView
from rallypoint.envs.views.vector import VectorView
from rallypoint.errors import InvalidConfig
from tests.envs.views.worlds import NEVER, Match, Schedule, Teams

ACTIONS = [None, Box(-1.0, 1.0, (2,), np.float32), MultiDiscrete([3, 2]), MultiBinary(3)]


@pytest.mark.parametrize("actions", ACTIONS, ids=["discrete", "box", "several", "binary"])
def test_what_comes_is_in_the_spaces(actions):
    view = VectorView(Match(copies=3, actions=actions))
    view.action_space.seed(0)
    seen, _ = view.reset(seed=0)
    for _ in range(20):
        assert seen in view.observation_space
        seen, rewards, terminated, truncated, _ = view.step(view.action_space.sample())
        assert rewards.shape == terminated.shape == truncated.shape == (6,)
        assert (rewards.dtype, terminated.dtype, truncated.dtype) == (float, bool, bool)


def test_its_autoreset_mode_is_declared():
    view = VectorView(Schedule(copies=2))
    assert view.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert view.num_envs == 4


def test_it_tells_what_a_vector_of_gymnasium_tells():
    # Copies that die in the 3rd step, one agent each: both ways of making a vector agree.
    def one(copy):
        return lambda: SingleView(Schedule(copies=[copy], dies=(3,), max_cycles=5))

    theirs = SyncVectorEnv([one(0), one(1)], autoreset_mode=AutoresetMode.SAME_STEP)
    ours = VectorView(Schedule(copies=2, dies=(3,), max_cycles=5))
    same(theirs.reset(seed=0), ours.reset(seed=0))
    rng = np.random.default_rng(0)
    for _ in range(8):
        actions = rng.integers(2, size=2)
        expected, came = theirs.step(actions), ours.step(actions)
        same(expected[:4], came[:4])
        same(final(expected[4]), final(came[4]))
        assert told(expected[4]) == told(came[4])


def same(left, right):
    for one, other in zip(left, right, strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)


def final(infos):
    if "final_obs" not in infos:
        return ()
    held = infos["_final_obs"]
    return held, np.stack(list(infos["final_obs"][held]))


def told(infos):
    """What infos say of each row, in words: nothing where the mark is not set."""
    if not infos:
        return {}
    words = told(infos["final_info"]) if "final_info" in infos else {}
    words = {f"final {name}": values for name, values in words.items()}
    for name, values in infos.items():
        if not name.startswith(("_", "final_")) and infos[f"_{name}"].any():
            marks = infos[f"_{name}"]
            words[name] = [
                v if mark else None for v, mark in zip(values.tolist(), marks, strict=True)
            ]
    return words


def test_episode_statistics_of_gymnasium_work():
    view = gymnasium.wrappers.vector.RecordEpisodeStatistics(
        VectorView(Schedule(copies=2, dies=(NEVER, NEVER), max_cycles=4))
    )
    view.reset(seed=0)
    for _ in range(4):
        *_, infos = view.step(np.ones(4, int))
    assert infos["episode"]["r"].tolist() == [8, 8, 8, 8]
    assert infos["episode"]["l"].tolist() == [4, 4, 4, 4]


def test_filler_is_marked():
    view = VectorView(Schedule(dies=(2, NEVER), arrives=(0, 1), max_cycles=4))
    view.reset(seed=0)
    assert view.slots.acting.tolist() == [True, False]
    told = [view.step(np.zeros(2, int))[4] for _ in range(3)]
    assert [infos["filler"].tolist() if "filler" in infos else None for infos in told] == [
        [False, True],
        None,
        [True, False],
    ]
    assert view.slots.filler_share == 2 / 6


def test_masks_and_infos_of_the_world_are_told_with_their_marks():
    view = VectorView(Match(copies=2, only=2))
    _, infos = view.reset(seed=0)
    assert infos["action_mask"].tolist() == [[0, 0, 1]] * 4
    assert infos["_action_mask"].all()
    view = VectorView(Schedule(copies=2))
    view.reset(seed=0)
    infos = view.step(np.zeros(4, int))[4]
    assert infos["number"].tolist() == [1, 2, 1, 2]


def test_whole_copies_can_be_started_anew_and_halves_cannot():
    view = VectorView(Schedule(copies=2, dies=(NEVER, NEVER), max_cycles=4))
    view.reset(seed=0)
    view.step(np.zeros(4, int))
    seen, _ = view.reset(options={"reset_mask": np.array([True, True, False, False])})
    assert seen[:, 0].tolist() == [0, 0, 1, 1]
    with pytest.raises(InvalidConfig, match="share one world"):
        view.reset(options={"reset_mask": np.array([True, False, False, False])})
    with pytest.raises(InvalidConfig, match=r"bool array \(4,\)"):
        view.reset(options={"reset_mask": np.zeros(4)})


def test_one_seed_is_enough_and_several_are_refused():
    view = VectorView(rallypoint.make("gathering-v0", copies=2))
    first, _ = view.reset(seed=5)
    later, _ = view.reset()
    again, _ = view.reset(seed=5)
    np.testing.assert_array_equal(first, again)
    assert (first != later).any()
    with pytest.raises(InvalidConfig, match="one seed is enough"):
        view.reset(seed=[0] * 20)


def test_groups_are_chosen_as_in_slots():
    with pytest.raises(InvalidConfig, match="group="):
        VectorView(Teams())


def test_pictures_are_one_for_each_copy():
    view = VectorView(Schedule(copies=3, render_mode="rgb_array"))
    assert view.render_mode == "rgb_array"
    assert [picture[0, 0, 0] for picture in view.render()] == [0, 1, 2]
    view.close()
