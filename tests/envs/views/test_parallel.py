"""A world of one copy as PettingZoo's users know it."""

import copy
import pickle

import numpy as np
import pettingzoo
import pytest
from pettingzoo.test import max_cycles_test, parallel_api_test, parallel_seed_test

import rallypoint
from rallypoint.envs import gathering
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from tests.envs.harbour import ARRIVAL, BOATS, GULLS, Harbour


def harbour(**settings):
    return ParallelView(Harbour(**settings))


def ring(**settings):
    return pettingzoo.make("parallel", "rallypoint/gathering-v0", **settings)


def choose(view):
    return {agent: view.action_space(agent).sample() for agent in view.agents}


def seeded(view, seed=0):
    for number, agent in enumerate(view.possible_agents):
        view.action_space(agent).seed(seed + number)
    return view


every_view = pytest.mark.parametrize("make_view", [harbour, ring])


@every_view
def test_pettingzoos_parallel_test_passes(make_view):
    parallel_api_test(make_view(), num_cycles=100)


@every_view
def test_pettingzoos_parallel_seed_test_passes(make_view):
    parallel_seed_test(make_view, num_cycles=50)


def test_pettingzoos_test_of_max_cycles_passes():
    max_cycles_test(gathering)


def test_a_registered_world_has_its_defaults_and_takes_settings_in_pettingzoo():
    view = ring(max_cycles=3, num_agents=4)
    view.reset(seed=0)
    assert (len(view.agents), view.batch_env.time_limit) == (4, 3)
    assert ring().batch_env.time_limit == 65


@every_view
def test_it_says_all_that_pettingzoo_asks_for(make_view):
    view = make_view(render_mode="rgb_array")
    assert view.metadata["is_parallelizable"]
    assert view.metadata["name"]
    assert view.render_mode in view.metadata["render_modes"]
    assert view.metadata["render_fps"] > 0
    assert view.unwrapped is view
    assert view.max_num_agents == len(view.possible_agents)
    view.reset(seed=0)
    assert view.render().dtype == np.uint8
    view.close()


@every_view
def test_spaces_are_the_same_object_each_time_and_action_spaces_the_views_own(make_view):
    view = make_view()
    other = ParallelView(view.batch_env)
    for agent in view.possible_agents:
        assert view.observation_space(agent) is view.observation_space(agent)
        assert view.action_space(agent) is view.action_space(agent)
        assert view.action_space(agent) == other.action_space(agent)
        assert view.action_space(agent) is not other.action_space(agent)


@every_view
def test_episodes_are_those_of_the_world(make_view):
    view, world = seeded(make_view()), make_view().batch_env
    seen, _ = view.reset(seed=3)
    expected = world.reset(seed=3)
    index = {agent: number for number, agent in enumerate(world.agents)}
    for _ in range(12):
        rows = [row for array in expected.values() for row in array[0]]
        assert all(np.array_equal(seen[agent], rows[index[agent]]) for agent in seen)
        actions = choose(view)
        everybody = {
            a: actions.get(a, 0 if a in BOATS else np.zeros(2, np.float32)) for a in world.agents
        }
        step = world.step(
            {g.name: np.array([[everybody[a] for a in g.agents]]) for g in world.groups}
        )
        seen, rewards, terminated, truncated, _ = view.step(actions)
        expected = step.observations
        for agent in seen:
            place = 0, index[agent]
            assert rewards[agent] == step.rewards[place]
            assert terminated[agent] == step.terminated[place]
            assert truncated[agent] == step.truncated[place]


@every_view
def test_rewards_and_flags_are_plain_python(make_view):
    view = make_view()
    view.reset(seed=0)
    while view.agents:
        _, rewards, terminated, truncated, _ = view.step(choose(view))
        assert {type(reward) for reward in rewards.values()} == {float}
        assert {type(bit) for bits in (terminated, truncated) for bit in bits.values()} == {bool}


@every_view
def test_whoever_acts_or_arrives_is_told_everything_and_nobody_else_anything(make_view):
    view = seeded(make_view())
    for _ in range(10):
        seen, infos = view.reset(seed=0 if not view.agents else None)
        assert list(seen) == list(infos) == view.agents
        while view.agents:
            acted = view.agents
            told = view.step(choose(view))
            shown = [a for a in view.possible_agents if a in acted or a in view.agents]
            assert all(list(part) == shown for part in told)
            _, _, terminated, truncated, _ = told
            over = {agent for agent in shown if terminated[agent] or truncated[agent]}
            assert set(view.agents) == set(shown) - over


def test_the_time_limit_truncates_and_terminates_nobody():
    view = ring(max_cycles=2)
    view.reset(seed=0)
    view.step(choose(view))
    _, _, terminated, truncated, _ = view.step(choose(view))
    assert all(truncated.values())
    assert not any(terminated.values())
    assert view.agents == []


def test_a_late_arrival_joins_with_reward_zero():
    view = harbour()
    seen, _ = view.reset(seed=0)
    assert "gull_2" not in seen
    for step in range(1, ARRIVAL + 1):
        assert "gull_2" not in view.agents
        seen, rewards, terminated, truncated, infos = view.step(choose(view))
        assert ("gull_2" in seen) == (step == ARRIVAL)
    assert (rewards["gull_2"], terminated["gull_2"], truncated["gull_2"]) == (0.0, False, False)
    assert "gull_2" in infos
    assert view.agents[-1] == "gull_2"


