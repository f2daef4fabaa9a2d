"""What a lossy channel loses, and how it is filled."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.transport.packet_loss import FILLS, PacketLoss
from rallypoint.safety.updates import UpdateThreats

N, D = 6, 100


def channel(seed=0, **settings):
    return UpdateThreats(ThreatModel(threats=[PacketLoss(**settings)]), contributors=N, seed=seed)


def updates_of(number=0, dtype=np.float32):
    return (3 + np.random.default_rng(number).standard_normal((N, D))).astype(dtype)


@pytest.mark.parametrize("fill", FILLS)
def test_without_loss_it_is_a_reliable_channel_to_the_bit(fill):
    under = channel(loss=0.0, fill=fill)
    for number in range(3):
        sent = updates_of(number)
        assert under.apply(sent, round_number=number).updates.tobytes() == sent.tobytes()


@pytest.mark.parametrize("packet", [1, 7, 32, 100, 1000])
def test_packets_are_lost_whole_and_the_rest_arrives_to_the_bit(packet):
    sent = updates_of()
    got = channel(loss=0.4, packet=packet).apply(sent, round_number=0).updates
    lost = np.isnan(got)
    assert (got[~lost] == sent[~lost]).all()
    for start in range(0, D, packet):
        part = lost[:, start : start + packet]
        assert (part == part[:, :1]).all()


def test_so_many_updates_lose_something_as_is_expected():
    loss = PacketLoss(loss=0.1, packet=20)
    rounds, expected = 300, loss.expected_lossy(N, D)
    assert expected == pytest.approx(N * 0.40951)
    under = channel(loss=0.1, packet=20)
    lossy = [
        np.isnan(under.apply(updates_of(), round_number=r).updates).any(axis=1).sum()
        for r in range(rounds)
    ]
    assert abs(np.mean(lossy) - expected) < 3 * np.sqrt(N * 0.41 * 0.59 / rounds)


def test_lost_packets_are_filled_with_what_arrived_last():
    under, before = channel(loss=0.5, fill="stale", packet=10), np.zeros((N, D), dtype=np.float32)
    reference = channel(loss=0.5, fill="nan", packet=10)
    for number in range(8):
        sent = updates_of(number)
        got = under.apply(sent, round_number=number).updates
        lost = np.isnan(reference.apply(sent, round_number=number).updates)
        before = np.where(lost, before, sent)
        assert (got == before).all()
        assert lost.any()


def test_zeros_and_random_numbers_stand_where_something_is_lost():
    sent = updates_of()
    lost = np.isnan(channel(loss=0.5, packet=10).apply(sent, round_number=0).updates)
    zeros = channel(loss=0.5, packet=10, fill="zero").apply(sent, round_number=0).updates
    drawn = channel(loss=0.5, packet=10, fill="random").apply(sent, round_number=0).updates
    assert (zeros == np.where(lost, 0, sent)).all()
    assert (drawn[~lost] == sent[~lost]).all()
    ratio = np.sqrt(np.mean(drawn[lost] ** 2) / np.mean(sent[~lost] ** 2))
    assert 0.7 < ratio < 1.4


def test_receipts_agree_and_tell_the_least_and_greatest_share_lost():
    under = channel(loss=0.3, packet=10)
    for number in range(5):
        under.apply(updates_of(number), round_number=number)
    (receipt,) = under.receipts()
    assert not disagreements(under.model, under.receipts())
    least, greatest = receipt.strengths
    assert 0 <= least < 0.3 < greatest <= 1


def test_what_is_lost_does_not_depend_on_who_else_sends():
    sent = updates_of()
    whole = channel(loss=0.4).apply(sent, round_number=3).updates
    some = channel(loss=0.4).apply(sent[[4, 1]], round_number=3, members=[4, 1]).updates
    assert np.array_equal(whole[[4, 1]], some, equal_nan=True)


def test_whoever_the_schedule_spares_is_heard_in_full():
    under = channel(loss=1.0, when={"from": 2}, fill="stale")
    for number in range(2):
        assert (
            under.apply(updates_of(number), round_number=number).updates == updates_of(number)
        ).all()
    assert (under.apply(updates_of(2), round_number=2).updates == updates_of(1)).all()


@pytest.mark.parametrize("settings", [{"loss": 1.1}, {"packet": 0}, {"fill": "nana"}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig):
        PacketLoss(**settings)
