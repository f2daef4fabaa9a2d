"""Lossy transport, in miniature: what is measured, and how it is judged."""

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Row
from rallypoint.experiments.lossy_transport.contestants import WAYS, conditions
from rallypoint.experiments.lossy_transport.measure import time_transfers, train
from tests.experiments.in_miniature import of_kind
from tests.experiments.lossy_transport.miniature import MINIATURE


def test_every_way_is_measured_at_every_loss(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    assert len(rows) == 3 * 2 * len(WAYS)
    assert len({(row["way"], row["loss"]) for row in rows}) == 2 * len(WAYS)
    assert [claim.id.removeprefix("lossy_transport/") for claim in of_kind(findings, Claim)] == [
        "keeps/nan_trimmed_mean-nan/0.1",
        "keeps/nan_trimmed_mean-nan-honest/0.1",
        "keeps/nan_median-nan/0.1",
        "a-mean-of-what-arrived-is-no-defence/0.1",
    ]
    assert [file.name for file in of_kind(findings, File)] == ["losses.png"]


def test_rules_that_see_whole_updates_are_refused_where_too_much_is_lost(findings):
    refused = {
        metric.name: metric.value
        for metric in of_kind(findings, Metric)
        if metric.name.startswith("refused/")
    }
    assert refused == {
        "refused/krum": [0.1],
        "refused/trimmed_mean": [0.1],
        "refused/nan_trimmed_mean": [],
    }


def test_without_loss_it_makes_no_difference_what_would_be_filled_in(findings):
    returns = {
        (row.values["way"], row.values["seed"]): row.values["curve"]
        for row in of_kind(findings, Row)
        if not row.values["loss"]
    }
    # Their worlds differ, so that nothing depends on who runs beside them; the first round tells.
    assert len(returns) == 3 * len(WAYS)
    assert len({tuple(curve) for curve in returns.values()}) == len(returns)


def test_a_condition_measures_the_same_whoever_runs_beside_it():
    numbered = list(conditions(MINIATURE))
    some = [numbered[place] for place in (1, 9)]
    together = train(MINIATURE, [numbered[0], *some], 5, lambda units=1: None)[1:]
    for one, (found, _) in zip(some, together, strict=True):
        ((alone, _),) = train(MINIATURE, [one], 5, lambda units=1: None)
        assert alone["curve"] == found["curve"]


def test_real_datagrams_are_timed():
    told = time_transfers(MINIATURE, 0.0)
    assert told["lost"] == 0
    assert all(told[f"{way}_seconds"] > 0 for way in ("udp", "udp_again", "tcp"))
    assert time_transfers(MINIATURE, 0.5)["lost"] > 0
