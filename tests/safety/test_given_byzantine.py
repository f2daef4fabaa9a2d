"""Who is Byzantine, where somebody else than the model's [byzantine] says so."""

import numpy as np
import pytest

from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import combined, disagreements
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recordings import recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.feedback.reward_flip import RewardFlip
from rallypoint.safety.threats.random_action import RandomAction
from tests.safety.stubs import actions_at, bits, ground, play

# Three workers of which the second lies: it owns copies 2 and 3 of six.
WORKERS = Contributors(who="workers", count=3)
MASK = WORKERS.of_copies(6, 5, np.array([[False, True, False]]))
MODEL = ThreatModel.from_dict(
    {
        "byzantine": {"members": ["worker_1"]},  # no agent of the world is called that
        "threats": [
            {"kind": "random_action", "victims": "byzantine"},
            {"kind": "reward_flip", "victims": "byzantine"},
        ],
    }
)


def given(mask=MASK, model=MODEL, copies=6, **settings):
    return Threatened(ground(copies=copies), model, byzantine=mask, **settings)


def test_all_agents_of_a_byzantine_workers_copies_lie_and_no_others():
    assert MASK.sum() == 2 * 5
    env = given()
    for step in play(env, 30):
        assert (step.infos["byzantine"] == MASK).all()
        told = np.where(MASK, -step.infos["true_rewards"], step.infos["true_rewards"])
        assert (step.rewards == told).all()
        proposed, executed = (step.infos[f"{what}/walkers"] for what in ("proposed", "executed"))
        assert (proposed == executed)[[0, 1, 4, 5]].all()
    first, second = env.receipts()
    assert set(first.applications) == set(second.applications) == set(env.agents)
    assert disagreements(MODEL, env.receipts()) == []


def test_honest_workers_live_what_they_would_without_anybody_byzantine():
    honest = [0, 1, 4, 5]
    without = list(play(ground(), 30))
    together = list(play(given(), 30))
    assert bits(without, honest, infos=False) == bits(together, honest, infos=False)


def test_a_copy_is_lied_to_alike_in_any_batch():
    together = list(play(given(), 30))
    for ids in ([3], [2, 3, 5]):
        alone = given(MASK[ids], copies=ids)
        assert bits(play(alone, 30)) == bits(together, ids)


def test_the_mask_stays_over_episodes_and_is_a_copy():
    mask = MASK.copy()
    env = given(mask)
    env.reset(seed=0)
    mask[:] = True
    env.reset()
    env.reset(seed=5)
    assert (env.byzantine == MASK).all()


def test_a_snapshot_goes_on_with_the_same_liars():
    env = given()
    list(play(env, 7))
    snapshot = env.snapshot()
    rest = bits(play(env, 9, seed=None, first=7))
    again = given()
    again.restore(snapshot)
    assert bits(play(again, 9, seed=None, first=7)) == rest
    assert disagreements(MODEL, again.receipts()) == []
    assert again.receipts() == env.receipts()


def test_a_snapshot_of_other_liars_is_refused_and_changes_nothing():
    env = given()
    env.reset(seed=0)
    snapshot = env.snapshot()
    other = given(~MASK)
    other.reset(seed=3)
    before = other.snapshot()
    with pytest.raises(InvalidConfig, match="others are Byzantine"):
        other.restore(snapshot)
    after = other.snapshot()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_receipts_are_held_to_the_mask_and_say_whom_it_means():
    some = np.zeros_like(MASK)
    some[2, 1] = some[4, 3] = True
    env = given(some)
    list(play(env, 10))
    receipts = env.receipts()
    assert receipts[0].meant == ("walker_1", "glider_0")
    assert receipts[0].to_dict()["meant"] == ["walker_1", "glider_0"]
    assert disagreements(MODEL, receipts) == []
    elsewhere = given(MASK)
    list(play(elsewhere, 10))
    forged = [
        type(receipt)(**{**vars(receipt), "meant": ("walker_1", "glider_0")})
        for receipt in elsewhere.receipts()
    ]
    wrong = disagreements(MODEL, forged)
    assert "touched glider_1, walker_0, walker_2, no victims of its" in wrong[0]


def test_receipts_of_workers_add_up():
    parts = []
    for ids in ([0, 1], [2, 3], [4, 5]):
        shard = given(MASK[ids], copies=ids)
        list(play(shard, 9))
        parts.append(shard.receipts())
    whole = given()
    list(play(whole, 9))
    assert tuple(combined(pair) for pair in zip(*parts, strict=True)) == whole.receipts()


def test_a_recording_that_shows_harm_to_the_honest_is_found():
    env = Recorder(given())
    list(play(env, 12))
    assert env.finish() == []
    [part] = env.parts
    found = recount(part)
    assert found.misinformed == {
        agent: count for agent, count in env.env.receipts()[1].applications.items() if count
    }
    assert found.of_honest == {}
    claimed = recount(type(part)(**{**vars(part), "byzantine": ~part.byzantine}))
    wrong = disagreements(MODEL, env.env.receipts(), [claimed])
    assert any("misinformed: " in fault and "not Byzantine" in fault for fault in wrong)
    assert any("overridden: " in fault and "not Byzantine" in fault for fault in wrong)


def test_threats_to_named_victims_do_not_look_at_the_mask():
    model = ThreatModel(threats=(RewardFlip(victims=["walker_0"]), RandomAction(victims=[4])))
    one, other = (
        Threatened(ground(), model, byzantine=mask) for mask in (MASK, np.zeros_like(MASK))
    )
    for mine, theirs in zip(play(one, 10), play(other, 10), strict=True):
        assert bits([mine], infos=False) == bits([theirs], infos=False)
    assert disagreements(model, one.receipts()) == []


def test_a_mask_of_another_form_is_refused():
    for mask in (MASK[:3], MASK.astype(int), MASK[:, :2]):
        with pytest.raises(
            InvalidConfig, match=r"a bool array \(6, 5\), copies and agents, got an"
        ):
            given(mask)


def test_with_nobody_byzantine_nothing_happens():
    bare = play(ground(), 20)
    nobody = play(given(np.zeros_like(MASK)), 20)
    assert bits(bare, infos=False) == bits(nobody, infos=False)


def test_a_step_is_played_under_a_mask_as_the_models_members_would_play_it():
    members = ThreatModel.from_dict({**MODEL.to_dict(), "byzantine": {"members": ["walker_1", 3]}})
    mask = np.zeros_like(MASK)
    mask[:, [1, 3]] = True
    by_name, by_mask = Threatened(ground(), members), given(mask)
    assert bits(play(by_name, 20)) == bits(play(by_mask, 20))
    assert (by_mask.step(actions_at(by_mask, 0)).infos["byzantine"] == mask).all()
