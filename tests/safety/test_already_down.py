"""Victims that are dead before anything could happen to them are refused, and no others."""

import pytest

import rallypoint
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.safety.threats.teammate.stutter import Stutter


def put(*threats):
    return Threatened(rallypoint.make("gathering-v0"), threats)


@pytest.mark.parametrize("mode", ["removed", "frozen"])
@pytest.mark.parametrize("begins", [4, 9])
def test_a_threat_to_the_dead_is_refused_with_the_reason(mode, begins):
    crash = Crash(victims=[0, 3, 5], when={"from": 4}, mode=mode)
    stutter = Stutter(victims=["agent_3"], when={"from": begins})
    for threats, place in (([crash, stutter], 0), ([stutter, crash], 1)):
        says = rf"by then agent_3 will have crashed .*threats\[{place}\], from step 4"
        with pytest.raises(InvalidConfig, match=says):
            put(*threats)


def test_all_may_be_dead_and_nobody_twice():
    with pytest.raises(InvalidConfig, match="agent_1 and all its other victims"):
        put(Crash(mode="frozen", when={"from": 2}), RandomAction(victims=[1, 2], when={"from": 3}))
    with pytest.raises(InvalidConfig, match=r"threats\[1\].*threats\[0\]"):
        put(Crash(victims=[1], when={"from": 2}), Crash(victims=[1], when={"from": 3}))


@pytest.mark.parametrize(
    "crash",
    [
        Crash(victims=[0, 3], when={"from": 5}),  # later
        Crash(victims=[3], when={"from": 0}),  # one of two
        Crash(victims=[0, 3], when={"probability": 0.9}),  # by chance
        Crash(victims=[0, 3], budget={"agents": 1}),  # not all of them
        Crash(victims={"count": 2}),  # others in each episode
        Crash(victims=()),
    ],
)
def test_where_somebody_may_be_left_nothing_is_refused(crash):
    put(crash, Stutter(victims=[0, 3], when={"from": 4}))


def test_whoever_is_drawn_may_be_anybody():
    crash = Crash(victims=[0, 3])
    put(crash, Stutter(victims={"count": 2}))
    model = ThreatModel(byzantine=Byzantine(count=1), threats=(crash, Stutter(victims="byzantine")))
    Threatened(rallypoint.make("gathering-v0"), model)
