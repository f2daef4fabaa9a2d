"""Environments that break their own promises are refused, by agent, step and value."""

import re

import numpy as np
import pytest
from gymnasium.spaces import Box

from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import EpisodeEnded, NotConformant
from tests.envs.adapter.toys import DIES, Comings, Toy

WHEN = 2
PARTS = ("observations", "rewards", "terminated", "truncated", "infos")


def having(part, agent, value):
    """Put something else into one of the dicts that a step returns."""

    def spoil(told, env):
        dicts = dict(zip(PARTS, told, strict=True))
        return tuple({**dicts, part: {**dicts[part], agent: value}}.values())

    return spoil


def lacking(part, agent):
    """Leave an agent out of one of the dicts that a step returns."""

    def spoil(told, env):
        dicts = dict(zip(PARTS, told, strict=True))
        rest = {name: value for name, value in dicts[part].items() if name != agent}
        return tuple({**dicts, part: rest}.values())

    return spoil


def now(*agents):
    """Change who is in env.agents."""

    def spoil(told, env):
        env.agents = list(agents)
        return told

    return spoil


def other_space(told, env):
    env._spaces["wolf_1"] = (Box(0, 2, (2,), np.float32), env._spaces["wolf_1"][1])
    return told


FAULTS = {
    "an observation above its space": (
        having("observations", "wolf_1", np.array([0.5, 1.5], np.float32)),
        "wolf_1 observes [0.5 1.5], which is not in Box(0.0, 1.0, (2,), float32)",
    ),
    "an observation below its space": (
        having("observations", "sheep_0", np.array([0, -2.0, 0])),
        "sheep_0 observes [ 0. -2.  0.], which is not in Box(-1.0, 1.0, (3,), float64)",
    ),
    "an observation that is not a number": (
        having("observations", "wolf_0", np.array([np.nan, 0.5], np.float32)),
        "wolf_0 observes [nan 0.5], which is not in Box(0.0, 1.0, (2,), float32)",
    ),
    "an observation of another shape": (
        having("observations", "wolf_0", np.zeros(3, np.float32)),
        "wolf_0 observes an array (3,) of float32, and declares an array (2,) of float32",
    ),
    "an observation that would be broadcast": (
        having("observations", "wolf_0", np.zeros(1, np.float32)),
        "wolf_0 observes an array (1,) of float32, and declares an array (2,) of float32",
    ),
    "an observation of a wider type": (
        having("observations", "wolf_0", np.zeros(2)),
        "wolf_0 observes an array (2,) of float64, and declares an array (2,) of float32",
    ),
    "an observation that is a list": (
        having("observations", "wolf_0", [0.0, 0.0]),
        "wolf_0 observes the list [0.0, 0.0], and declares an array (2,) of float32",
    ),
    "no observation": (
        lacking("observations", "sheep_0"),
        "sheep_0 acted and has no entry in observations",
    ),
    "no reward": (lacking("rewards", "wolf_1"), "wolf_1 acted and has no entry in rewards"),
    "no flag": (lacking("truncated", "wolf_1"), "wolf_1 acted and has no entry in truncated"),
    "a reward that is not a number": (
        having("rewards", "wolf_1", float("nan")),
        "wolf_1 earns nan; a reward is finite",
    ),
    "an infinite reward": (having("rewards", "wolf_1", np.inf), "wolf_1 earns inf"),
    "a whole number beyond all floats": (
        having("rewards", "wolf_1", -(10**400)),
        "wolf_1 earns inf; a reward is finite",
    ),
    "a reward that is masked": (having("rewards", "wolf_1", np.ma.masked), "wolf_1 earns the"),
    "a reward that is a text": (having("rewards", "wolf_1", "1"), "wolf_1 earns the str '1'"),
    "a reward that is an array": (
        having("rewards", "wolf_1", np.ones(1)),
        "wolf_1 earns the ndarray array([1.])",
    ),
    "no reward but None": (having("rewards", "wolf_1", None), "wolf_1 earns the NoneType None"),
    "a flag that is a number": (
        having("terminated", "sheep_0", 0),
        "sheep_0 is terminated: 0; a flag is True or False",
    ),
    "a flag that is None": (having("truncated", "sheep_0", None), "sheep_0 is truncated: None"),
    "an agent that nobody knows": (
        having("observations", "fox_0", np.zeros(2)),
        "'fox_0' is in observations and not in possible_agents",
    ),
    "an arrival that nobody knows": (
        now("wolf_0", "sheep_0", "wolf_1", "fox_0"),
        "'fox_0' is in env.agents and not in possible_agents",
    ),
    "an agent that is there twice": (
        now("wolf_0", "sheep_0", "wolf_1", "wolf_1"),
        "wolf_1 is in env.agents twice",
    ),
    "an agent that leaves without a word": (
        now("wolf_0", "sheep_0"),
        "wolf_1 is not in env.agents any more and was neither terminated nor truncated",
    ),
    "an agent that is terminated and stays": (
        having("terminated", "wolf_1", True),
        "wolf_1 was terminated or truncated in this step and is still in env.agents",
    ),
    "a step that returns too little": (
        lambda told, env: told[:4],
        "step() must return (observations, rewards, terminated, truncated, infos), not the tuple",
    ),
    "a dict that is a list": (
        lambda told, env: (told[0], [1.0], *told[2:]),
        "step() returned the list [1.0] for rewards; they are dicts by agent",
    ),
}


