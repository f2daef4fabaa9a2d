"""Losses on the way: after lies, nobody's lie, and too much for rules that see whole updates."""

import numpy as np
import pytest

from rallypoint.errors import TooManyByzantine
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.losses import check_losses

N, D = 8, 60
LOSS = {"kind": "packet_loss", "loss": 0.3, "packet": 10}
FLIP = {"kind": "sign_flip", "factor": 2.0}


def model_of(*tables, members=(1, 4)):
    return ThreatModel.from_dict({"byzantine": {"members": members}, "threats": list(tables)})


def updates_of(number):
    return 1 + np.random.default_rng(number).random((N, D))


@pytest.mark.parametrize("tables", [(FLIP, LOSS), (LOSS, FLIP)], ids=["as it goes", "other order"])
def test_a_lie_is_told_in_full_and_then_loses_packets_like_any_update(tables):
    under = UpdateThreats(model_of(*tables), contributors=N, seed=0)
    lossless = UpdateThreats(model_of(FLIP), contributors=N, seed=0)
    for number in range(5):
        delivery = under.apply(updates_of(number), round_number=number)
        told = lossless.apply(updates_of(number), round_number=number).updates
        lost = np.isnan(delivery.updates)
        assert lost.any()
        assert (delivery.updates[~lost] == told[~lost]).all()
        assert delivery.lied.tolist() == [member in (1, 4) for member in range(N)]
        assert [one.kind for one in delivery.receipts] == [table["kind"] for table in tables]
    assert under.liars.tolist() == lossless.liars.tolist()
    assert not disagreements(under.model, under.receipts())


def test_those_who_see_the_honest_see_them_before_anything_is_lost():
    seeing = {"kind": "inner_product", "epsilon": 1.0}
    under = UpdateThreats(model_of(LOSS, seeing), contributors=N, seed=0)
    delivery = under.apply(updates_of(0), round_number=0)
    honest = np.delete(updates_of(0), [1, 4], axis=0)
    lie = delivery.updates[1]
    assert 0 < np.isnan(lie).mean() < 0.7  # what it lost itself, and not what others lost
    assert lie[~np.isnan(lie)] == pytest.approx(-honest.mean(axis=0)[~np.isnan(lie)])


@pytest.mark.parametrize(
    ("rule", "settings", "is_refused"),
    [
        ("krum", {}, True),
        ("median", {}, True),
        ("nnm+nan_median", {}, True),
        ("nan_median", {}, False),
        ("nan_trimmed_mean", {}, False),
        ("krum", {"fill": "zero"}, False),
        ("krum", {"loss": 0.01, "packet": 60}, False),
    ],
)
def test_whole_row_rules_are_refused_where_more_than_f_are_expected_to_lose(
    rule, settings, is_refused
):
    under = UpdateThreats(model_of({**LOSS, **settings}), contributors=N, seed=0)
    check = {"columns": D, "f": 2}
    if not is_refused:
        check_losses(under, Aggregator.parse(rule), **check)
        return
    with pytest.raises(TooManyByzantine, match=r"7\.1 of 8 updates of 60 numbers"):
        check_losses(under, Aggregator.parse(rule), **check)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([{**LOSS, "victims": ["worker_3"]}], 0.88),
        ([{**LOSS, "when": {"probability": 0.25}}], 1.76),
        ([{**LOSS, "victims": {"count": 2}}, {**LOSS, "victims": ["worker_0"]}], None),
        ([{**LOSS, "victims": [f"worker_{at}" for at in lost]} for lost in ([0, 1], [2, 3])], 3.53),
        ([{**LOSS, "victims": [0, 1, 2, 3], "loss": 1 - 0.7**0.5}] * 2, 3.53),
    ],
)
def test_those_expected_to_lose_are_those_whom_losses_befall(tables, expected):
    under = UpdateThreats(model_of(*tables), contributors=N, seed=0)
    check_losses(under, "kardam", columns=D, f=int(np.ceil(expected or 3)))
    if expected is not None:
        with pytest.raises(TooManyByzantine, match=rf"kardam looks.* {expected:.1f} of 8 updates"):
            check_losses(under, "kardam", columns=D, f=int(expected))
    nobody = UpdateThreats(model_of(), contributors=N, seed=0)
    check_losses(nobody, "kardam", columns=D, f=0, members=np.ones(N, dtype=bool))
    everybody_else = ~np.any(under.victims, axis=0)
    check_losses(under, "kardam", columns=D, f=0, members=everybody_else)
