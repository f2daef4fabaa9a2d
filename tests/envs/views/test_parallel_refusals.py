"""What a ParallelView refuses: each says what must hold and what came, and changes nothing."""

import numpy as np
import pettingzoo
import pytest

from rallypoint.envs.batch import autoreset
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.errors import EpisodeEnded, InvalidAction, InvalidConfig, NotReset
from tests.envs.harbour import Harbour


def harbour():
    view = ParallelView(Harbour())
    view.reset(seed=0)
    return view


def ring(**settings):
    return pettingzoo.make("parallel", "rallypoint/gathering-v0", **settings)


def choose(view):
    return {agent: view.action_space(agent).sample() for agent in view.agents}


def test_a_step_before_the_reset():
    with pytest.raises(NotReset, match="must be reset before its first step"):
        ring().step({})


def test_a_step_after_the_end():
    view = ring(max_cycles=1)
    view.reset(seed=0)
    actions = choose(view)
    view.step(actions)
    for late in (actions, {}):
        with pytest.raises(EpisodeEnded, match="nobody in gathering-v0 goes on; reset"):
            view.step(late)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"agent_1": None}, "the action of agent_1 must be in Discrete.3., got None"),
        ({"agent_1": 3}, "the action of agent_1 must be in Discrete.3., got 3"),
        ({"agent_2": -1}, "the action of agent_2 must be in Discrete.3., got -1"),
        ({"agent_2": 1.0}, "the action of agent_2 must be in Discrete.3., got 1.0"),
        ({"agent_0": [0, 1]}, r"the action of agent_0 must be in .*, got \[0, 1\]"),
        ({"agent_0": "left"}, "the action of agent_0 must be in .*, got 'left'"),
        ({"agent_7": 0}, "no agent is called 'agent_7'; did you mean 'agent_"),
        ({"agent_1": ...}, "agent_1 is in the world and has no action"),
    ],
)
def test_actions_that_cannot_be_meant(change, sentence):
    view, undisturbed = ring(num_agents=3), ring(num_agents=3)
    for one in (view, undisturbed):
        one.reset(seed=0)
    right = dict.fromkeys(view.agents, 1)
    wrong = {a: action for a, action in (right | change).items() if action is not ...}
    with pytest.raises(InvalidAction, match=sentence):
        view.step(wrong)
    assert str(view.step(right)) == str(undisturbed.step(right))


@pytest.mark.parametrize("action", [[0, 0, 0], [0, 2], [np.nan, 0], 0.5])
def test_an_action_outside_a_box(action):
    view = harbour()
    with pytest.raises(InvalidAction, match=r"the action of gull_1 must be in Box.* got"):
        view.step(choose(view) | {"gull_1": action})


def test_a_world_that_starts_anew_by_itself():
    # What is seen last would be of the next episode, and a reset after it would skip that one.
    view = ParallelView(autoreset(Harbour()))
    view.reset(seed=0)
    with pytest.raises(InvalidConfig, match=r"starts anew by itself.*without autoreset\(\)"):
        view.step(choose(view))


def test_an_action_of_who_is_not_there():
    view = harbour()
    with pytest.raises(InvalidAction, match="gull_2 is not in the world now and cannot act"):
        view.step(choose(view) | {"gull_2": np.zeros(2)})


def test_what_is_no_dict():
    view = ring()
    view.reset(seed=0)
    with pytest.raises(InvalidAction, match="a dict from agent to action, got a list"):
        view.step([0] * 10)
