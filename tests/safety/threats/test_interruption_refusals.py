"""Interruption: what cannot be meant, and what cannot be written down."""

from dataclasses import replace

import pytest

from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety import threats
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.initiation import Initiation
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import ground, moving


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"theta": 1}, r"theta lies in \[0, 1\), got 1.0; at 1 no action of the agent's own"),
        ({"theta": -0.1}, "got -0.1"),
        ({"theta": float("nan")}, "got nan"),
        ({"theta": True}, "theta is a number or a table or null, got True"),
        ({"when": {"probability": 0.5}}, "leave probability out of when"),
        ({"initiation": "allways"}, r"a region is \{region = 'allways'\}"),
        ({"initiation": {"regoin": "I"}}, "initiation has no key 'regoin'; did you mean 'region'"),
        ({"policy": "freze"}, "'freze'; did you mean 'freeze'"),
        ({"policy": {"action": 1, "folder": "x"}}, "policy is .freeze., .uniform."),
        ({"policy": {"action": 1, "how": "greedy"}}, "how goes with the folder"),
        ({"draw": "epsiode"}, "'epsiode'; did you mean 'episode'"),
        ({"resume_after": -1}, "resume_after counts steps, from 0"),
        ({"draw": "episode", "theta": {"schedule": "visits"}}, "cannot follow visits"),
        ({"initiation": {"log": "x"}, "theta": 0.5}, "followed to the letter"),
        ({"initiation": {"log": "x"}, "shared": True}, "followed to the letter"),
        (
            {"initiation": {"states": [1]}, "knowledge": ["actions"]},
            r"knowledge of true_state; declare knowledge = \['actions', 'true_state'\]",
        ),
        ({"knowledge": ["everything"]}, "no view is called 'everything'"),
        ({"thetta": 0.5}, "has no key 'thetta'; did you mean 'theta'"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_made(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        threats.from_dict({"kind": "interruption", **settings})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"initiation": 3}, "initiation in a word is 'always', got 3"),
        ({"policy": None}, "no interruption policy is called 'None'"),
        ({"theta": [0.5]}, r"theta lies in \[0, 1\), got \[0.5\]"),
    ],
)
def test_what_is_of_another_type_is_refused_in_python_too(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        Interruption(**settings)


def test_a_world_without_an_action_that_does_nothing_cannot_freeze():
    world = ground()
    world.noop = None
    with pytest.raises(NotOffered, match=r"that does nothing, and .* has none; .* setting noop$"):
        Threatened(world, [Interruption()])
    Threatened(world, [Interruption(policy="uniform")])


def test_one_coin_for_several_groups_goes_with_a_policy_that_draws_nothing():
    with pytest.raises(InvalidConfig, match="one coin for all agents of 2 groups goes with"):
        Threatened(ground(), [Interruption(shared=True, policy="uniform")])


def test_outside_a_frame_it_must_be_fitted_first():
    with pytest.raises(InvalidConfig, match=r"fit\(env\) it first"):
        Interruption().apply({}, None, None)


def test_what_was_given_itself_acts_but_cannot_be_written_down():
    threat = Interruption(initiation=Initiation(function=lambda state: state[:, 0] > 0))
    env = Threatened(ground(copies=40), [replace(threat, theta=0.999999)])
    env.reset(seed=0)
    first = env.state()[:, 0] > 0
    assert (env.step(moving(env)).infos["interrupted"] == first[:, None]).all()
    with pytest.raises(InvalidConfig, match=r"cannot be written down; give its address"):
        threat.to_dict()
