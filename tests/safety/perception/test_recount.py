"""Sizes of lies, measured again from recordings: the same to the last bit, or it is told."""

import dataclasses

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.safety.enforcement import leash as enforcement
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Budget
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.perception.recount import LiesRecounted
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.recording_files import read_recordings
from rallypoint.safety.threats.perception.random_percept import RandomPercept
from rallypoint.safety.uniform_actions import uniform_actions
from tests.safety.stubs import ground, play

REACHES = [
    Reach(step=0.25),
    Reach(norm="l2", step=0.25, episode=0.6),
    Reach(step=0.3, episode=1.0, shared=True),
    Reach(norm="l2", episode=0.7, shared=True),
]


def recorded(threats, folder=None, steps=40, **settings):
    env = Recorder(Threatened(ground(copies=5), threats), folder, **settings)
    list(play(env, steps))
    return env, env.finish()


def by_loops(parts, reach):
    """Measure again, the slow way."""
    largest, most = 0.0, 0.0
    power = 2 if reach.norm == "l2" else 1
    spent = {}
    for part in parts:
        after = set((part.chosen_at + 1).tolist())
        for moment in range(len(part.time)):
            for copy in range(len(part.copies)):
                if part.began[moment, copy]:
                    spent = {who: s for who, s in spent.items() if who[0] != copy}
                elif moment not in after:
                    continue
                now = 0.0
                for group, columns in part.columns.items():
                    for place in range(columns.stop - columns.start):
                        told = part.observations[group][moment, copy, place].astype(float)
                        lie = np.abs(told - part.true_observations[group][moment, copy, place])
                        size = np.sqrt((lie**2).sum()) if power == 2 else lie.max()
                        who = (copy, 0 if reach.shared else (group, place))
                        spent[who] = spent.get(who, 0.0) + size**power
                        now = now + size**power if reach.shared else max(now, size**power)
                largest = max(largest, now)
                most = max(most, *spent.values())
    return largest ** (1 / power), most ** (1 / power)


@pytest.mark.parametrize("reach", REACHES, ids=str)
def test_sizes_in_receipts_are_those_that_were_recorded(reach, tmp_path):
    threat = RandomPercept(victims=["walker_0", "glider_1"], budget=Budget(reach=reach))
    env, wrong = recorded(threat, tmp_path, part_bytes=4000)
    assert wrong == []
    parts = list(read_recordings(tmp_path))
    assert len(parts) > 2
    (receipt,) = env.env.receipts()
    again = LiesRecounted(env.env.model, env.env)
    for part in parts:
        again.add(part)
    assert again.sizes() == {"largest_lie": receipt.largest_lie, "most_lied": receipt.most_lied}
    assert receipt.largest_lie > 0
    np.testing.assert_allclose(by_loops(parts, reach), list(again.sizes().values()), rtol=1e-9)


def test_neighbours_are_counted_and_strangers_are_beyond_all_measure():
    world = rallypoint.make("safe-interruptibility-v0", copies=3)
    near = Reach(neighbours=tuple((max(k - 1, 0),) for k in range(_numbers(world))), episode=3)
    env = Recorder(Threatened(world, RandomPercept(budget=Budget(reach=near))))
    draws = Draws(0, "test/actions", world.copies)
    env.reset(seed=0)
    for _ in range(20):
        step = env.step({"agents": uniform_actions(world.groups[0].action_space, 1, draws)})
        if step.ended.any():
            env.reset(mask=step.ended)
    assert env.finish() == []
    (part,) = env.parts
    assert env.env.receipts()[0].largest_lie == 1
    far = {name: (seen + 5) % _numbers(world) for name, seen in part.true_observations.items()}
    again = LiesRecounted(env.env.model, env.env)
    again.add(dataclasses.replace(part, observations=far))
    assert again.sizes()["largest_lie"] == np.inf


def _numbers(world):
    return int(world.groups[0].observation_space.n)


@pytest.mark.parametrize("name", ["largest_lie", "most_lied"])
def test_a_receipt_that_says_less_is_found_out(name):
    env, _ = recorded(RandomPercept(budget=Budget(reach=REACHES[0])))
    (receipt,) = env.env.receipts()
    again = LiesRecounted(env.env.model, env.env)
    again.add(env.parts[0])
    said = getattr(receipt, name)
    false = dataclasses.replace(receipt, **{name: np.nextafter(said, 0)})
    (fault,) = again.faults([false])
    assert f"{name} is {said} in the recording" in fault
    assert again.faults([receipt]) == []


def test_a_frame_that_tells_larger_lies_than_it_books_is_found_out(monkeypatch):
    class Careless(Ledger):
        def settle(self, rows, span, where, lies, truths):
            told = super().settle(rows, span, where, lies, truths)
            return (truths + 1.5 * (told - truths)).astype(truths.dtype)

    monkeypatch.setattr(enforcement, "Ledger", Careless)
    env, wrong = recorded(RandomPercept(budget=Budget(reach=REACHES[0])))
    assert env.env.receipts()[0].largest_lie <= 0.25
    assert [fault.split(" is ")[0] for fault in wrong] == [
        "threats[0] (random_percept): largest_lie",
        "threats[0] (random_percept): most_lied",
    ]


def test_of_two_threats_to_the_same_eyes_no_size_is_told():
    one = RandomPercept(budget=Budget(reach=REACHES[0]))
    env, wrong = recorded([one, one])
    assert wrong == []
    assert LiesRecounted(env.env.model, env.env).sizes() == {}


def test_without_a_reach_there_is_nothing_to_measure():
    env, wrong = recorded([])
    assert wrong == []
    assert LiesRecounted(env.env.model, env.env).sizes() == {}
