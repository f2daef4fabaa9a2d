"""The site of feedback: what learners are told, and what stays true."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from rallypoint.errors import NotConformant
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.in_words import notes
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recordings import recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.feedback import FeedbackThreat
from rallypoint.safety.threats.feedback.reward_constant import RewardConstant
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip
from rallypoint.safety.threats.feedback.reward_noise import RewardNoise
from rallypoint.safety.threats.feedback.reward_shuffle import RewardShuffle
from rallypoint.safety.threats.interruption import Interruption
from rallypoint.safety.views import SUPPLIED
from tests.safety.stubs import Doze, Noise, Stub, actions_at, bits, ground, play


@dataclass(frozen=True, kw_only=True)
class Telling(FeedbackThreat):
    """A stub that tells whatever a test wants."""

    kind: ClassVar[str] = "telling"

    does: object = None

    def apply(self, state, known, draws):
        return self.does(state, known, draws)


def test_the_truth_is_untouched_and_what_is_told_is_another_matter():
    lies = [RewardConstant(value=7.0, victims=["walker_1", 4], when={"from": 2})]
    bare, env = ground(), Threatened(ground(), lies)
    bare.reset(seed=0)
    env.reset(seed=0)
    for now in range(12):
        acted = bare.alive
        true, told = bare.step(actions_at(bare, now)), env.step(actions_at(env, now))
        assert (told.infos["true_rewards"] == true.rewards).all()
        expected = true.rewards.copy()
        if now >= 2:
            for agent in (1, 4):
                expected[acted[:, agent], agent] = 7.0
        assert (told.rewards == expected).all()
        assert bits([told._replace(rewards=true.rewards)], infos=False) == bits([true], infos=False)
        if true.ended.any():
            break


def test_whoever_falls_in_a_step_is_lied_to_about_it_and_the_dead_are_not():
    env = Threatened(ground(copies=40), [RewardConstant(value=1.0)])
    env.reset(seed=0)
    fell = gone = 0
    for now in range(12):
        acted = env.alive
        step = env.step(actions_at(env, now))
        assert (step.rewards == np.where(acted, 1.0, step.infos["true_rewards"])).all()
        fell += (step.terminated & acted).sum()
        gone += (~acted).sum()
        if step.ended.any():
            env.reset(mask=step.ended)
    assert fell
    assert gone
    assert disagreements(env.model, env.receipts()) == []


def test_the_frozen_are_told_the_truth():
    crash = Crash(victims=["walker_0"], mode="frozen", when={"from": 1})
    env = Threatened(ground(), [RewardConstant(value=1.0), crash])
    env.reset(seed=0)
    first, second = (env.step(actions_at(env, now)) for now in range(2))
    assert (first.rewards[:, 0] == 1).all()  # it fell after the step
    assert (second.rewards[:, 0] == second.infos["true_rewards"][:, 0]).all()


def test_feedback_is_asked_after_everything_about_the_step_and_before_the_next():
    order = []

    def looks(site, values):
        def does(state, known, draws):
            del draws
            order.append((site, known.group.name, int(known.time[0])))
            return Proposal(np.zeros_like(known.opportunities), values(known)), state

        return does

    class Interrupting(Stub):
        kind = "interrupting_stub"
        site = "interruption"

    class Seeing(Stub):
        kind = "seeing_stub"
        site = "observation"

    threats = [
        Telling(does=looks("feedback", lambda k: np.zeros(k.opportunities.shape))),
        Interrupting(does=looks("interruption", lambda k: k.still)),
        Seeing(does=looks("observation", lambda k: k.own_percept), knowledge=["own_percept"]),
        Stub(does=looks("action", lambda k: k.still)),
    ]
    env = Threatened(ground(copies=2), threats)
    env.reset(seed=0)
    env.step(actions_at(env, 0))
    sites = [(site, time) for site, group, time in order if group == "walkers"]
    assert sites == [
        ("observation", 0),
        ("action", 0),
        ("interruption", 0),
        ("feedback", 0),
        ("observation", 1),
    ]


VIEWS = SUPPLIED["feedback"] - {"geometry"}  # which the proving ground has not


def test_it_sees_what_was_perceived_and_done_and_what_is_true_since():
    seen = {}

    def does(state, known, draws):
        name = known.group.name
        for view in VIEWS:
            seen[name, view] = getattr(known, view)
        return Proposal(known.affordable, np.zeros(known.opportunities.shape)), state

    def looks(state, known, draws):
        seen[known.group.name, "state before"] = known.true_state
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    threats = [
        Noise(victims=["walker_0"]),
        Stub(does=looks, knowledge=["true_state"]),
        Interruption(victims=["walker_1"], theta=0.99, policy={"action": 2}),
        Telling(does=does, knowledge=tuple(VIEWS), victims=["walker_0", "walker_1"]),
    ]
    env = Threatened(ground(copies=3), threats)
    percepts = env.reset(seed=0)
    step = env.step(actions_at(env, 0))
    assert (seen["walkers", "percepts"] == percepts["walkers"]).all()
    assert (seen["walkers", "own_percept"][:, :2] == percepts["walkers"][:, :2]).all()
    assert not seen["walkers", "own_percept"][:, 2].any()
    assert (seen["walkers", "actions"] == step.infos["executed/walkers"]).all()
    assert (seen["walkers", "true_state"] == env.env.state()).all()
    assert (seen["walkers", "state before"] != env.env.state()).any()
    true = step.infos["true_rewards"]
    assert (seen["walkers", "own_feedback"][:, :2] == true[:, :2]).all()
    assert np.isnan(seen["walkers", "own_feedback"][:, 2]).all()
    assert np.isnan(seen["gliders", "own_feedback"]).all()


def test_who_took_no_part_is_nobody_to_know_of():
    heard = []

    def does(state, known, draws):
        heard.append(known.own_feedback)
        return Proposal(known.affordable, np.zeros(known.opportunities.shape)), state

    crash = Crash(victims=["walker_0"], mode="frozen", when={"from": 1})
    env = Threatened(ground(copies=30), [crash, Telling(does=does, knowledge=["own_feedback"])])
    env.reset(seed=0)
    for now in range(8):
        acted = env.alive & ~env.crashed
        true = env.step(actions_at(env, now)).infos["true_rewards"]
        walkers, gliders = heard[-2:]
        told = np.concatenate([walkers, gliders], axis=1)
        assert (np.isnan(told) == ~acted).all()
        assert (told[acted] == true[acted]).all()
    assert not acted[:, 0].any()  # the frozen
    assert not acted[:, 1:].all()  # the fallen


def test_threats_to_feedback_see_what_those_before_them_told():
    constant, flip = RewardConstant(value=2.0), RewardFlip(factor=3.0)
    for threats, told in (([constant, flip], -6.0), ([flip, constant], 2.0)):
        env = Threatened(ground(copies=2), threats)
        env.reset(seed=0)
        assert (env.step(actions_at(env, 0)).rewards == told).all()
        [note] = notes(env.model, env)
        assert note.startswith("Where threats[0] and threats[1] touch one agent at once")


def test_lies_about_feedback_and_interruptions_compose_in_any_order_of_the_file():
    stop = Interruption(victims=["walker_0"], theta=0.99, policy={"action": 1})
    flip = RewardFlip(victims=["walker_0"])
    bare = Threatened(ground(), [stop])
    one, other = Threatened(ground(), [stop, flip]), Threatened(ground(), [flip, stop])
    steps = [list(play(env, 10)) for env in (bare, one, other)]
    assert bits(steps[1]) == bits(steps[2])
    for alone, both in zip(*steps[:2], strict=True):
        # What was earned by the action that was executed in its place, with the sign reversed.
        assert (alone.infos["executed/walkers"] == both.infos["executed/walkers"]).all()
        assert (both.rewards[:, 0] == -alone.rewards[:, 0]).all()
        assert (both.rewards[:, 1:] == alone.rewards[:, 1:]).all()


LIES = [RewardFlip(), RewardNoise(), RewardShuffle(), RewardConstant()]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.kind)
@pytest.mark.parametrize(
    "limits",
    [{"victims": []}, {"when": {"probability": 0}}, {"budget": {"steps_per_episode": 0}}],
    ids=str,
)
def test_a_null_lie_is_bit_identical_to_none(lie, limits):
    null = type(lie)(**limits)
    bare = play(ground(copies=20), 30)
    assert bits(bare, infos=False) == bits(
        play(Threatened(ground(copies=20), null), 30), infos=False
    )


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.kind)
def test_a_lie_shifts_nobody_elses_numbers(lie):
    others = [Noise(), Doze(), RewardNoise(victims=["glider_0"])]
    without = list(play(Threatened(ground(), others), 30))
    more = [*others, type(lie)(victims=["walker_0"])]
    together = list(play(Threatened(ground(), more), 30))
    for one, both in zip(without, together, strict=True):
        assert (one.rewards[:, 1:] == both.rewards[:, 1:]).all()
        same = both._replace(rewards=one.rewards)
        assert bits([one]) == bits([same])


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.kind)
def test_receipts_are_what_a_recording_counts(lie):
    env = Recorder(Threatened(ground(copies=10), type(lie)(victims={"count": 2}, when={"from": 1})))
    list(play(env, 40))
    assert env.finish() == []
    [part], [receipt] = env.parts, env.env.receipts()
    assert receipt.first_step == 1
    told = recount(part).misinformed
    if lie.kind == "reward_shuffle":  # what it tells may be true
        assert set(told) == set(receipt.applications)
        assert sum(told.values()) < sum(receipt.applications.values())
    else:
        assert told == receipt.applications


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_told_is_a_finite_number(value):
    def does(state, known, draws):
        return Proposal(known.affordable, np.full(known.opportunities.shape, value)), state

    env = Threatened(ground(), [Telling(does=does)])
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"must propose finite numbers, not (nan|inf) for"):
        env.step(actions_at(env, 0))


def test_what_is_told_has_a_number_for_each_agent():
    def does(state, known, draws):
        return Proposal(known.affordable, np.zeros(known.opportunities.shape[0])), state

    env = Threatened(ground(copies=2), [Telling(does=does)])
    env.reset(seed=0)
    with pytest.raises(NotConformant, match=r"an array \(2, 3\) of float64, not an array \(2,\)"):
        env.step(actions_at(env, 0))


def test_a_lie_about_whole_numbers_is_told_as_it_is():
    class Counting(ProvingGround):
        def step(self, actions):
            step = super().step(actions)
            return step._replace(rewards=np.full(step.rewards.shape, 3))

    world = Counting(copies=2)
    env = Threatened(world, [RewardConstant(value=0.7, victims=["walker_1"])])
    env.reset(seed=0)
    told = env.step(actions_at(env, 0)).rewards
    assert np.unique(told).tolist() == [0.7, 3.0]


def test_who_answers_in_one_array_all_along_is_heard_in_every_group():
    room = np.zeros((2, 3))

    def does(state, known, draws):
        room[:] = known.columns.start
        return Proposal(known.opportunities, room), state

    env = Threatened(ProvingGround(copies=2, gliders=3), [Telling(does=does)])
    env.reset(seed=0)
    told = env.step(actions_at(env, 0)).rewards
    assert told.tolist() == 2 * [[0, 0, 0, 3, 3, 3]]


def test_a_model_with_lies_comes_back_from_its_plain_form():
    model = ThreatModel(threats=tuple(LIES))
    assert ThreatModel.from_dict(model.to_dict()) == model