def broken(spoil, when=WHEN, kind=Toy):
    """Make two copies, one of which breaks a promise, at one time."""
    made = []

    def make():
        made.append(None)
        is_spoilt = len(made) == 2
        return kind(
            lambda time, told, env: spoil(told, env) if is_spoilt and time == when else told
        )

    return adapt(make, copies=[4, 9])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_agent_step_and_value(fault):
    spoil, sentence = FAULTS[fault]
    env = broken(spoil)
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(NotConformant, match=re.escape(f"toy_v0, step 2 of copy 9: {sentence}")):
        env.step(actor.choose())


def test_after_a_fault_nothing_goes_on_before_a_reset():
    env = broken(lacking("rewards", "wolf_1"))
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(NotConformant):
        env.step(actor.choose())
    with pytest.raises(EpisodeEnded):
        env.step(actor.choose())
    env.reset()
    env.step(actor.choose())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda told, env: told[0], "reset() must return (observations, infos), two dicts, not"),
        (lambda told, env: ({}, {}), "wolf_0 has no observation after reset()"),
        (now(), "nobody is in env.agents after reset()"),
        (now("fox_0"), "'fox_0' is in env.agents and not in possible_agents"),
        (other_space, "wolf_1 has spaces (Box(0.0, 2.0, (2,), float32)"),
        (
            lambda told, env: ({**told[0], "wolf_0": np.full(2, 9, np.float32)}, told[1]),
            "wolf_0 observes [9. 9.], which is not in Box(0.0, 1.0, (2,), float32)",
        ),
    ],
)
def test_a_fault_of_a_reset_is_told_as_one(spoil, sentence):
    env = broken(spoil, when=0)
    with pytest.raises(NotConformant, match=re.escape(f"toy_v0, the reset of copy 9: {sentence}")):
        env.reset(seed=0)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda told, env: now("wolf_1", "wolf_0")(
                having("observations", "wolf_0", np.zeros(2, np.float32))(told, env), env
            ),
            "wolf_0 is back in env.agents though its part was over",
        ),
        (
            having("rewards", "wolf_0", 1.0),
            "wolf_0 did not act and earns 1.0; only who acts earns",
        ),
    ],
)
def test_the_dead_neither_return_nor_earn(spoil, sentence):
    env = broken(spoil, when=DIES + 1, kind=Comings)
    env.reset(seed=0)
    actor = Actor(env)
    for _ in range(DIES):
        env.step(actor.choose())
    with pytest.raises(NotConformant, match=re.escape(sentence)):
        env.step(actor.choose())


def test_an_arrival_that_sees_nothing_is_a_fault():
    env = broken(lacking("observations", "wolf_1"), kind=Comings)
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(NotConformant, match="wolf_1 arrives without an observation"):
        env.step(actor.choose())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_space_without_bounds_still_holds_numbers_only(value):
    class Unbounded(Toy):
        def __init__(self, spoil):
            super().__init__(spoil)
            space = Box(-np.inf, np.inf, (2,), np.float32)
            self._spaces["wolf_1"] = (space, self._spaces["wolf_1"][1])

    env = broken(having("observations", "wolf_1", np.array([0, value], np.float32)), kind=Unbounded)
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(NotConformant, match=r"wolf_1 observes \[ *0\. *-?(nan|inf)\].*not finite"):
        env.step(actor.choose())


@pytest.mark.parametrize("value", [[-1.5, 0.0], [0.0, 2.5]])
def test_every_entry_has_a_bound_of_its_own(value):
    class Uneven(Toy):
        def __init__(self, spoil):
            super().__init__(spoil)
            space = Box(np.array([-1, -2]), np.array([3, 2]), dtype=np.float32)
            self._spaces["wolf_1"] = (space, self._spaces["wolf_1"][1])

    env = broken(having("observations", "wolf_1", np.array(value, np.float32)), kind=Uneven)
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(NotConformant, match=r"wolf_1 observes .* which is not in Box"):
        env.step(actor.choose())


def test_what_an_environment_raises_itself_says_where():
    def fail(told, env):
        raise ZeroDivisionError

    env = broken(fail)
    env.reset(seed=0)
    actor = Actor(env)
    env.step(actor.choose())
    with pytest.raises(ZeroDivisionError) as error:
        env.step(actor.choose())
    assert error.value.__notes__ == ["raised by the environment itself: toy_v0, step 2 of copy 9"]


def test_an_action_outside_its_space_is_refused_before_anybody_moves():
    env = adapt(Toy)
    env.reset(seed=0)
    actions = {"wolf": np.array([[0, 7]]), "sheep": np.zeros((1, 1, 2), int)}
    with pytest.raises(ValueError, match=r"wolf_1 must be an integer in -1\.\.1, got 7"):
        env.step(actions)
    assert env._plays[0].env.acted == []
