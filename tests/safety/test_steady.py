"""A threat that goes on with the same is asked once, and does and counts what it always did."""

from dataclasses import replace

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.batch import autoreset
from rallypoint.safety.cells import among
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import Proposal
from rallypoint.safety.threats.constant_action import ConstantAction
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from rallypoint.safety.threats.interruption import Interruption
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.safety.threats.wrong_observation import WrongObservation

LIMITS = [
    {},
    {"victims": [0, 2]},
    {"victims": {"count": 2}},
    {"when": {"from": 2, "until": 9}},
    {"when": {"every": 3}},
    {"when": {"probability": 0.5}},
    {"budget": {"steps_per_episode": 4}},
    {"budget": {"agents": 1}},
]
KINDS = [
    ConstantAction(action=1),
    WrongObservation(mode="zeros"),
    RewardConstant(value=3.0),
    Interruption(draw="episode", theta=0.5, policy={"action": 2}),
    Interruption(draw="episode", theta=0.5, policy="freeze"),
]


def asked_each_time(threat):
    """The same threat, which does not say that it is steady."""
    kind = type(threat)
    unsteady = type(kind.__name__, (kind,), {"is_steady": property(lambda self: False)})
    other = object.__new__(unsteady)
    vars(other).update(vars(threat))
    return other


def played(threats):
    """Play some episodes, those of two copies ending at times of their own."""
    world = rallypoint.make("gathering-v0", num_agents=4, copies=3, max_cycles=7)
    frame = Threatened(world, threats)
    env = autoreset(frame)
    seen = [env.reset(seed=5)]
    for step in range(30):
        if step == 11:
            frame.reset(mask=np.array([True, False, True]))
        actions = np.random.default_rng(step).integers(0, 3, (3, 4))
        seen.append(env.step({"agents": actions}))
    return seen, frame.receipts()


def flat(thing):
    if isinstance(thing, np.ndarray):
        return [thing]
    parts = thing.values() if isinstance(thing, dict) else thing
    return [array for part in parts for array in flat(part)]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("threat", KINDS, ids=lambda threat: threat.kind)
def test_it_does_and_counts_what_one_does_that_is_asked_each_time(threat, limits):
    if threat.site == "interruption" and "probability" in limits.get("when", {}):
        limits = {"when": {"from": 1}}  # theta is how likely it is
    asked = replace(threat, **limits)
    assert asked.is_steady
    # Somebody leaves in the middle, so that opportunities change.
    leaving = Crash(victims=[1], when={"from": 4}, seed=1)
    ours, receipts = played([leaving, asked])
    theirs, expected = played([leaving, asked_each_time(asked)])
    assert receipts == expected
    assert receipts[1].opportunities
    for one, other in zip(flat(ours), flat(theirs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_it_goes_on_with_is_not_written_to_by_another_of_its_kind():
    room = np.zeros((2, 10), dtype=int)

    class Reusing(ConstantAction):
        def apply(self, state, known, draws):
            room[:] = self.action
            return Proposal(known.affordable, room), state

    frames = []
    for action in (1, 2):
        world = rallypoint.make("gathering-v0", copies=2, num_agents=10)
        frames.append(Threatened(world, Reusing(action=action)))
        frames[-1].reset(seed=0)
    for _ in range(3):
        for action, frame in enumerate(frames, start=1):
            step = frame.step({"agents": np.zeros((2, 10), dtype=int)})
            assert (step.infos["executed/agents"] == action).all()


def calls_of(kind, **settings):
    """Count how often a kind is asked in an episode, and in the first steps of the next."""
    calls = []

    class Counting(kind):
        is_steady = kind.is_steady

        def apply(self, state, known, draws):
            calls.append(1)
            return super().apply(state, known, draws)

    env = Threatened(rallypoint.make("gathering-v0", copies=2, max_cycles=9), Counting(**settings))
    env.reset(seed=0)
    actions = {group.name: np.zeros((2, len(group.agents)), int) for group in env.groups}
    for _ in range(9):
        env.step(actions)
    in_first = len(calls)
    env.reset()
    env.step(actions)
    return in_first, len(calls) - in_first


def test_it_is_not_asked_again_while_nothing_changes():
    assert calls_of(ConstantAction) == (1, 0)
    assert calls_of(Interruption, draw="episode", policy={"action": 1}) == (1, 1)  # a coin anew
    assert calls_of(RandomAction) == (9, 1)


def test_what_is_done_is_counted_once_whichever_copies_begin_anew():
    world = rallypoint.make("gathering-v0", copies=3, num_agents=4)
    env = Threatened(world, [ConstantAction(action=1, victims=[2])])
    env.reset(seed=0)
    for step in range(9):
        env.step({"agents": np.zeros((3, 4), dtype=int)})
        if step in {2, 6}:
            env.reset(mask=np.array([step == 2, True, False]))
    [receipt] = env.receipts()
    assert receipt.applications == {"agent_2": 27}
    assert (receipt.episodes, receipt.most_steps, receipt.most_agents) == (6, 9, 1)


def test_who_is_derived_from_it_and_does_something_else_is_asked():
    class InTurn(ConstantAction):
        def apply(self, state, known, draws):
            proposal, after = super().apply(state, known, draws)
            where = known.afford(known.time[:, None] % 2 == 0)
            return Proposal(where, among(proposal.values, proposal.where, where)), after

    env = Threatened(rallypoint.make("gathering-v0", copies=2, max_cycles=9), InTurn(action=1))
    env.reset(seed=0)
    actions = {group.name: np.zeros((2, len(group.agents)), int) for group in env.groups}
    name = env.groups[0].name
    executed = [env.step(actions).infos[f"executed/{name}"] for _ in range(4)]
    assert [int(done.max()) for done in executed] == [1, 0, 1, 0]
