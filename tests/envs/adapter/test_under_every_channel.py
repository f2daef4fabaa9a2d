"""One threat file in other people's environments: people, lying eyes and a broken teammate."""

import tomllib

import gymnasium
import numpy as np
import pettingzoo
import pytest

from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.views.adapter import adapt
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import ThreatModel

FILE = """
format = 1
[byzantine]
count = 1

[[threats]]
kind = "interruption"                 # a person takes over now and then
theta = 0.3
policy = "uniform"

[[threats]]
kind = "wrong_observation"            # all are blind now and then
mode = "zeros"
when = { probability = 0.3 }

[[threats]]
kind = "random_action"                # one is out of its mind, and
victims = "byzantine"
when = { probability = 0.5, until = 4 }

[[threats]]
kind = "crash"                        # stands still in the end
victims = "byzantine"
mode = "frozen"
when = { from = 4 }

[[threats]]
kind = "reward_flip"                  # and all are told the opposite of what they earn
"""
KINDS = ("interruption", "wrong_observation", "random_action", "crash", "reward_flip")


def grid(**settings):
    """Make a key and a door of Minigrid, whose missions are texts and stay out."""
    from minigrid.wrappers import ImgObsWrapper

    name = "MiniGrid-DoorKey-5x5-v0"
    return ImgObsWrapper(gymnasium.make(name, disable_env_checker=True, **settings))


def knights(**settings):
    env = pettingzoo.make("parallel", "butterfly/knights_archers_zombies-v11", **settings)
    # A process has one window of it, and closing any copy closes that: no mode for a batch.
    env.metadata = {**env.metadata, "render_modes": ["rgb_array"]}
    return env


TASKS = {
    "simple_spread": ("mpe2.simple_spread_v3:parallel_env", {"noop": 0, "max_cycles": 8}),
    "simple_tag": ("mpe2.simple_tag_v3:parallel_env", {"noop": 0, "max_cycles": 8}),
    # What of its last episode it carries into the next is the adapter's to forget.
    "butterfly": (knights, {"noop": 5, "max_cycles": 8, "anew": True}),
    "battle": (
        "magent2.environments.battle_v4:parallel_env",
        {"noop": 6, "map_size": 12, "max_cycles": 8},
    ),
    "minigrid": (grid, {"noop": 6, "max_cycles": 8}),
}
every_task = pytest.mark.parametrize("task", TASKS)


def threatened(task, *, copies=1, **more):
    """Make a task under the file's threats."""
    if task == "minigrid":
        pytest.importorskip("minigrid", reason="needs Minigrid: make setup")
    env, settings = TASKS[task]
    world = adapt(env, copies=copies, **settings | more)
    return Threatened(world, ThreatModel.from_dict(tomllib.loads(FILE)))


# Minigrid's, where it draws a mission by pygame-ce.
@pytest.mark.filterwarnings("ignore:The system font 'freesansbold:UserWarning")
@every_task
def test_under_threats_it_keeps_the_whole_contract(task):
    def world(*, copies=1, **more):
        return threatened(task, copies=copies, **more)

    assert_is_env(world, processes=False, max_steps=8)


@every_task
def test_receipts_agree_with_what_was_recorded(task):
    world = Recorder(threatened(task, copies=6))
    actor = Actor(world)
    world.reset(seed=0)
    for _ in range(20):
        ended = world.step(actor.choose()).ended
        if ended.any():
            world.reset(mask=ended)
    receipts = world.env.receipts()
    assert world.finish() == []
    assert [receipt.kind for receipt in receipts] == list(KINDS)
    for receipt in receipts:
        assert sum(receipt.applications.values()) > 0, receipt.kind
    (recording,) = world.parts
    whom = np.argwhere(recording.byzantine.any(axis=(0, 1))).ravel()
    assert {world.agents[i] for i in whom} >= set(receipts[2].applications)
    world.close()
