"""The threat frame: order, and what every step says."""

from dataclasses import replace

import numpy as np
import pytest

import rallypoint
from rallypoint.envs.conformance import assert_is_env
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal
from rallypoint.safety.threats.crash import Crash
from tests.safety.stubs import (
    EVERYTHING,
    CrashingStub,
    Doze,
    Noise,
    SeeingStub,
    Stop,
    Stub,
    actions_at,
    bits,
    ground,
    made,
    play,
)

NULLS = {
    "no threat": ThreatModel(),
    "no victims": ThreatModel(
        threats=(Crash(victims=[]), Noise(victims={"count": 0}), Doze(victims=[], odds=1))
    ),
    "probability 0": ThreatModel(
        threats=(
            Crash(when={"probability": 0}),
            Crash(when={"probability": 0}, mode="frozen"),
            Noise(when={"probability": 0}),
            Stop(when={"probability": 0}),
        )
    ),
    "no budget": ThreatModel(
        threats=(Crash(budget={"steps_per_episode": 0}), Noise(budget={"agents": 0}))
    ),
    "own odds 0": ThreatModel(threats=(Doze(odds=0), Stop(theta=0))),
}


def test_a_threatened_world_is_a_world():
    assert_is_env(made)


@pytest.mark.parametrize("model", NULLS.values(), ids=list(NULLS))
def test_a_null_threat_is_bit_identical_to_none(model):
    bare = play(ground(copies=30), 30)
    threatened = play(Threatened(ground(copies=30), model), 30)
    assert bits(bare, infos=False) == bits(threatened, infos=False)


def test_no_threats_at_all_is_bit_identical_to_none_on_the_ring():
    def ring():
        return rallypoint.make("gathering-v0", copies=5)

    assert bits(play(ring(), 70), infos=False) == bits(
        play(Threatened(ring(), []), 70), infos=False
    )


class Witness:
    """Notes who is asked, in which order, and what they see."""

    def __init__(self):
        self.notes = []

    def stub(self, site, kind=Stub, **settings):
        def does(state, known, draws):
            del draws
            self.notes.append((site, known.group.name, int(known.time[0])))
            values = None
            if site == "observation":
                space = known.group.observation_space
                values = np.zeros((*known.opportunities.shape, *space.shape), space.dtype)
            elif site != "presence":
                values = known.still
            return Proposal(np.zeros_like(known.opportunities), values), state

        return kind(does=does, **settings)


class InterruptingStub(Stub):
    kind = "interrupting_stub"
    site = "interruption"


def test_the_order_is_presence_observation_action_interruption_in_every_group():
    witness = Witness()
    threats = [
        witness.stub("interruption", InterruptingStub),
        witness.stub("action"),
        witness.stub("observation", SeeingStub),
        witness.stub("presence", CrashingStub),
    ]
    env = Threatened(ground(copies=2), threats)
    env.reset(seed=0)
    env.step(actions_at(env, 0))

    def at(step, *sites):
        return [(site, group, step) for site in sites for group in ("walkers", "gliders")]

    assert witness.notes == [
        *at(0, "presence", "observation", "action", "interruption"),
        *at(1, "presence", "observation"),
    ]


def test_threats_at_one_site_see_what_those_before_them_made():
    seen = []

    def ups(state, known, draws):
        seen.append(known.actions.copy())
        return Proposal(known.opportunities, np.ones_like(known.actions)), state

    stub = Stub(does=ups, knowledge=("actions",))
    env = Threatened(ground(copies=2, gliders=1), [stub, stub])
    env.reset(seed=0)
    proposed = actions_at(env, 0)
    step = env.step(proposed)
    assert (seen[0] == proposed["walkers"]).all()
    assert (seen[2] == 1).all()
    assert (step.infos["executed/walkers"] == 1).all()
    assert (step.infos["proposed/walkers"] == proposed["walkers"]).all()


