"""One agent in one copy, as Gymnasium and SB3 check it."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, MultiDiscrete
from gymnasium.utils import env_checker
from stable_baselines3 import PPO
from stable_baselines3.common import env_checker as sb3_env_checker

import rallypoint
from rallypoint.envs.batch import autoreset
from rallypoint.envs.views.single import SingleView
from rallypoint.errors import EpisodeEnded, InvalidAction, InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from tests.envs.views.worlds import NEVER, Match, Schedule


def alone(**settings):
    return SingleView(rallypoint.make("gathering-v0", num_agents=1, **settings))


@pytest.mark.parametrize(
    "make",
    [
        alone,
        lambda: SingleView(Match(num_agents=1)),
        lambda: SingleView(Match(num_agents=1, actions=Box(-1.0, 1.0, (2,), np.float32))),
        lambda: SingleView(Match(num_agents=1, actions=MultiDiscrete([3, 2]))),
        lambda: SingleView(Schedule(dies=(3,))),
    ],
    ids=["gathering", "masked", "box", "several", "dies"],
)
def test_the_checkers_of_gymnasium_and_sb3_are_content(make, recwarn):
    # pytest takes warnings for errors; Gymnasium's own logger only warns through them.
    env_checker.check_env(make(), skip_render_check=True)
    view = make()
    if not np.any(getattr(view.action_space, "start", 0)):  # else SB3 asks to count from 0
        sb3_env_checker.check_env(view)
    assert not [str(warning.message) for warning in recwarn]


def test_pictures_pass_the_checker_too():
    sb3_env_checker.check_env(alone(render_mode="rgb_array"), skip_render_check=False)


def test_a_time_limit_truncates_and_a_death_terminates():
    view = SingleView(Schedule(dies=(NEVER,), max_cycles=2))
    view.reset(seed=0)
    assert view.step(0)[2:4] == (False, False)
    assert view.step(0)[2:4] == (False, True)
    view = SingleView(Schedule(dies=(2,), max_cycles=2))
    view.reset(seed=0)
    view.step(0)
    assert view.step(0)[2:4] == (True, False)
    with pytest.raises(EpisodeEnded):
        view.step(0)


def test_an_agent_that_is_removed_is_terminated():
    view = SingleView(rallypoint.make("gathering-v0", num_agents=1))
    view.reset(seed=0)
    env = view.batch_env
    step = env.step
    env.step = lambda actions: step(actions)._replace(alive=np.zeros((1, 1), bool))
    assert view.step(np.int64(0))[2:4] == (True, False)


def test_seeds_make_the_same_episode_and_none_makes_the_next():
    view = alone()
    first = [view.reset(seed=3)[0]] + [view.reset()[0] for _ in range(20)]
    again = [view.reset(seed=3)[0]] + [view.reset()[0] for _ in range(20)]
    np.testing.assert_array_equal(first, again)
    positions = [view.batch_env.reset(s)["agents"].argmax() for s in range(5)]
    assert len(view.batch_env.state()) == len(positions) / 5


def test_masks_and_infos_are_told():
    view = SingleView(Match(num_agents=1, only=1))
    _, info = view.reset(seed=0)
    assert info["action_mask"].tolist() == [0, 1, 0]
    assert view.action_space.sample(info["action_mask"]) == 6
    assert view.action_masks().tolist() == [False, True, False]
    view = SingleView(Schedule(dies=(NEVER,)))
    view.reset(seed=0)
    view.step(0)
    assert view.step(0)[4] == {"doubled": 2, "number": 2}
    with pytest.raises(NotOffered, match="action_mask"):
        view.action_masks()


def test_no_info_tells_the_agent_what_a_threat_hides_from_it():
    view = SingleView(Threatened(Match(num_agents=1, only=1), []))
    view.reset(seed=0)
    info = view.step(view.action_space.sample(view.action_masks().astype(np.int8)))[4]
    assert {"interrupted", "crashed"} <= info.keys()
    assert not [name for name in info if name.startswith(("true_observations", "byzantine"))]


def test_several_agents_or_copies_are_refused_with_the_view_that_takes_them():
    with pytest.raises(InvalidConfig, match=r"2 with 1; .*VectorView"):
        SingleView(rallypoint.make("gathering-v0", num_agents=1, copies=2))
    with pytest.raises(InvalidConfig, match=r"1 with 10; .*Sb3View"):
        SingleView(rallypoint.make("gathering-v0"))


@pytest.mark.parametrize("action", [7, [0], 0.5, None])
def test_actions_outside_the_space_are_refused(action):
    view = alone()
    view.reset(seed=0)
    with pytest.raises(InvalidAction):
        view.step(action)


def test_ppo_trains_through_it():
    wrapped = gymnasium.wrappers.RecordEpisodeStatistics(alone(max_cycles=8))
    model = PPO("MlpPolicy", wrapped, n_steps=16, batch_size=16, n_epochs=1, seed=0, device="cpu")
    model.learn(32)
    assert len(model.ep_info_buffer) == 4


def test_render_and_close_reach_the_world():
    view = SingleView(Schedule(dies=(NEVER,), render_mode="human"))
    view.reset(seed=0)
    view.render()
    assert view.batch_env.drawn == 0
    view.close()


def test_a_world_that_starts_anew_by_itself_is_refused():
    view = SingleView(autoreset(Schedule(dies=(NEVER,))))
    view.reset(seed=0)
    with pytest.raises(InvalidConfig, match=r"starts anew by itself.*without autoreset\(\)"):
        view.step(0)
