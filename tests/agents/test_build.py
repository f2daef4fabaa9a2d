"""A world that is put together: its threats know the policy that acts, and each one after it."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.build import build_world, now_acts
from rallypoint.errors import NotOffered
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.teammate.look_ahead import LookAhead

STILL = {"agents": np.zeros((1, 10), dtype=int)}


class Asked:
    """Stays, and counts how often it is asked."""

    def __init__(self):
        self.times = 0

    def act(self, observations, draws):
        self.times += 1
        return {name: np.zeros(seen.shape[:2], dtype=int) for name, seen in observations.items()}


def looking_ahead():
    return ThreatModel(threats=(LookAhead(victims=[0], depth=2),))


@pytest.mark.parametrize("is_recorded", [False, True])
def test_threats_know_whoever_acts_now(is_recorded, tmp_path):
    first, second = Asked(), Asked()
    world = build_world(
        "gathering-v0",
        copies=1,
        threats=looking_ahead(),
        record=tmp_path if is_recorded else None,
        policy=first,
    )
    world.reset(seed=0)
    world.step(STILL)
    assert (first.times, second.times) == (3, 0)  # once for each action that is tried
    now_acts(world, second)
    world.reset(seed=0)
    world.step(STILL)
    assert (first.times, second.times) == (3, 3)


def test_a_world_without_threats_has_nobody_to_tell():
    now_acts(rallypoint.make("gathering-v0"), Asked())


def test_threats_that_must_know_a_policy_are_refused_without_one():
    with pytest.raises(NotOffered, match="the frame was given none"):
        build_world("gathering-v0", copies=1, threats=looking_ahead())
