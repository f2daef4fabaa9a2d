"""The frame of threats to updates: what it lets through, and in what order."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from rallypoint.safety import threats
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.receipts import combined, disagreements
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.update.alie import Alie
from rallypoint.safety.threats.update.gaussian import Gaussian
from rallypoint.safety.threats.update.infinity import Infinity
from rallypoint.safety.threats.update.optimal import Optimal
from rallypoint.safety.threats.update.sign_flip import SignFlip
from rallypoint.safety.threats.update.zero import Zero
from rallypoint.safety.updates import UpdateThreats
from tests.safety.update_frames import UPDATE_KINDS, N, frame, median, model, updates_of


@pytest.mark.parametrize("kind", UPDATE_KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_the_byzantine_lie_and_nothing_that_comes_in_is_written_to(kind, dtype):
    threatened = frame(threats.threats[kind]())
    honest = np.setdiff1d(np.arange(N), [1, 4])
    for number in range(3):
        updates = updates_of(number, dtype)
        before = updates.copy()
        sent, lied, _ = threatened.apply(updates, round_number=number, aggregator=median)
        assert updates.tobytes() == before.tobytes()
        assert sent[honest].tobytes() == before[honest].tobytes()
        assert (sent.shape, sent.dtype) == (before.shape, before.dtype)
        assert np.flatnonzero(lied).tolist() == [1, 4]
    assert disagreements(threatened.model, threatened.receipts()) == []


@pytest.mark.parametrize("kind", UPDATE_KINDS)
def test_neither_the_order_of_rows_nor_another_threat_changes_a_bit(kind):
    lie, order = threats.threats[kind](), np.random.default_rng(0).permutation(N)
    plain, shuffled = frame(lie), frame(lie)
    accompanied = frame(lie, Zero(victims=()), Gaussian(when={"from": 99}))
    for number in range(3):
        updates = updates_of(number)
        sent = plain.apply(updates, round_number=number, aggregator=median).updates
        other = shuffled.apply(
            updates[order], round_number=number, members=order, aggregator=median
        ).updates
        third = accompanied.apply(updates, round_number=number, aggregator=median).updates
        assert other.tobytes() == sent[order].tobytes()
        assert third.tobytes() == sent.tobytes()


@pytest.mark.parametrize("kind", UPDATE_KINDS)
def test_a_run_goes_on_from_its_snapshot(kind):
    whole, first, second = (frame(threats.threats[kind](when={"every": 2})) for _ in range(3))
    sent = [whole.apply(updates_of(k), round_number=k, aggregator=median).updates for k in range(6)]
    for k in range(3):
        first.apply(updates_of(k), round_number=k, aggregator=median)
    second.restore(first.snapshot())
    for k in range(3, 6):
        again = second.apply(updates_of(k), round_number=k, aggregator=median).updates
        assert again.tobytes() == sent[k].tobytes()
    assert second.receipts() == whole.receipts()


def test_who_is_absent_does_not_lie_and_shifts_nobodys_numbers():
    lie = Gaussian(around_own=True, knowledge=["own_update"])
    everybody, some = frame(lie), frame(lie)
    members = np.array([8, 4, 0, 2])  # 1 is late
    for number in range(3):
        updates = updates_of(number)
        sent = everybody.apply(updates, round_number=number).updates
        partly = some.apply(updates[members], round_number=number, members=members)
        assert partly.updates[1].tobytes() == sent[4].tobytes()
        assert partly.lied.tolist() == [False, True, False, False]
    assert some.receipts()[0].applications == {"worker_4": 3}


def test_every_round_and_every_contributor_has_draws_of_its_own():
    threatened, again = frame(Gaussian()), frame(Gaussian())
    rows = [threatened.apply(updates_of(0), round_number=k).updates[[1, 4]] for k in (0, 1, 7)]
    drawn = np.vstack(rows)
    assert len(np.unique(drawn)) == drawn.size
    assert (again.apply(updates_of(3), round_number=7).updates[[1, 4]] == rows[2]).all()


def test_a_threats_own_seed_changes_its_draws_alone():
    lies = (Gaussian(seed=5), Gaussian(victims=[0]))
    one, other = (frame(*lies, seed=seed) for seed in (1, 2))
    first, second = (
        threatened.apply(updates_of(0), round_number=0).updates for threatened in (one, other)
    )
    assert (first[[1, 4]] == second[[1, 4]]).all()
    assert (first[0] != second[0]).all()


def test_threats_act_in_order_and_each_sees_what_the_ones_before_left():
    flips = frame(SignFlip(factor=2), SignFlip(factor=3))
    updates = updates_of(0)
    assert np.allclose(flips.apply(updates, round_number=0).updates[1], 6 * updates[1])


def test_the_victims_of_all_threats_are_no_part_of_the_honest():
    threatened = UpdateThreats(
        [Gaussian(victims=[0], deviation=1e9), Alie(victims=[3], z=0.0)], contributors=N, seed=0
    )
    updates = updates_of(0)
    sent = threatened.apply(updates, round_number=0).updates
    honest = np.setdiff1d(np.arange(N), [0, 3])
    assert np.allclose(sent[3], updates[honest].mean(axis=0))
    assert threatened.liars.nonzero()[0].tolist() == [0, 3]
    assert not threatened.byzantine.any()


def test_an_attack_asks_about_rows_where_they_stand():
    asked = []

    def first_and_last(updates):
        asked.append(updates.copy())
        return updates[0] + updates[-1]

    threatened = frame(Optimal(evaluations=5), members=(0, 2))
    updates = updates_of(0)
    sent = threatened.apply(updates, round_number=0, aggregator=first_and_last).updates
    assert len(asked) == 5
    for question in asked:
        assert (question[[1, 3, 4, 5, 6, 7, 8]] == updates[[1, 3, 4, 5, 6, 7, 8]]).all()
        assert (question[0] == question[2]).all()
    assert any((question == sent).all() for question in asked)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_colluder_that_is_not_known_is_taken_to_send_the_honest_mean(is_told):
    asked = []

    def keep(updates):
        asked.append(updates.copy())
        return updates[0]

    known = ["honest_updates", "aggregator"] + ["colluders"] * is_told
    lies = [SignFlip(victims=[8]), Optimal(victims=[0], knowledge=known, evaluations=3)]
    threatened = UpdateThreats(lies, contributors=N, seed=0)
    updates = updates_of(0)
    sent = threatened.apply(updates, round_number=0, aggregator=keep).updates
    expected = sent[8] if is_told else updates[1:8].mean(axis=0)
    assert np.allclose([question[8] for question in asked], expected)


@pytest.mark.parametrize("kind", UPDATE_KINDS)
def test_what_is_no_number_already_is_nobodys_fault(kind):
    lie = threats.threats[kind]()
    threatened = frame(replace(lie, budget={"norm": 5.0}) if lie.is_finite else lie)
    updates = updates_of(0)
    updates[0], updates[1] = np.nan, np.inf
    sent = threatened.apply(updates, round_number=0, aggregator=lambda u: u[3]).updates
    assert sent[[2, 3, 5, 6, 7, 8]].tobytes() == updates[[2, 3, 5, 6, 7, 8]].tobytes()
    assert disagreements(threatened.model, threatened.receipts()) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", UPDATE_KINDS)
def test_an_honest_update_that_is_no_number_does_not_disarm_liars(kind, bad):
    lie = threats.threats[kind]()
    threatened = frame(lie)
    asked = []

    def middle(updates):
        asked.append(updates[0, 0])
        return np.median(updates[1:], axis=0)

    for number in range(3):
        updates = updates_of(number)
        if number == 1:
            updates[0, 0] = bad
        del asked[:]
        sent = threatened.apply(updates, round_number=number, aggregator=middle).updates
        assert np.isfinite(sent[[1, 4]]).all() == lie.is_finite
        assert all(np.array_equal(cell, updates[0, 0], equal_nan=True) for cell in asked)
    assert disagreements(threatened.model, threatened.receipts()) == []


def test_a_real_rule_can_be_attacked():
    aggregator = partial(aggregate, "krum", f=2)
    threatened = frame(Optimal(direction="mean"))
    delivery = threatened.apply(updates_of(0), round_number=0, aggregator=aggregator)
    mean = np.delete(updates_of(0), [1, 4], axis=0).mean(axis=0)
    harm = [np.linalg.norm(aggregator(rows) - mean) for rows in (delivery.updates, updates_of(0))]
    assert harm[0] > harm[1]
    low, high = delivery.receipts[0].strengths
    assert low == high > 0


def test_receipts_of_rounds_add_up_to_the_whole():
    threatened = frame(Gaussian(when={"probability": 0.5}))
    rounds = [threatened.apply(updates_of(k), round_number=k).receipts[0] for k in range(8)]
    whole, [receipt] = combined(rounds), threatened.receipts()
    for name in ("opportunities", "applications", "steps", "largest_norm", "first_step"):
        assert getattr(whole, name) == getattr(receipt, name)


def test_receipts_report_the_longest_lie_and_the_number_behind_it():
    threatened = frame(Alie(z=1.5), Infinity(when={"from": 1}))
    sent = threatened.apply(updates_of(0), round_number=0).updates
    threatened.apply(updates_of(1), round_number=1)
    alie, infinity = threatened.receipts()
    assert alie.strengths == (1.5, 1.5)
    assert alie.largest_norm >= np.linalg.norm(sent[1]) * (1 - 1e-12)
    assert (infinity.largest_norm, infinity.strengths) == (None, None)
    assert alie.to_dict()["strengths"] == [1.5, 1.5]


def test_a_false_receipt_is_found():
    threatened = frame(Zero(budget={"rounds": 1, "norm": 2.0}))
    threatened.apply(updates_of(0), round_number=0)
    [receipt] = threatened.receipts()
    for change, says in (
        ({"most_steps": 2}, "used 2 of a budget of rounds = 1"),
        ({"largest_norm": 2.5}, r"used 2.5 of a budget of norm = 2.0"),
        ({"applications": {"worker_3": 2}}, "touched worker_3, no victims of its"),
    ):
        faults = disagreements(threatened.model, [replace(receipt, seen=None, **change)])
        assert any(says in fault for fault in faults)


def test_a_model_is_parted_by_site():
    both = model(Zero(), Crash(victims=[0]), Alie())
    assert [lie.kind for lie in both.at("update").threats] == ["zero", "alie"]
    assert [lie.kind for lie in both.at("presence", "action").threats] == ["crash"]
    assert both.at("update").byzantine == both.byzantine
    UpdateThreats(both.at("update"), contributors=N, seed=0)
