"""Policies and beliefs that learn together: what they learn from, and going on bit for bit."""

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.belief.features import Features
from rallypoint.agents.belief.network import BeliefNetwork
from rallypoint.agents.belief.shown import Numbered, Told
from rallypoint.agents.belief.tape import Tape
from rallypoint.agents.belief.together import BelievingTogether, SoundLearning, frame_of
from rallypoint.agents.belief.training import BeliefPace
from rallypoint.agents.belief.world import Believing
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.teammate.one_of import OneOf

STEPS = 6
SMALL = {"policy": (8,), "value": (8,), "steps": 9, "epochs": 2, "minibatch": 64}
EITHER = tuple({"kind": "constant_action", "action": action} for action in (0, 1))


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield


def toy(copies=16, probability=0.5):
    game = rallypoint.make("coordination-toy-v0", copies=copies, max_cycles=STEPS)
    drawn = OneOf(types=EITHER, probability=probability, victims={"count": 1})
    return Numbered(Threatened(game, [drawn]))


def together(**pace):
    return BelievingTogether(toy(), seed=3, settings=SMALL, pace=BeliefPace(hidden=4, **pace))


def untrained(env):
    return BeliefNetwork(Features.of(env).size, env.num_agents, hidden=4, seed=1)


class AnyAction:
    def act(self, observations, draws):
        return {name: draws.integers(2, (2,)) for name in observations}


def lived(env, steps):
    """Play by chance, and reset what ends; return the beliefs that were shown, moment by moment.

    Some copies are started anew earlier than others, so that they do not end together.
    """
    shown = [env.reset(seed=5)["agents"]]
    draws = Draws(5, "test/lived", env.copies)
    for place in range(steps):
        if place == STEPS // 2:
            shown.append(env.reset(mask=np.arange(env.num_copies) % 3 == 0)["agents"])
        step = env.step(AnyAction().act({"agents": None}, draws))
        shown.append(step.observations["agents"])
        if step.ended.any():
            shown.append(env.reset(mask=step.ended)["agents"])
    return np.stack(shown)[..., -2:]


def test_what_is_on_tape_leads_to_the_beliefs_that_were_shown():
    env = toy()
    network = untrained(env)
    tape = Tape(frame_of(env))
    world = Believing(env, network, tape=tape)
    shown = lived(world, steps=15)
    first = tape.take()
    draws = Draws(6, "test/on", env.copies)
    more = [world.step(AnyAction().act({"agents": None}, draws)) for _ in range(2)]
    second = tape.take()  # goes on from what was remembered
    expected = (shown, np.stack([step.observations["agents"][..., -2:] for step in more]))
    for course, beliefs in zip((first, second), expected, strict=True):
        parts = [course.memory, course.looks, course.forgets]
        with torch.no_grad():
            logits = network(*map(torch.from_numpy, [course.inputs, *parts]))
        found = torch.sigmoid(logits).numpy().reshape(-1, 16, 2, 2)
        taken_in = course.looks.reshape(-1, 16, 2)
        np.testing.assert_allclose(found[taken_in], beliefs[taken_in], atol=1e-5)


def test_nobody_learns_from_what_the_hostile_lived():
    learning = SoundLearning(toy(copies=64), seed=0, settings=SMALL)
    report = learning.train_round()
    everything = 64 * 2 * SMALL["steps"]
    assert (
        0.6 * everything < report.steps[0] < 0.9 * everything
    )  # in half of the copies, one of two
    env = toy(copies=64)
    tape = Tape(frame_of(env))
    lived(Believing(env, untrained(env), tape=tape), steps=STEPS)
    course = tape.take()
    own = course.is_hostile.reshape(-1, 64, 2, 2).diagonal(axis1=2, axis2=3).reshape(-1, 128)
    assert own.any()
    assert not (course.counts & own).any()
    assert (course.counts | own)[course.looks].all()


def test_going_on_from_a_snapshot_gives_the_same_bits():
    whole, part = together(), together()
    for _ in range(2):
        whole.train_round()
        part.train_round()
    again = together()
    again.restore({name: array.copy() for name, array in part.snapshot().items()})
    for _ in range(2):
        assert whole.train_round().lost == again.train_round().lost
    assert (whole.policy.parameters == again.policy.parameters).all()
    for ours, theirs in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_policy_that_was_handed_out_does_not_change():
    learning = together()
    before = learning.policy
    kept = before.parameters.copy()
    learning.train_round()
    assert (before.parameters == kept).all()
    assert (learning.policy.parameters != kept).any()


def test_beliefs_come_to_know_more_than_the_base_rate():
    learning = BelievingTogether(toy(copies=64), seed=0, settings=SMALL | {"steps": STEPS})
    lost = [learning.train_round().lost for _ in range(30)]
    # One of two is hostile in half of the episodes: the sound know themselves to be, and of the
    # other that it is in a third of what they live.
    base_rate = -(np.log(1 / 3) / 3 + 2 * np.log(2 / 3) / 3) / 2
    assert np.mean(lost[-5:]) < base_rate
    still = together(passes=0)
    assert [still.train_round().lost for _ in range(2)]
    assert all(
        torch.equal(a, b)
        for a, b in zip(still.network.parameters(), together().network.parameters(), strict=True)
    )


def test_agents_are_told_who_they_are_and_who_is_hostile():
    numbered = toy(copies=32, probability=1.0)
    frame = frame_of(numbered)
    told = Told(numbered, frame)
    seen = told.reset(seed=0)["agents"]
    assert (seen[:, :, 2:4] == np.eye(2)).all()
    assert (seen[:, :, 4:] == frame.hostile[:, None]).all()
    assert frame.hostile.any(axis=0).all()
    np.testing.assert_array_equal(told.restore(told.snapshot())["agents"], seen)


@pytest.mark.parametrize("around", [Numbered, lambda env: Told(env, env)])
def test_worlds_that_show_more_pass_the_environment_suite(around):
    def make(*, copies=1, render_mode=None):
        settings = {"copies": copies, "render_mode": render_mode, "max_cycles": 8}
        ring = Threatened(rallypoint.make("gathering-v0", **settings), [])
        return around(ring)

    assert_is_env(make, processes=False)


def test_what_cannot_be_learned_is_refused():
    game = rallypoint.make("coordination-toy-v0")
    with pytest.raises(InvalidConfig, match="under no threats: put it into"):
        BelievingTogether(game, seed=0)
    with pytest.raises(InvalidConfig, match="nothing to believe"):
        SoundLearning(Numbered(Threatened(game, [])), seed=0)
    with pytest.raises(UnknownName, match="did you mean 'ppo'"):
        SoundLearning(toy(), seed=0, agent="pppo")
    with pytest.raises(InvalidConfig, match="passes is a number >= 0"):
        BeliefPace(passes=-1)
    with pytest.raises(InvalidConfig, match="step_size is a finite number"):
        BeliefPace(step_size=0.0)
