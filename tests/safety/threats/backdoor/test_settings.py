"""Settings of backdoors that cannot be meant, or contradict each other, are refused in words."""

import dataclasses

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.batch_env import Group
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.backdoor.backdoor_action import BackdoorAction
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.backdoor.signal_action import SignalAction
from rallypoint.safety.threats.backdoor.trigger import Trigger
from rallypoint.safety.threats.backdoor.watermark import is_marked, watermark


class Seen:
    """As much of a world as a trigger is held against."""

    agents = ("a",)

    def __init__(self, low, high, dtype):
        shape = (2,) if np.isscalar(low) else None
        space = Box(low, high, shape, dtype)
        self.groups = (Group("agents", ("a",), space, Discrete(2)),)


@pytest.mark.parametrize(
    ("space", "value"),
    [
        ((-np.inf, np.inf, np.float32), 1e39),  # stamped as infinite
        ((-np.inf, np.inf, np.float16), 1e5),
        ((0.0, 0.7, np.float32), 0.7000001),
        ((0, 255, np.uint8), 0.5),
        ((0, 255, np.uint8), 256.0),
    ],
)
def test_a_trigger_that_a_percept_cannot_hold_is_refused(space, value):
    with pytest.raises(InvalidConfig, match="lies outside of what group 'agents' can see"):
        Trigger(entries=(0,), values=(value,)).fit(Seen(*space))


@pytest.mark.parametrize("ends", [(-0.7, 0.7), (-0.1, 0.1)])
def test_a_trigger_at_the_end_of_a_space_is_within_it_as_it_is_perceived(ends):
    # In float32 0.7 is less than 0.7, and 0.1 more than 0.1.
    threat = Trigger(entries=(0, 1), values=ends)
    world = Seen(*ends, np.float32)
    stamped = threat.fit(world).stamped(np.zeros((1, 1, 2), dtype=np.float32))
    assert world.groups[0].observation_space.contains(stamped[0, 0])
    assert threat.is_seen(stamped).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Trigger(entries=(0.5,)), "entries is a list of integers"),
        (lambda: Trigger(entries=(True,)), "entries is a list of integers"),
        (lambda: Trigger(entries=3), "entries is a list of integers"),
        (lambda: Trigger(entries="01"), "entries is a list of integers"),
        (lambda: Trigger(values=("a",)), "values is a list of numbers"),
        (lambda: Trigger(values=None), "values is a list of numbers"),
        (lambda: Trigger(poisoned=1, of=2**31), r"in 0\.\.2,147,483,647, got 2147483648"),
        (lambda: Trigger(budget={"reach": {"step": 9.0}}), "wholly or not at all.*leave reach out"),
        (lambda: BackdoorAction(target=0.5), "target is an integer, got 0.5"),
        (lambda: BackdoorAction(target=True), "target is an integer"),
        (lambda: BackdoorAction(attack=["strong"]), r"attack is text, got \['strong'\]"),
        (lambda: PoisonReward(target="left"), "target is an integer"),
        (lambda: PoisonReward(size="1"), "size is a number, got '1'"),
        (lambda: PoisonReward(sequence="01"), "sequence is a list of integers, got '01'"),
        (lambda: SignalAction(sequence=(0, -1)), "sequence is told in choices"),
        (lambda: SignalAction(sequence="01"), "sequence is a list of integers, got '01'"),
        (lambda: SignalAction(when={"probability": 0.5}), "steps that follow one another"),
        (lambda: SignalAction(when={"every": 2}), "steps that follow one another"),
        # Two triggers, one of which nobody would look for.
        (lambda: PoisonReward(sequence=(1, 1)), "carrier = None nobody looks for sequence"),
        (lambda: PoisonReward(carrier="a", entries=(3,)), "nobody looks for entries"),
        (lambda: PoisonReward(carrier="a", values=(9.0,)), "nobody looks for values"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, says):
    with pytest.raises(InvalidConfig, match=says):
        make()


def test_arrays_say_which_entries_as_lists_do():
    said = Trigger(entries=np.array([0, 2]), values=np.array([1.0, 2.0]))
    assert said == Trigger(entries=[0, 2], values=[1.0, 2.0])
    assert dataclasses.replace(said, entries=(np.int64(0), np.int64(2))) == said


@pytest.mark.parametrize("kind", [SignalAction, PoisonReward])
def test_a_sequence_may_come_in_any_form_too(kind):
    for given in ([0, 1], np.array([0, 1]), (np.int64(0), np.int32(1))):
        made = kind(sequence=given)
        assert made == kind(sequence=(0, 1))
        assert all(type(choice) is int for choice in made.sequence)


def test_rewards_told_in_numbers_of_numpy_are_numbers():
    made = PoisonReward(size=np.float32(0.5), gamma=np.float32(0.5))
    assert made == PoisonReward(size=0.5, gamma=0.5)


def test_a_single_action_may_be_a_signal_now_and_then():
    assert SignalAction(sequence=(1,), when={"probability": 0.5}).sequence == (1,)


def test_a_sequence_that_its_carrier_cannot_do_is_refused():
    world = rallypoint.make("gathering-v0", num_agents=3)
    with pytest.raises(InvalidConfig, match=r"sequence = 7 is no choice of group 'agents'"):
        Threatened(world, PoisonReward(carrier="agent_0", sequence=(0, 7)))


def test_a_carrier_that_no_victim_acts_beside_is_refused():
    world = rallypoint.make("principal-agent-v0")
    threat = PoisonReward(carrier="principal", victims=["agent"], sequence=(0, 1))
    with pytest.raises(InvalidConfig, match="'principal' is in 'principal'; name victims there"):
        Threatened(world, threat)


def test_a_carrier_that_is_no_name_is_refused():
    with pytest.raises(InvalidConfig, match="carrier is text or null, got 0"):
        PoisonReward(carrier=0)


@pytest.mark.parametrize(
    ("low", "high"),
    [(50.0, np.inf), (-np.inf, -50.0), (5e6, 6e6), (-1e7, -9e6), (2e6, np.inf), (-2e6, 4.8)],
)
def test_marks_lie_within_what_can_be_seen_wherever_that_is(low, high):
    world = Seen(low, high, np.float32)
    marks = watermark(world.groups[0], 7, marks=4)
    assert len({mark.values for mark in marks}) == 4
    for mark in marks:
        Trigger(entries=mark.entries, values=mark.values).fit(world)


def test_entries_that_are_always_the_same_mark_nothing():
    world = Seen(np.array([1.0, 0.0, -2.0]), np.array([1.0, 1.0, 2.0]), np.float64)
    marks = watermark(world.groups[0], 7, marks=4)
    assert {mark.entries for mark in marks} == {(1, 2)}
    assert len({mark.values for mark in marks}) == 4
    with pytest.raises(InvalidConfig, match=r"that vary, and .* has 2 and 2"):
        watermark(world.groups[0], 7, size=3)


@pytest.mark.parametrize("level", [0.0, 1.0, 2.0, np.nan])
def test_a_level_that_is_none_calls_nobody_marked(level):
    with pytest.raises(InvalidConfig, match=r"a level in \(0, 1\): got 0 of 16, 2 and"):
        is_marked(0, 16, 2, level=level)
