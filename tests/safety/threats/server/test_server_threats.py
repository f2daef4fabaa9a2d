"""What lying servers say, to whom."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, NotConformant
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import threats
from rallypoint.safety.threats.server.equivocation import Equivocation
from rallypoint.safety.threats.server.server_crash import ServerCrash
from rallypoint.safety.threats.server.server_random import ServerRandom
from rallypoint.safety.threats.server.server_reversed import ServerReversed
from rallypoint.safety.threats.server.server_stale import ServerStale
from rallypoint.safety.updates import UpdateThreats

S, K, D = 5, 4, 7
SERVERS = [f"server_{index}" for index in range(S)]


def frame(*lies, seed=0):
    return UpdateThreats(ThreatModel(threats=lies), contributors=SERVERS, seed=seed)


def said(frame, models, number=0):
    """Return what everybody is told by every server: (S, K, d)."""
    rows = np.repeat(models[:, None], K, axis=1).reshape(S, K * D)
    return frame.apply(rows, round_number=number, parts=K).updates.reshape(S, K, D)


def models_of(number, dtype=np.float32):
    return np.random.default_rng(number).standard_normal((S, D)).astype(dtype)


@pytest.mark.parametrize(
    "lie",
    [kind for kind in threats if threats[kind].site == "server"],
)
def test_the_honest_say_their_model_to_everybody_and_receipts_agree(lie):
    under = frame(threats[lie](victims=["server_3"]))
    for number in range(12):
        models = models_of(number)
        heard = said(under, models, number)
        honest = [0, 1, 2, 4]
        assert (heard[honest] == models[honest, None]).all()
    assert under.liars.tolist() == [False, False, False, True, False]
    assert not disagreements(under.model, under.receipts())
    assert under.receipts()[0].to_dict()["applications"] == {"server_3": 12}


def test_a_crashed_server_says_nothing_from_when_on():
    under = frame(ServerCrash(victims=[0], when={"from": 2}))
    for number in range(4):
        heard = said(under, models_of(number), number)
        assert np.isfinite(heard[0]).all() == (number < 2)


def test_a_reversed_server_says_the_opposite():
    models = models_of(0)
    assert (said(frame(ServerReversed(victims=[1], factor=3.0)), models)[1] == -3 * models[1]).all()


def test_a_random_server_says_the_same_noise_to_everybody_and_other_noise_next_time():
    under = frame(ServerRandom(victims=[2], scale=0.5))
    first, second = (said(under, models_of(0), number)[2] for number in range(2))
    assert (first == first[0]).all()
    assert not np.allclose(first, second)
    drawn = [
        said(frame(ServerRandom(victims=[2], scale=0.5), seed=s), models_of(0)) for s in range(200)
    ]
    assert abs(np.std([one[2, 0] for one in drawn]) - 0.5) < 0.05


@pytest.mark.parametrize("kind", ["server_random", "equivocation"])
def test_noise_that_single_precision_does_not_hold_is_called_too_large(kind):
    under = frame(threats[kind](victims=[2], scale=1e300))
    with pytest.raises(NotConformant, match=r"would send \de\+30\d .* a scale, must be smaller"):
        said(under, models_of(0))
    assert np.isfinite(said(under, models_of(0, np.float64))).all()


def test_a_lag_that_no_memory_holds_is_refused_with_one_that_does():
    under = frame(ServerStale(victims=[2], lag=10**9))
    with pytest.raises(
        InvalidConfig, match=r"lag = 1,000,000,000 rounds .* take lag <= 35,714,285"
    ):
        said(under, models_of(0))


def test_a_stale_server_says_what_it_had_so_many_rounds_ago():
    under = frame(ServerStale(victims=[4], lag=3))
    for number in range(9):
        heard = said(under, models_of(number), number)[4]
        assert (heard == models_of(max(0, number - 3))[4]).all()


def test_a_stale_server_remembers_across_a_snapshot():
    one, other = (frame(ServerStale(victims=[4], lag=3)) for _ in range(2))
    for number in range(4):
        said(one, models_of(number), number)
    other.restore(one.snapshot())
    for number in range(4, 9):
        pair = [said(each, models_of(number), number) for each in (one, other)]
        assert (pair[0] == pair[1]).all()


def test_an_equivocating_server_tells_each_recipient_something_else_as_far_from_its_model():
    models = models_of(0, np.float64)
    heard = said(frame(Equivocation(victims=[0], scale=2.0)), models)[0]
    away = np.linalg.norm(heard - models[0], axis=1)
    assert away == pytest.approx(2 * np.linalg.norm(models[0]))
    apart = np.linalg.norm(heard[:, None] - heard, axis=2)
    assert (apart[~np.eye(K, dtype=bool)] > 0.1).all()


def test_victims_are_servers_and_never_the_byzantine_contributors():
    assert frame(ServerReversed()).liars.sum() == 1
    with pytest.raises(InvalidConfig, match="say which servers do"):
        ServerReversed(victims="byzantine")


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(ServerRandom, {"scale": -1.0}), (ServerStale, {"lag": 0}), (Equivocation, {"scale": np.inf})],
)
def test_settings_that_cannot_be_meant_are_refused(kind, settings):
    with pytest.raises(InvalidConfig):
        kind(**settings)