def test_who_dies_leaves_and_does_not_come_back():
    view = harbour(max_cycles=100)
    view.reset(seed=0)
    sunk = set()
    while view.agents:
        _, _, terminated, *_ = view.step(choose(view))
        assert not sunk & set(terminated)
        sunk |= {agent for agent, bit in terminated.items() if bit}
    assert sunk == set(BOATS)


def test_who_is_removed_from_the_world_is_told_that_it_is_over():
    view = ring(num_agents=3)
    view.reset(seed=0)
    view.batch_env.remove(np.array([[False, True, False]]))
    _, rewards, terminated, truncated, _ = view.step(choose(view))
    assert terminated == {"agent_0": False, "agent_1": True, "agent_2": False}
    assert not any(truncated.values())
    assert rewards["agent_1"] == 0.0
    assert view.agents == ["agent_0", "agent_2"]
    view.reset()
    assert view.agents == view.possible_agents


def test_who_is_truncated_alone_leaves_alone():
    class Impatient(Harbour):
        def step(self, actions):
            step = super().step(actions)
            step.truncated[0, 0] = self._elapsed[0] == 1
            return step  # the world goes on saying that the boat is alive

    view = ParallelView(Impatient())
    view.reset(seed=0)
    _, _, terminated, truncated, _ = view.step(choose(view))
    assert (terminated["boat_0"], truncated["boat_0"]) == (False, True)
    for _ in range(3):
        assert "boat_0" not in view.agents
        seen, *_ = view.step(choose(view))
        assert "boat_0" not in seen


def test_infos_hold_the_mask_of_those_with_discrete_actions_as_sample_takes_it():
    view = harbour()
    _, infos = view.reset(seed=0)
    while view.agents:
        for agent in view.agents:
            assert ("action_mask" in infos[agent]) == (agent in BOATS)
            view.action_space(agent).sample(infos[agent].get("action_mask"))
        *_, infos = view.step(choose(view))


def test_agents_are_told_what_became_of_themselves_and_nothing_that_lets_them_cheat():
    lies = ThreatModel(byzantine=Byzantine(count=2), threats=(Crash(victims=["gull_1"]),))
    view = ParallelView(Threatened(Harbour(), lies))
    view.reset(seed=0)
    *_, infos = view.step(choose(view))
    assert infos["gull_0"] == {"interrupted": False, "crashed": False}
    assert infos["boat_0"].keys() == {"action_mask", "interrupted", "crashed"}
    assert view.batch_infos["byzantine"].sum() == 2
    assert {"wind", "true_observations/gulls"} <= view.batch_infos.keys()
    view.reset()
    assert view.batch_infos == {}


def test_an_info_of_the_worlds_own_is_not_taken_for_the_agents():
    class Named(Harbour):
        def _advance(self, actions):
            rewards, terminated, _ = super()._advance(actions)
            infos = {"crashed": np.zeros((1, 5, 2)), "level": np.zeros((1, 5))}
            return rewards, terminated, infos

    view = ParallelView(Named())
    view.reset(seed=0)
    assert view.step(choose(view))[4]["gull_1"] == {}


def test_next_episodes_differ_and_a_seed_brings_the_first_back():
    view = ring()
    first, _ = view.reset(seed=1)
    second, _ = view.reset()
    again, _ = view.reset(seed=1)
    assert not all(np.array_equal(first[agent], second[agent]) for agent in first)
    assert all(np.array_equal(first[agent], again[agent]) for agent in first)


def test_the_options_of_reset_are_taken_and_not_used():
    assert ring().reset(seed=0, options={"anything": 1})[0]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])  # noqa: S301  # our own
@every_view
def test_copies_and_pickles_go_on_alike(make_view, duplicate):
    view = seeded(make_view())
    view.reset(seed=5)
    view.step(choose(view))
    other = duplicate(view)
    for _ in range(2):
        while view.agents:
            actions = choose(view)
            for one, two in zip(view.step(actions), other.step(actions), strict=True):
                assert str(one) == str(two)
        assert str(view.reset()) == str(other.reset())


def test_state_is_that_of_the_one_copy_where_it_is_offered():
    view = ring(num_agents=4)
    view.reset(seed=0)
    assert view.state().shape == (4,)

    class Private(Harbour):
        offers = Harbour.offers - {"state"}

        def state(self):
            self._refuse("state")

    with pytest.raises(NotOffered, match="'state'"):
        ParallelView(Private()).state()


def test_more_than_one_copy_is_refused():
    with pytest.raises(InvalidConfig, match=r"one copy, and this gathering-v0 has 2; .* copies=1"):
        ParallelView(rallypoint.make("gathering-v0", copies=2))


def test_a_certain_copy_can_be_shown():
    whole = rallypoint.make("gathering-v0", copies=8).reset(seed=0)["agents"]
    seen, _ = ParallelView(rallypoint.make("gathering-v0", copies=[7])).reset(seed=0)
    assert np.array_equal(np.stack(list(seen.values())), whole[7])


def test_gulls_and_boats_keep_their_order():
    assert tuple(harbour().possible_agents) == BOATS + GULLS