def test_percepts_are_changed_and_truth_is_kept():
    env = made(4, ThreatModel(threats=(Noise(victims=["walker_1"]),)))
    bare = ground(copies=4)
    perceived, true = env.reset(seed=0), bare.reset(seed=0)
    for step, expected in zip(play(env, 5, seed=None), play(bare, 5, seed=None), strict=True):
        for name in true:
            assert (step.infos[f"true_observations/{name}"] == expected.observations[name]).all()
        lies = step.observations["walkers"] != expected.observations["walkers"]
        assert lies[:, 1].all()
        assert not lies[:, [0, 2]].any()
        assert (step.observations["gliders"] == expected.observations["gliders"]).all()
        assert (step.rewards == expected.rewards).all()
    assert (perceived["walkers"] != true["walkers"])[:, 1].all()
    assert perceived["walkers"].dtype == true["walkers"].dtype


def test_a_victims_percept_is_all_it_sees_of_the_observations():
    seen = []

    def looks(state, known, draws):
        seen.append(known.own_percept)
        return Proposal(known.opportunities, known.own_percept), state

    stub = SeeingStub(does=looks, knowledge=("own_percept",), victims=["walker_1"])
    env = Threatened(ground(copies=2), [stub])
    true = env.reset(seed=0)
    assert (seen[0][:, 1] == true["walkers"][:, 1]).all()
    assert not seen[0][:, [0, 2]].any()
    assert not seen[1].any()


def test_interruptions_override_actions_and_end_nothing():
    env = made(30, ThreatModel(threats=(Stop(victims=["walker_0", "glider_1"]),)))
    env.reset(seed=0)
    for step in range(5):
        stops = env.state()[:, 0] > 0
        proposed = actions_at(env, step)
        done = env.step(proposed)
        interrupted = done.infos["interrupted"]
        assert (interrupted[:, 0] == stops).all()
        assert (interrupted[:, 4] == stops).all()
        assert not interrupted[:, 1:4].any()
        assert not done.infos["executed/walkers"][stops, 0].any()
        assert not done.infos["executed/gliders"][stops, 1].any()
        kept = ~interrupted[:, :3]
        assert (done.infos["executed/walkers"][kept] == proposed["walkers"][kept]).all()
        assert not done.terminated[interrupted].any()
        assert not done.infos["crashed"].any()


def test_a_teammates_misbehaviour_is_no_interruption():
    *_, step = play(made(5, ThreatModel(threats=(Doze(odds=1),))), 2)
    assert not step.infos["interrupted"].any()
    assert not step.infos["executed/walkers"].any()


def test_infos_are_references_and_cannot_be_written_through():
    env = made(3, ThreatModel())
    env.reset(seed=0)
    proposed = actions_at(env, 0)
    step = env.step(proposed)
    assert step.infos["proposed/walkers"] is proposed["walkers"]
    assert step.infos["executed/walkers"] is proposed["walkers"]
    assert step.infos["true_observations/walkers"] is step.observations["walkers"]
    for name in ("interrupted", "crashed", "byzantine"):
        assert step.infos[name].shape == (3, 5)
        with pytest.raises(ValueError, match="read-only"):
            step.infos[name][0, 0] = True


def test_the_byzantine_do_what_is_done_by_the_byzantine():
    model = ThreatModel(byzantine=Byzantine(count=2), threats=(Doze(victims="byzantine", odds=1),))
    env = made(40, model)
    env.reset(seed=0)
    step = env.step({k: np.ones_like(v) for k, v in actions_at(env, 0).items()})
    idle = np.concatenate(
        [step.infos["executed/walkers"] == 0, (step.infos["executed/gliders"] == 0).all(-1)], axis=1
    )
    assert (idle == step.infos["byzantine"]).all()
    assert (idle.sum(axis=1) == 2).all()


def test_the_dead_are_no_opportunity():
    seen = []

    def looks(state, known, draws):
        seen.append(known.opportunities)
        return Proposal(known.opportunities, known.still), state

    env = Threatened(ground(copies=3), [Crash(victims=["walker_2"]), Stub(does=looks)])
    env.reset(seed=0)
    env.step(actions_at(env, 0))
    assert seen[0].tolist() == [[True, True, False]] * 3


def test_a_model_and_its_threats_are_the_same_to_the_frame():
    threats = [t for t in EVERYTHING.threats if t.victims != "byzantine"]
    model = replace(EVERYTHING, byzantine=None, threats=tuple(threats))
    one, other = (Threatened(ground(copies=5), given) for given in (model, threats))
    assert bits(play(one, 10)) == bits(play(other, 10))
