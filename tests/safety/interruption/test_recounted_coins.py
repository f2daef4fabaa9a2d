"""Coins of interruptions whose receipts cannot be checked for frequency: recordings can."""

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.safety.coins import LEVEL
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.operator import Operator
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threats.interruption import Interruption

SETTINGS = {
    "in some steps": {"initiation": {"every": 2}, "theta": 0.4},
    "where states say": {"initiation": {"function": f"{__name__}:somewhere"}, "theta": 0.6},
    "by a schedule": {"theta": {"schedule": "log", "c": 1.5}},
    "on one coin in some steps": {"initiation": {"every": 2}, "theta": 0.4, "shared": True},
    "that go on": {"theta": 0.3, "resume_after": 2},
    "one coin an episode": {"theta": 0.4, "draw": "episode"},
    "one for all in an episode": {"theta": 0.4, "draw": "episode", "shared": True},
    "an episode, of some": {"theta": 0.4, "draw": "episode", "victims": {"count": 3}},
}
COPIES, STEPS = 40, 60


def somewhere(state):
    """Return how likely it begins in these states: (e,)."""
    return (np.arange(len(state)) % 3) / 2


def played(seed=0, steps=STEPS, **settings):
    threat = Interruption(policy={"action": 0}, **settings)
    world = rallypoint.make("gathering-v0", copies=COPIES, num_agents=5, max_cycles=6)
    env = Recorder(Threatened(world, [threat]))
    env.reset(seed=seed)
    draws = Draws(seed, "test/recounted", env.copies)
    for _ in range(steps):
        step = env.step({"agents": (draws.random((5,)) * 3).astype(np.int64)})
        if step.ended.any():
            env.reset(mask=step.ended)
    return env.finish()


@pytest.mark.parametrize("how", SETTINGS)
def test_who_tosses_other_coins_than_it_says_is_found_and_whoever_does_not_is_not(how, monkeypatch):
    assert played(**SETTINGS[how]) == []
    fires, begin = Operator._fires, Interruption.begin

    def seldom(self, state, known, draws):
        found, after = fires(self, state, known, draws)
        return found._replace(where=found.where & (known.time % 3 > 0)[:, None]), after

    def rarely(self, state, draws):
        begun = begin(self, state, draws)
        return begun | ({"coin": np.sqrt(begun["coin"])} if "coin" in begun else {})

    monkeypatch.setattr(Operator, "_fires", seldom)
    monkeypatch.setattr(Interruption, "begin", rarely)
    wrong = played(**SETTINGS[how])
    assert any("took its chances in the recording" in fault for fault in wrong)


def test_a_chance_above_the_one_declared_is_found(monkeypatch):
    theta_now = Operator._theta_now
    monkeypatch.setattr(
        Operator, "_theta_now", lambda *given: np.minimum(2 * theta_now(*given), 0.99)
    )
    wrong = played(theta=0.4, initiation={"every": 2})
    assert any("a chance of 0.8 in the recording, of 0.4" in fault for fault in wrong)


def test_an_interruption_that_could_not_be_is_found(monkeypatch):
    fires = Operator._fires

    def anyhow(self, state, known, draws):
        found, after = fires(self, state, known, draws)
        return found._replace(where=found.where | (known.time == 1)[:, None]), after

    monkeypatch.setattr(Operator, "_fires", anyhow)
    wrong = played(theta=0.4, initiation={"every": 2})
    assert any("could not be and came" in fault for fault in wrong)


@pytest.mark.parametrize("how", ["by a schedule", "one coin an episode"])
def test_the_honest_are_suspected_in_no_run_of_many(how):
    assert LEVEL * 30 < 1e-4
    assert all(played(seed, steps=18, **SETTINGS[how]) == [] for seed in range(30))
