"""Receipts, what they are compared with, and what a recording says."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import combined, disagreements
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recordings import recount
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from tests.safety.stubs import Doze, Noise, Stop, actions_at, ground, play

MODEL = ThreatModel(
    byzantine=Byzantine(fraction=0.4),
    threats=(
        Crash(victims={"count": 1}, when={"from": 2}),
        Crash(victims=["walker_1"], when={"from": 1, "probability": 0.2}, mode="frozen"),
        Noise(victims="byzantine", when={"every": 3}),
        Doze(victims={"fraction": 0.6}, budget={"steps_per_episode": 2}),
        Stop(victims=["walker_0", "glider_1"], when={"from": 1, "until": 6}),
    ),
)


def recorded(env, steps):
    """Record an episode from the reset on, until a copy ends or so many steps were taken."""
    recorder = Recorder(env)
    recorder.reset(seed=3)
    for index in range(steps):
        if recorder.step(actions_at(env, index)).ended.any():
            break
    recorder.finish()
    [recording] = recorder.parts
    return recording


def frame(model=MODEL, copies=20):
    return Threatened(ground(copies=copies), model)


def test_a_recording_says_what_the_receipts_say():
    env = frame()
    recording = recorded(env, 8)
    receipts = env.receipts()
    assert len(recording.interrupted) > 3
    found = recount(recording)
    removed, frozen, noise, doze, stop = (receipt.applications for receipt in receipts)
    crashes = {agent: removed.get(agent, 0) + frozen.get(agent, 0) for agent in env.agents}
    assert found.crashes == {agent: count for agent, count in crashes.items() if count}
    assert found.interruptions == stop
    assert found.deceived == noise
    assert 0 < sum(found.overridden.values()) <= sum(doze.values()) + sum(stop.values())
    assert disagreements(MODEL, receipts, [found]) == []


@pytest.mark.parametrize("site", ["crashes", "interruptions", "overridden", "deceived"])
def test_a_receipt_that_says_less_than_the_recording_is_found(site):
    env = frame()
    found = recount(recorded(env, 8))
    counts = getattr(found, site)
    more = found._replace(**{site: {agent: count + 10**6 for agent, count in counts.items()}})
    assert disagreements(MODEL, env.receipts(), [more])


def test_a_receipt_that_says_more_than_the_recording_is_found():
    env = frame()
    found = recount(recorded(env, 8))
    for site in ("crashes", "interruptions"):
        wrong = disagreements(MODEL, env.receipts(), [found._replace(**{site: {}})])
        assert f"{site} of walker_0: 0 in the recording" in "\n".join(wrong)


def test_a_receipt_counts_what_was_done():
    env = Threatened(
        ground(copies=4), [Doze(victims=["walker_1", "glider_0"], when={"from": 2}, odds=1)]
    )
    for step in range(4):
        if step == 0:
            env.reset(seed=1)
        env.step({k: np.zeros_like(v) for k, v in actions_at(env, 0).items()})
    [receipt] = env.receipts()
    assert receipt.to_dict() == {
        "kind": "doze",
        "index": 0,
        "site": "action",
        "agents": list(env.agents),
        "episodes": 4,
        "occasions": 4 * 2 * 2,
        "opportunities": 4 * 2 * 2,
        "applications": {"walker_1": 8, "glider_0": 8},
        "steps": 4 * 2,
        "first_step": 2,
        "last_step": 3,
        "most_steps": 2,
        "most_agents": 2,
        "violations": dict.fromkeys(
            ("victims", "schedule", "budget", "absence", "knowledge"), 0
        ),
        "chance": None,
        "repeats": 1,
    }  # fmt: skip
    assert json.loads(json.dumps(receipt.to_dict())) == receipt.to_dict()


def test_a_budget_used_in_an_episode_that_is_over_is_not_forgotten():
    env = Threatened(ground(), [Doze(victims=["walker_0"], odds=1)])
    list(play(env, 4))
    env.reset()
    env.step(actions_at(env, 0))
    [receipt] = env.receipts()
    assert (receipt.most_steps, receipt.most_agents) == (4, 1)


def test_one_falls_but_once():
    crashes = [Crash(victims=["walker_0"], mode=mode) for mode in ("frozen", "removed", "frozen")]
    env = Threatened(ground(copies=3), crashes)
    recording = recorded(env, 3)
    counts = [receipt.applications for receipt in env.receipts()]
    assert counts == [{"walker_0": 3}, {}, {}]
    assert env.alive[:, 0].all()
    assert disagreements(env.model, env.receipts(), [recount(recording)]) == []


def test_a_threat_that_never_acts_has_an_empty_receipt():
    env = Threatened(ground(), [Crash(victims=[])])
    list(play(env, 3))
    [receipt] = env.receipts()
    assert (receipt.opportunities, receipt.applications, receipt.first_step) == (0, {}, None)
    assert disagreements(env.model, [receipt]) == []


def test_receipts_of_shards_add_up_to_the_receipt_of_the_whole():
    whole = frame(copies=range(12))
    list(play(whole, 9))
    parts = []
    for ids in (range(5), range(5, 6), range(6, 12)):
        shard = frame(copies=ids)
        list(play(shard, 9))
        parts.append(shard.receipts())
    assert tuple(combined(receipts) for receipts in zip(*parts, strict=True)) == whole.receipts()


def test_receipts_of_different_threats_do_not_add_up():
    env = frame()
    list(play(env, 2))
    with pytest.raises(InvalidConfig, match="of one threat among the same agents"):
        combined(env.receipts())
    with pytest.raises(InvalidConfig, match="of one threat"):
        combined([])


def receipts_of(model, steps=8):
    env = frame(model)
    list(play(env, steps))
    return list(env.receipts())


def test_honest_receipts_agree_with_their_model():
    assert disagreements(MODEL, receipts_of(MODEL)) == []


@pytest.mark.parametrize(
    ("index", "forged", "message"),
    [
        (0, {"kind": "krash"}, r"the model declares threats \[\(0, 'crash'\)"),
        (0, {"violations": {"victims": 3}}, r"threats\[0\] \(crash\) was kept from 3 attempts"),
        (0, {"most_agents": 2}, "touched 2 agents in an episode, of 1 victims"),
        (0, {"first_step": 1}, "began at step 1, before from = 2"),
        (
            1,
            {"applications": {"walker_2": 1}, "opportunities": 1},
            "touched walker_2, no victims of its",
        ),
        (2, {"most_agents": 3}, "touched 3 agents in an episode, of 2 victims"),
        (3, {"most_steps": 3}, "used 3 of a budget of steps_per_episode = 2"),
        (4, {"last_step": 6}, "went on at step 6, until = 6"),
    ],
)
def test_a_receipt_that_departs_from_the_model_is_found(index, forged, message):
    receipts = receipts_of(MODEL)
    receipts[index] = replace(receipts[index], **forged)
    wrong = disagreements(MODEL, receipts)
    assert any(re.search(message, fault) for fault in wrong)


def test_a_missing_receipt_is_found():
    [wrong] = disagreements(MODEL, receipts_of(MODEL)[:-1])
    assert "(4, 'stop')" in wrong


def test_an_order_of_receipts_does_not_matter():
    assert disagreements(MODEL, receipts_of(MODEL)[::-1]) == []
