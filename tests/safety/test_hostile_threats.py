"""Each limit, and a stub that ignores it: the frame keeps it in, and says so."""

import contextlib

import numpy as np
import pytest

from rallypoint.errors import NotKnown
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats import Proposal
from rallypoint.safety.threats.crash import Crash
from tests.safety.stubs import (
    CrashingStub,
    Stub,
    ground,
    moving,
    play,
    reaches_for_everybody,
    touched,
    under,
)


def violations(env):
    [receipt] = env.receipts()
    assert disagreements(env.model, [receipt]), "a run with violations is no valid run"
    return {kind: count for kind, count in receipt.violations.items() if count}


def test_a_threat_that_ignores_its_victims_is_kept_to_them():
    env = under(reaches_for_everybody, victims=["walker_1", "glider_0"])
    idle = touched(env)
    assert idle[:, :, [1, 3]].all()
    assert not idle[:, :, [0, 2, 4]].any()
    assert violations(env) == {"victims": 4 * 4 * 3}


def test_a_threat_that_ignores_its_schedule_is_kept_to_it():
    env = under(reaches_for_everybody, when={"from": 1, "until": 4, "every": 2})
    idle = touched(env)
    assert idle.all(axis=(1, 2)).tolist() == [False, True, False, True]
    assert idle.any(axis=(1, 2)).tolist() == [False, True, False, True]
    assert violations(env) == {"schedule": 2 * 4 * 5}


def test_a_threat_that_ignores_its_coins_is_kept_to_them():
    env = under(reaches_for_everybody, when={"probability": 0.5})
    idle = touched(env)
    assert idle.mean() == pytest.approx(0.5, abs=0.2)
    assert violations(env) == {"schedule": int((~idle).sum())}


def test_a_threat_that_ignores_its_budget_of_steps_is_kept_to_it():
    env = under(reaches_for_everybody, budget={"steps_per_episode": 3})
    idle = touched(env, 4)
    assert idle.all(axis=(1, 2)).tolist() == [True, True, True, False]
    assert not idle[3].any()
    assert violations(env) == {"budget": 4 * 5}
    assert env.receipts()[0].most_steps == 3


def test_a_threat_that_ignores_its_budget_of_agents_is_kept_to_it():
    env = under(reaches_for_everybody, budget={"agents": 2})
    idle = touched(env, 3)
    assert (idle.any(axis=0).sum(axis=1) == 2).all()
    assert idle[:, :, :2].all()
    assert violations(env) == {"budget": 3 * 4 * 3}
    assert env.receipts()[0].most_agents == 2


def test_a_budget_of_agents_counts_over_all_groups():
    def reaches_for_gliders_first(state, known, draws):
        where = np.ones_like(known.opportunities)
        if known.group.name == "walkers" and known.time[0] == 0:
            where[:] = False
        return Proposal(where, known.still), state

    env = under(reaches_for_gliders_first, budget={"agents": 2})
    idle = touched(env, 3)
    assert idle[:, :, 3:].all()
    assert not idle[:, :, :3].any()


def test_a_new_episode_has_a_new_budget():
    env = under(reaches_for_everybody, budget={"steps_per_episode": 1})
    assert touched(env, 2)[0].all()
    env.reset(mask=np.array([True, False, False, False]))
    infos = env.step(moving(env)).infos
    assert (infos["executed/walkers"] == 0).all(axis=1).tolist() == [True, False, False, False]


def test_a_threat_that_reaches_for_the_absent_is_kept_from_them():
    env = Threatened(
        ground(copies=4),
        [Crash(victims=["walker_0"], mode="frozen"), Stub(does=reaches_for_everybody)],
    )
    idle = touched(env, 2)
    assert idle.all()  # the frozen one by the crash
    _, receipt = env.receipts()
    assert receipt.violations["absence"] == 2 * 4
    assert "walker_0" not in receipt.applications


def test_a_crash_that_ignores_its_victims_and_schedule_is_kept_to_them():
    def crashes_everybody(state, known, draws):
        return Proposal(np.ones_like(known.opportunities)), state

    env = under(crashes_everybody, CrashingStub, victims=["walker_2"], when={"from": 2})
    env.reset(seed=0)
    for step in range(3):
        alive = env.step(moving(env)).alive
        assert alive[:, [0, 1]].all()
        assert alive[:, 2].any() == (step < 1)
    assert violations(env) == {"victims": 4 * 4 * 4, "absence": 4, "schedule": 2 * 4}


def test_a_threat_that_looks_at_what_it_did_not_declare_is_stopped():
    def peeks(state, known, draws):
        return Proposal(known.opportunities & (known.true_state[:, :3] > 0), known.still), state

    env = under(peeks, knowledge=["actions"])
    env.reset(seed=0)
    with pytest.raises(NotKnown, match=r"'stub' looked at 'true_state'.*is \['actions'\].*, add"):
        env.step(moving(env))
    assert violations(env) == {"knowledge": 1}


def test_a_threat_that_hides_what_it_looked_at_is_still_found():
    def peeks(state, known, draws):
        with contextlib.suppress(NotKnown):
            _ = known.true_state
        return Proposal(np.zeros_like(known.opportunities), known.still), state

    env = under(peeks)
    touched(env, 1)
    assert violations(env) == {"knowledge": 2}  # once for each group


def test_what_nobody_can_know_is_refused_too():
    def peeks(state, known, draws):
        return Proposal(known.the_future, known.still), state

    env = under(peeks)
    env.reset(seed=0)
    with pytest.raises(NotKnown, match="'the_future', which nobody can know"):
        env.step(moving(env))


def test_a_threat_cannot_reach_the_frame_through_what_it_keeps():
    kept = []

    def keeps(state, known, draws):
        kept.append(known)
        return Proposal(known.affordable, known.still), state

    env = under(keeps, victims=["walker_0"])
    list(play(env, 2))
    kept[0].opportunities = np.ones((4, 3), dtype=bool)
    *_, step = play(env, 2, seed=None)
    assert step.infos["executed/walkers"][:, 1:].any()
