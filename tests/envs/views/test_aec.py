"""A world of one copy as agents that act in turn."""

import pettingzoo
import pytest
from pettingzoo.test import api_test, seed_test

import rallypoint
from rallypoint.envs import gathering
from rallypoint.envs.views.aec import aec_view
from rallypoint.errors import InvalidConfig
from tests.envs.harbour import Harbour


def harbour(**settings):
    return aec_view(Harbour(**settings))


every_view = pytest.mark.parametrize("make_view", [harbour, gathering.env, gathering.raw_env])


@pytest.mark.filterwarnings("ignore:Agents have different observation space sizes")  # and why not
@every_view
def test_pettingzoos_test_passes(make_view):
    api_test(make_view(), num_cycles=100)


@every_view
def test_pettingzoos_seed_test_passes(make_view):
    seed_test(make_view, num_cycles=50)


def test_calls_out_of_order_are_refused():
    with pytest.raises(AttributeError, match="agents cannot be accessed before reset"):
        _ = gathering.env().agents


def test_the_world_moves_when_the_last_agent_has_chosen():
    view = gathering.env(num_agents=3)
    view.reset(seed=0)
    world = view.unwrapped.batch_env
    before = world.state()
    for agent in ("agent_0", "agent_1", "agent_2"):
        assert (world.state() == before).all()
        assert view.agent_selection == agent
        view.step(1)
    assert (world.state() == (before + 1) % 13).all()


def test_pettingzoo_makes_it_by_name_with_a_time_limit():
    view = pettingzoo.make("aec", "rallypoint/gathering-v0", max_cycles=2)
    view.reset(seed=0)
    turns = [agent for agent in view.agent_iter() if view.step(_choice(view)) is None]
    assert turns.count("agent_3") == 3  # two actions, and hearing that it is over


def _choice(view):
    _, _, terminated, truncated, _ = view.last()
    return None if terminated or truncated else 0


def test_more_than_one_copy_is_refused():
    with pytest.raises(InvalidConfig, match="one copy, and this gathering-v0 has 2"):
        aec_view(rallypoint.make("gathering-v0", copies=2))
