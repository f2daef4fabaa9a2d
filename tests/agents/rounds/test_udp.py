"""Updates in real datagrams on loopback, honest and forged, whole and with holes."""

import socket

import numpy as np
import pytest

from rallypoint.agents.rounds.datagrams import LARGEST, Datagram, packed, pieces, unpacked
from rallypoint.agents.rounds.udp import Channel, carry_reliably
from rallypoint.errors import InvalidConfig

N, D = 5, 1000
KEYS = {sender: bytes([sender + 1]) * 16 for sender in range(N)}


@pytest.fixture
def updates():
    return np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def a_datagram(**changes):
    one = Datagram(2, 7, 64, np.arange(5, dtype=np.float32), is_end=False)
    return one._replace(**changes)


def test_a_datagram_comes_out_as_it_went_in():
    one = a_datagram()
    again = unpacked(packed(one, KEYS[2]), KEYS)
    assert again._replace(values=None) == one._replace(values=None)
    assert (again.values == one.values).all()


def test_what_is_cut_changed_forged_or_of_nobody_is_not_believed():
    message = packed(a_datagram(), KEYS[2])
    assert unpacked(message, KEYS) is not None
    for place in range(len(message)):
        changed = bytearray(message)
        changed[place] ^= 1
        assert unpacked(bytes(changed), KEYS) is None
    assert unpacked(message[:-1], KEYS) is None
    assert unpacked(b"", KEYS) is None
    assert unpacked(packed(a_datagram(sender=9), b"x" * 16), KEYS) is None
    assert unpacked(packed(a_datagram(sender=3), KEYS[2]), KEYS) is None


def test_pieces_fit_into_datagrams():
    sizes = [len(values) for _, values in pieces(np.zeros(10), 4)]
    assert sizes == [4, 4, 2]
    for packet in (0, LARGEST + 1):
        with pytest.raises(InvalidConfig, match="a packet holds"):
            list(pieces(np.zeros(10), packet))
    assert len(packed(a_datagram(values=np.zeros(LARGEST, np.float32)), KEYS[2])) <= 65507


def test_without_loss_everything_arrives_to_the_bit(updates):
    with Channel(KEYS, packet=64) as channel:
        for number in range(3):
            got = channel.carry(updates, number, rng())
            assert got.updates.tobytes() == updates.tobytes()
            assert got.refused in range(4 * N)  # late ends of the round before


def test_what_is_left_out_is_missing_and_sent_again_where_that_is_asked_for(updates):
    with Channel(KEYS, packet=64) as channel:
        lossy = channel.carry(updates, 0, rng(), loss=0.3)
        whole = channel.carry(updates, 1, rng(), loss=0.3, again=True)
    lost = np.isnan(lossy.updates)
    assert 0.1 < lost.mean() < 0.5
    assert (lossy.updates[~lost] == updates[~lost]).all()
    assert lossy.sent < N * 16
    assert whole.updates.tobytes() == updates.tobytes()
    assert whole.sent == N * 16  # what was left out was not sent, until it was


def test_forged_datagrams_change_nothing(updates):
    with Channel(KEYS, packet=64) as channel:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
            lie = Datagram(1, 0, 0, np.full(64, 666, dtype=np.float32), is_end=False)
            for key in (b"guess", KEYS[2]):
                forger.sendto(packed(lie, key), channel.address)
            forger.sendto(packed(lie._replace(offset=3), KEYS[1]), channel.address)
            forger.sendto(b"noise", channel.address)
        got = channel.carry(updates, 0, rng())
    assert got.updates.tobytes() == updates.tobytes()
    assert got.refused >= 4


@pytest.mark.parametrize("offset", [D, D + 100, 3, 2**32 - 1])
def test_what_a_liar_signs_itself_stays_within_its_update(updates, offset):
    nothing = np.empty(0, dtype=np.float32)
    beyond = packed(Datagram(2, 0, offset, nothing, is_end=False), KEYS[2])
    with Channel(KEYS, packet=100) as channel, socket.socket(type=socket.SOCK_DGRAM) as liar:
        liar.sendto(beyond, channel.address)
        got = channel.carry(updates, 0, rng())
    assert got.updates.tobytes() == updates.tobytes()
    assert got.refused == 1


def test_nothing_is_waited_for_beyond_the_deadline(updates):
    with Channel(KEYS, packet=64) as channel:
        got = channel.carry(updates, 0, rng(), loss=1.0, again=True, deadline=0.2)
    assert np.isnan(got.updates).all()
    assert 0.2 <= got.seconds < 2


def test_tcp_brings_the_same_bits(updates):
    got, seconds = carry_reliably(updates)
    assert got.tobytes() == updates.tobytes()
    assert seconds > 0
