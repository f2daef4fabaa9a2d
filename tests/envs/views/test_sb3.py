"""Rows as Stable-Baselines3 has them, with the traps of today's bridges closed."""

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

import rallypoint
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.errors import InvalidConfig
from tests.envs.views.worlds import NEVER, Match, Schedule, Teams

TINY = {"n_epochs": 1, "device": "cpu", "policy_kwargs": {"net_arch": [8]}}


def ring(**settings):
    return Sb3View(
        rallypoint.make("gathering-v0", copies=2, num_agents=3, max_cycles=6, **settings)
    )


def parameters(model):
    return torch.nn.utils.parameters_to_vector(model.policy.parameters()).detach().numpy()


def played(view, steps):
    view.seed(0)
    view.reset()
    return [view.step(np.zeros(view.num_envs, int)) for _ in range(steps)]


def test_a_seed_given_to_ppo_works_and_makes_the_same_policy():
    first, again, other = [
        parameters(PPO("MlpPolicy", ring(), n_steps=8, batch_size=24, seed=seed, **TINY).learn(96))
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_seed_makes_the_same_episodes_and_none_goes_on_to_the_next():
    view = ring()
    view.seed(4)
    first, later = view.reset(), view.reset()
    view.seed(4)
    np.testing.assert_array_equal(view.reset(), first)
    np.testing.assert_array_equal(view.reset(), later)
    assert (first != later).any()
    assert view.seed(None) == [None] * 6


def test_a_time_limit_is_told_apart_from_a_death():
    view = Sb3View(Schedule(dies=(3, NEVER), max_cycles=6))
    moments = played(view, 6)
    assert [done.tolist() for _, _, done, _ in moments] == [
        [False, False],
        [False, False],
        [True, False],
        [False, False],
        [False, False],
        [True, True],
    ]
    death, limit = moments[2][3][0], moments[5][3][1]
    assert death["TimeLimit.truncated"] is False
    assert limit["TimeLimit.truncated"] is True
    assert limit["terminal_observation"].tolist() == [6, 1, 1]
    assert moments[5][0][1].tolist() == [0, 1, 1]


def test_the_value_target_at_a_time_limit_is_the_reward_plus_the_value_of_what_was_last_seen():
    view = Sb3View(Schedule(copies=2, dies=(2, NEVER), max_cycles=3))
    model = PPO(
        "MlpPolicy", view, n_steps=6, batch_size=24, gamma=0.9, gae_lambda=0.7, seed=0, **TINY
    )
    model.learn(1)
    with torch.no_grad():
        fresh = PPO("MlpPolicy", view, gamma=0.9, seed=0, **TINY).policy
        value = lambda *seen: fresh.predict_values(torch.tensor([seen])).item()  # noqa: E731
        rewards = 1 + model.rollout_buffer.actions.reshape(4, 6)
        returns = model.rollout_buffer.returns.reshape(4, 6)
        # Row 1 is an agent that lives until its time is up, after steps 2 and 5.
        target = rewards[1, 2] + 0.9 * value(3.0, 1.0, 1.0)
        assert returns[1, 2] == pytest.approx(target, rel=1e-5)
        earlier = rewards[1, 1] + 0.9 * (0.7 * target + 0.3 * value(2.0, 1.0, 1.0))
        assert returns[1, 1] == pytest.approx(earlier, rel=1e-5)
        # Row 0 dies in step 1: nothing comes after that.
        assert returns[0, 1] == rewards[0, 1]
        # Its filler is worth 0.
        assert returns[0, 2] == 0


def test_an_agent_that_leaves_early_neither_aborts_the_run_nor_hides_its_death():
    view = Sb3View(Schedule(copies=2, dies=(2, NEVER, 5), max_cycles=6))
    PPO("MlpPolicy", view, n_steps=8, batch_size=48, seed=0, **TINY).learn(96)
    moments = played(Sb3View(Schedule(dies=(2, NEVER), max_cycles=4)), 4)
    infos = [infos[0] for *_, infos in moments]
    assert [info.get("filler", False) for info in infos] == [False, False, True, True]
    assert infos[1]["terminal_observation"].tolist() == [-1, -1, -1]
    assert [rewards[0] for _, rewards, _, _ in moments] == [1, 1, 0, 0]
    # 16 steps of 6 rows; of an episode's 36 rows 10 are filler, and 4 of the 24 rows after.
    assert view.filler_share == (10 + 10 + 4) / 96


def test_episodes_are_told_and_filler_is_no_episode():
    moments = played(Sb3View(Schedule(dies=(2, NEVER), max_cycles=4)), 8)
    episodes = [
        (time, row, info["episode"]["r"], info["episode"]["l"])
        for time, (*_, infos) in enumerate(moments)
        for row, info in enumerate(infos)
        if "episode" in info
    ]
    assert episodes == [(1, 0, 2, 2), (3, 1, 4, 4), (5, 0, 2, 2), (7, 1, 4, 4)]


def test_evaluation_by_sb3_counts_episodes_of_agents_only():
    view = Sb3View(Schedule(copies=2, dies=(2, NEVER), max_cycles=4))
    model = PPO("MlpPolicy", view, n_steps=8, batch_size=32, seed=0, **TINY)
    returns, lengths = evaluate_policy(model, view, n_eval_episodes=8, return_episode_rewards=True)
    assert sorted(lengths) == [2] * 4 + [4] * 4
    assert len(returns) == 8


def test_infos_are_new_each_time():
    (*_, first), (*_, second) = played(ring(), 2)
    assert len({id(info) for info in [*first, *second]}) == 12


def test_infos_of_the_world_come_as_arrays_and_by_row_where_asked_for():
    view = Sb3View(Schedule(copies=2), infos=["number", "no such"])
    *_, infos = played(view, 2)[1]
    assert infos == [{"number": 2}, {"number": 3}, {"number": 2}, {"number": 3}]
    assert view.rows.infos["doubled"].tolist() == [2, 2, 2, 2]


def test_rewards_may_be_written_to():
    # SB3 adds the value of what was last seen to them.
    _, rewards, _, _ = played(ring(), 1)[0]
    assert rewards.dtype == np.float32
    rewards += 1


def test_attributes_are_the_worlds():
    view = ring()
    assert view.get_attr("time_limit") == [6] * 6
    assert view.get_attr("time_limit", indices=[0, 3]) == [6, 6]
    assert view.has_attr("cells")
    assert not view.has_attr("no_such_thing")
    view.set_attr("note", "hello")
    assert view.batch_env.note == "hello"
    with pytest.raises(InvalidConfig, match="no part that belongs to some"):
        view.set_attr("note", "hello", indices=0)


def test_methods_are_the_worlds_and_called_once():
    view = Sb3View(Schedule(copies=2, render_mode="human"))
    view.reset()
    assert view.env_method("render", copy=1) == [None] * 4
    assert view.batch_env.drawn == 1
    with pytest.raises(InvalidConfig, match="leave indices out"):
        view.env_method("render", indices=[1])


def test_no_wrapper_is_needed_and_those_of_sb3_fit():
    view = ring()
    assert view.env_is_wrapped(Monitor) == [True] * 6
    assert view.env_is_wrapped(VecMonitor, indices=0) == [False]
    wrapped = VecNormalize(view)
    assert wrapped.unwrapped is view
    PPO("MlpPolicy", wrapped, n_steps=8, batch_size=24, seed=0, **TINY).learn(48)


@pytest.mark.parametrize(
    "actions",
    [
        None,
        Box(-1.0, 1.0, (2,), np.float32),
        MultiDiscrete([3, 2], start=[1, 2]),
        MultiBinary(3),
    ],
    ids=["discrete", "box", "several", "binary"],
)
def test_ppo_trains_on_actions_of_every_kind(actions):
    view = Sb3View(Match(copies=3, actions=actions))
    PPO("MlpPolicy", view, n_steps=8, batch_size=48, seed=0, **TINY).learn(96)


def test_spaces_that_do_not_count_from_0_are_shown_as_if_they_did():
    env = Match(copies=2, max_cycles=4)
    env.groups = (env.groups[0]._replace(observation_space=Discrete(3, start=7)),)
    env._observe = lambda: {"agents": env._target + 7}
    view = Sb3View(env)
    assert view.action_space == Discrete(3)
    assert view.observation_space == Discrete(3)
    view.seed(0)
    seen = view.reset()
    for _ in range(9):
        assert seen.min() >= 0
        assert seen.max() < 3
        seen, rewards, done, infos = view.step(seen)
        assert rewards.tolist() == [1] * 4
    assert {int(info["terminal_observation"]) for info in infos if done[0]} <= {0, 1, 2}


def test_masks_reach_the_maskable_algorithms():
    view = Sb3View(Match(copies=2, only=1))
    assert is_masking_supported(view)
    assert not is_masking_supported(ring())
    view.reset()
    assert get_action_masks(view).tolist() == [[False, True, False]] * 4
    assert np.array(view.env_method("action_masks", indices=[0])).shape == (1, 3)
    model = MaskablePPO("MlpPolicy", view, n_steps=8, batch_size=32, seed=0, **TINY).learn(32)
    assert (model.rollout_buffer.actions == 1).all()


def test_images_are_trained_on_and_turned_round_by_sb3():
    env = Match(copies=2)
    env.groups = (env.groups[0]._replace(observation_space=Box(0, 255, (36, 40, 3), np.uint8)),)
    env._observe = lambda: {"agents": np.zeros((2, 2, 36, 40, 3), np.uint8)}
    model = PPO("CnnPolicy", Sb3View(env), n_steps=4, batch_size=16, n_epochs=1, device="cpu")
    model.learn(16)
    assert model.policy.observation_space.shape == (3, 36, 40)


def test_groups_are_chosen_as_in_slots():
    with pytest.raises(InvalidConfig, match="group="):
        Sb3View(Teams())


def test_pictures_of_all_copies_are_tiled():
    view = Sb3View(Schedule(copies=4, render_mode="rgb_array"))
    assert view.render().shape == (8, 12, 3)
    view.close()
