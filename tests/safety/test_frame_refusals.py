"""The threat frame: what it refuses, and before what."""

import numpy as np
import pytest

from rallypoint.batch_env import OPTIONAL_PARTS
from rallypoint.envs.gathering.world import Gathering
from rallypoint.errors import (
    EpisodeEnded,
    InvalidAction,
    InvalidConfig,
    NotOffered,
    NotReset,
    UnknownName,
)
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.interruption import Interruption
from rallypoint.safety.threats.mapped_action import MappedAction
from rallypoint.safety.threats.random_action import RandomAction
from rallypoint.wrapper import BatchWrapper
from tests.safety.stubs import CrashingStub, Doze, Noise, Stop, Stub, actions_at, ground, made


def test_steps_before_a_reset_or_after_the_end_are_refused_and_leave_no_trace():
    model = ThreatModel(threats=(Crash(when={"from": 2}), Doze()))
    env = made(3, model)
    with pytest.raises(NotReset):
        env.step(actions_at(env, 0))
    env.reset(seed=0)
    env.step(actions_at(env, 0))
    assert env.step(actions_at(env, 1)).ended.all()
    receipts = env.receipts()
    with pytest.raises(EpisodeEnded, match="3 of 3 copies"):
        env.step(actions_at(env, 2))
    assert env.receipts() == receipts


def test_an_illegal_action_is_refused_even_where_another_takes_its_place():
    env = made(2, ThreatModel(threats=(Doze(odds=1),)))
    env.reset(seed=0)
    actions = actions_at(env, 0)
    actions["walkers"][0, 0] = 7
    with pytest.raises(InvalidAction, match="walker_0"):
        env.step(actions)
    assert env.time.tolist() == [0, 0]
    assert env.receipts()[0].opportunities == 0


class _Meddling(BatchWrapper):
    """A world around another, which writes to the actions on their way there."""

    def step(self, actions):
        actions["walkers"][0, 0] = 7
        return self.env.step(actions)


def test_an_illegal_action_of_a_wrapper_in_between_is_refused():
    env = Threatened(_Meddling(ground(copies=2)), Doze(odds=1))
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="walker_0"):
        env.step(actions_at(env, 0))


class _HandMade(Gathering):
    """A world around another that is no BatchWrapper, and writes to the actions as well."""

    def __init__(self):
        super().__init__(copies=2)
        self._inner = Gathering(copies=2)
        self.groups = self._inner.groups

    def reset(self, seed=None, mask=None):
        super().reset(seed, mask)
        return self._inner.reset(seed, mask)

    def step(self, actions):
        actions["agents"][0, 0] = 7
        return self._inner.step(actions)


def test_an_illegal_action_of_a_wrapper_by_hand_is_refused_as_well():
    env = Threatened(_HandMade(), RandomAction())
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="got 7"):
        env.step(actions_at(env, 0))


TABLE = MappedAction(table=[1, 2, 0], victims=["walker_0"])


@pytest.mark.parametrize("threat", [Doze(odds=1), Crash(mode="frozen", victims=[0]), TABLE])
def test_actions_of_any_whole_type_may_meet_those_of_a_threat(threat):
    told = []
    for kind in (np.int64, np.uint64, np.uint8):
        env = Threatened(ground(copies=2), threat)
        env.reset(seed=0)
        actions = actions_at(env, 0)
        step = env.step(actions | {"walkers": actions["walkers"].astype(kind)})
        told.append((step.rewards.tolist(), step.infos["executed/walkers"].tolist()))
    assert told[0] == told[1] == told[2]


def test_optional_parts_are_those_of_the_world():
    env = Threatened(ground(), [Crash(victims=[0])])
    assert env.offers == ground().offers
    env.reset(seed=0)
    assert (env.state() == env.env.state()).all()
    for part in set(OPTIONAL_PARTS) - env.offers - {"cost"}:
        with pytest.raises(NotOffered, match=part):
            getattr(env, part)()


def test_removing_by_hand_is_handed_on_unless_percepts_are_threatened():
    env = Threatened(ground(copies=2), [Doze()])
    env.reset(seed=0)
    mask = np.zeros((2, 5), dtype=bool)
    mask[0] = True
    env.remove(mask)
    assert not env.alive[0].any()
    receipts = env.receipts()
    with pytest.raises(EpisodeEnded):
        env.step(actions_at(env, 0))
    assert env.receipts() == receipts
    lied_to = Threatened(ground(copies=2), [Noise()])
    lied_to.reset(seed=0)
    with pytest.raises(NotOffered, match="'remove'"):
        lied_to.remove(mask)


