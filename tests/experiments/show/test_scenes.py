"""Scenes: one for each moment, with marks that are what receipts count."""

import numpy as np
import pytest

import rallypoint
from rallypoint.experiments.show.showing import Showing
from rallypoint.registration import envs
from rallypoint.safety.threat_model import ThreatModel

INTERRUPTED = {"kind": "interruption", "theta": 0.5, "policy": "uniform"}
ALL_SITES = {
    "byzantine": {"count": 2},
    "threats": [
        INTERRUPTED | {"victims": ["agent_0", "agent_1"]},
        {"kind": "spoofed_sight", "victims": {"fraction": 0.3}, "share": 0.5},
        {"kind": "anti_goal", "victims": "byzantine"},
        {"kind": "reward_flip", "victims": ["agent_3"], "when": {"every": 2}},
        {"kind": "crash", "victims": ["agent_5"], "when": {"from": 4}},
    ],
}
MARK_BY_KIND = {
    "interruption": "interrupted",
    "spoofed_sight": "deceived",
    "anti_goal": "altered",
    "reward_flip": "misinformed",
}


def a_showing(env="gathering-v0", *names, threats=(), **settings):
    model = threats if isinstance(threats, dict) else {"threats": list(threats)}
    return Showing.of(env, names, threats=ThreatModel.from_dict(model), **settings)


@pytest.mark.parametrize("id", list(envs))
def test_any_world_is_shown_from_its_start_step_by_step_with_its_receipts(id):
    showing = a_showing(id, threats=[INTERRUPTED], most_steps=3)
    told = list(showing.scenes())
    assert [scene.step for scene in told] == list(range(len(told)))
    assert 2 <= len(told) <= 4
    assert [scene.is_last for scene in told] == [False] * (len(told) - 1) + [True]
    (receipt,) = showing.world.receipts()
    counts = sum(scene.marks["interrupted"].astype(int) for scene in told)
    assert dict(zip(showing.world.agents, counts.tolist(), strict=True)) == {
        agent: receipt.applications.get(agent, 0) for agent in showing.world.agents
    }


def test_marks_of_every_site_add_up_to_the_receipts_over_episodes():
    showing = a_showing(threats=ALL_SITES, episodes=2, most_steps=12)
    told = list(showing.scenes())
    assert set(told[0].marks) == {"crashed", "byzantine", *MARK_BY_KIND.values()}
    receipts = {receipt.kind: receipt for receipt in showing.world.receipts()}
    for kind, mark in MARK_BY_KIND.items():
        counts = sum(scene.marks[mark].astype(int) for scene in told)
        assert counts.sum() == sum(receipts[kind].applications.values()) > 0
    assert all(scene.marks["byzantine"].sum() == 2 for scene in told)
    for scene in told:
        assert scene.marks["crashed"].nonzero()[0].tolist() == ([5] if scene.step >= 4 else [])


def test_marks_are_what_was_really_done():
    for scene in a_showing(threats=ALL_SITES, most_steps=12).scenes():
        lied_to = (scene.true["agents"] != scene.seen["agents"]).any(axis=-1)
        assert not (lied_to & ~scene.marks["deceived"]).any()
        if scene.step:
            changed = scene.proposed["agents"] != scene.executed["agents"]
            marked = scene.marks["interrupted"] | scene.marks["altered"]
            assert not (changed & scene.alive & ~marked).any()


def test_returns_are_true_ones_and_begin_anew():
    flipped = [{"kind": "reward_flip"}]
    lied_to, plain = (
        list(a_showing(threats=threats, episodes=2, most_steps=12).scenes())
        for threats in (flipped, ())
    )
    assert any(scene.returns.any() for scene in plain)
    for one, other in zip(lied_to, plain, strict=True):
        np.testing.assert_array_equal(one.returns, other.returns)
    total = np.zeros(10)
    for scene in plain:
        total = scene.rewards + (total if scene.step else 0)
        np.testing.assert_array_equal(scene.returns, total)
    assert [scene.episode for scene in plain if scene.is_last] == [0, 1]
    starts = [scene.true["agents"] for scene in plain if scene.step == 0]
    assert (starts[0] != starts[1]).any()


def test_who_leaves_is_still_there_at_its_last_step():
    crash = {"kind": "crash", "victims": ["agent_5"], "when": {"from": 2}}
    told = list(a_showing(threats=[crash], most_steps=4).scenes())
    assert [bool(scene.alive[5]) for scene in told] == [True, True, False, False, False]
    assert [bool(scene.there[5]) for scene in told] == [True, True, True, False, False]


def test_an_episode_is_that_of_the_world_itself():
    told = list(
        a_showing("gathering-v0", "circular_mean", seed=3, env_settings={"max_cycles": 9}).scenes()
    )
    env = rallypoint.make("gathering-v0", max_cycles=9)
    seen = env.reset(3)
    for scene in told[1:]:
        np.testing.assert_array_equal(seen["agents"][0], scene_before(told, scene).seen["agents"])
        seen = env.step({"agents": scene.executed["agents"][None]}).observations
    assert told[-1].step == env.time_limit


def scene_before(told, scene):
    return told[told.index(scene) - 1]
