"""Mimic."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.update.mimic import Mimic
from rallypoint.safety.updates import UpdateThreats, attack

OWN = np.array([-3, -2, -1.5, -0.5, 0, 1, 1.5, 2.5, 3, 6])  # how contributors differ, lastingly


def frame(warm_up=8):
    model = ThreatModel(byzantine=Byzantine(members=(0, 4)), threats=(Mimic(warm_up=warm_up),))
    return UpdateThreats(model, contributors=10, seed=0)


def updates_of(number):
    rng = np.random.default_rng(100 + number)
    return OWN[:, None] * np.eye(5)[2] + 0.1 * rng.standard_normal((10, 5))


def test_what_is_sent_is_what_an_honest_one_sends(honest, rng):
    lies = attack("mimic", honest, 3, rng=rng)
    assert any(lies[0].tobytes() == row.tobytes() for row in honest)
    assert (lies == lies[0]).all()


def test_the_one_furthest_out_is_copied_for_good():
    threatened = frame()
    for number in range(20):
        updates = updates_of(number)
        sent = threatened.apply(updates, round_number=number).updates
        if number >= 5:  # rounds of Oja's rule suffice here
            assert (sent[[0, 4]] == updates[9]).all()  # 4.75 from their mean; 1 is 3.25 from it


def test_after_the_warm_up_nobody_else_is_copied_however_far_out():
    threatened = frame(warm_up=6)
    for number in range(10):
        updates = updates_of(number)
        updates[1, 2] -= 50 * (number >= 6)
        sent = threatened.apply(updates, round_number=number).updates
    assert (sent[[0, 4]] == updates[9]).all()


def test_in_a_round_without_it_another_is_copied():
    threatened = frame(warm_up=6)
    for number in range(6):
        threatened.apply(updates_of(number), round_number=number)
    present = np.array([0, 1, 2, 3, 4, 5])
    updates = updates_of(6)
    sent = threatened.apply(updates[present], round_number=6, members=present).updates
    assert (sent[0] == updates[5]).all()  # 1.75 from the mean of 1, 2, 3 and 5; 1 is 1.25 from it
    updates = updates_of(7)
    sent = threatened.apply(updates, round_number=7).updates
    assert (sent[0] == updates[9]).all()


def test_a_newcomer_knows_what_the_others_learnt():
    threatened = frame(warm_up=6)
    without = np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])
    for number in range(6):
        threatened.apply(updates_of(number)[without], round_number=number, members=without)
    updates = updates_of(6)
    assert (threatened.apply(updates, round_number=6).updates[[0, 4]] == updates[9]).all()


def test_it_learns_also_while_it_may_not_lie():
    model = ThreatModel(
        byzantine=Byzantine(members=(0,)), threats=(Mimic(warm_up=6, when={"from": 6}),)
    )
    threatened = UpdateThreats(model, contributors=10, seed=0)
    for number in range(6):
        updates = updates_of(number)
        assert (threatened.apply(updates, round_number=number).updates == updates).all()
    updates = updates_of(6)
    assert (threatened.apply(updates, round_number=6).updates[0] == updates[9]).all()


def test_where_all_agree_somebody_is_copied(rng):
    assert (attack("mimic", np.ones((3, 4)), 2, rng=rng) == 1).all()


def test_a_warm_up_of_nothing_is_refused():
    with pytest.raises(InvalidConfig, match="warm_up is a number of rounds >= 1"):
        Mimic(warm_up=0)


def test_whoever_is_furthest_out_is_copied_on_whichever_side():
    honest = np.array([[-9.0], [1], [2], [3]])
    for seed in range(6):  # that the direction is learnt from
        lies = attack("mimic", honest, 1, rng=np.random.default_rng(seed))
        assert lies.tolist() == [[-9]]