@pytest.mark.parametrize(
    ("threat", "error", "message"),
    [
        (
            Crash(victims=["walker_9"]),
            UnknownName,
            r"\(threats\[0\]\): no agent is called 'walker_9'; did you mean 'walker_.* 5 agents",
        ),
        (Crash(victims=[5]), InvalidConfig, "no agent 5: indices are 0 … 4"),
        (
            Interruption(initiation={"region": "left", "agent": -1}, knowledge=["regions"]),
            InvalidConfig,
            "no agent -1: indices are 0 … 4",
        ),
        (Crash(victims={"count": 6}), InvalidConfig, "6 of 5 agents"),
        (Crash(victims={"fraction": 0.05}), InvalidConfig, "is nobody"),
        (Crash(when={"from": 12}), InvalidConfig, "begins at step 12.* has 12 steps"),
        (Noise(when={"from": 13}), InvalidConfig, "begins at step 13"),
        (
            Doze(knowledge=["honest_updates"]),
            InvalidConfig,
            "knowledge of honest_updates; at site 'action' there is actions, colluders, geometry,",
        ),
        (Noise(knowledge=["own_percept", "actions"]), InvalidConfig, "knowledge of actions"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_first_step(threat, error, message):
    with pytest.raises(error, match=message):
        Threatened(ground(), [threat])


class UpdateStub(Stub):
    kind = "update_stub"
    site = "update"


class FeedbackStub(Stub):
    kind = "feedback_stub"
    site = "feedback"


class VagueCrash(CrashingStub):
    @property
    def needs(self):
        return frozenset()


def test_a_site_that_is_not_the_worlds_is_refused():
    with pytest.raises(InvalidConfig, match="site 'update'; the frame around a world applies"):
        Threatened(ground(), [UpdateStub(does=print)])


def test_a_lie_about_feedback_that_says_not_about_what_is_refused():
    with pytest.raises(InvalidConfig, match="site 'feedback', so it must be a FeedbackThreat"):
        Threatened(ground(), [FeedbackStub(does=print)])


def test_a_crash_that_says_not_how_is_refused():
    with pytest.raises(InvalidConfig, match=r"needs 'remove'.*or 'noop'"):
        Threatened(ground(), [VagueCrash(does=print)])


def test_what_a_world_lacks_is_refused_with_the_reason():
    world = ground()
    world.offers = frozenset()
    with pytest.raises(NotOffered, match="needs remove, which proving-ground-v0 does not offer"):
        Threatened(world, [Crash(victims=[0])])
    with pytest.raises(NotOffered, match="needs state"):
        Threatened(world, [Stop()])
    world = ground()
    world.noop = None
    with pytest.raises(NotOffered, match="its setting noop; mode = 'removed' needs none"):
        Threatened(world, [Crash(victims=[0], mode="frozen")])


def test_an_episode_without_a_step_is_refused():
    env = Threatened(ground(), [Crash()])
    with pytest.raises(InvalidConfig, match="removed every agent at step 0"):
        env.reset(seed=0)


def test_an_unknown_byzantine_is_refused():
    with pytest.raises(UnknownName, match=r"\[byzantine\]: no agent is called 'bob'"):
        made(model=ThreatModel(byzantine=Byzantine(members=("bob",))))


def test_a_single_threat_needs_no_list():
    assert Threatened(ground(), Crash()).model == ThreatModel(threats=(Crash(),))


@pytest.mark.parametrize("threats", ["crash.toml", None, 3, Crash, {"kind": "crash"}])
def test_what_is_no_threat_is_refused_with_what_is(threats):
    with pytest.raises(InvalidConfig, match="threats are a ThreatModel, a threat or a list of thr"):
        Threatened(ground(), threats)


def test_what_is_no_world_is_refused_with_how_to_make_one():
    with pytest.raises(InvalidConfig, match=r"a BatchEnv, got 'gathering-v0'; make it first, with"):
        Threatened("gathering-v0", [])
    with pytest.raises(InvalidConfig, match=r"what Threatened wraps is a BatchEnv, got None$"):
        Threatened(None, [])
