"""Lying replicas, in miniature: what is measured, and how it is judged."""

import numpy as np

from rallypoint.claims import Claim
from rallypoint.experiments.byzantine_servers.config import ByzantineServersConfig
from rallypoint.experiments.byzantine_servers.contestants import CONDITIONS, conditions
from rallypoint.experiments.byzantine_servers.measure import seconds_of_servers, train
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.findings import receipts_of
from tests.experiments.byzantine_servers.miniature import MINIATURE
from tests.experiments.in_miniature import of_kind


def test_every_condition_is_measured_and_claims_are_made_of_them(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    assert len(rows) == 3 * len(list(conditions(MINIATURE)))
    assert all(len(row["curve"]) == len(row["diameters"]) == 10 for row in rows)
    ids = [claim.id.removeprefix("byzantine_servers/") for claim in of_kind(findings, Claim)]
    assert ids == [
        *("trusted-learns", "median-keeps/random-liar", "mean-breaks/random-liar"),
        *("contraction-narrows", "contraction-is-needed-for-return", "convergence-overhead"),
    ]
    assert [file.name for file in of_kind(findings, File)] == ["servers.png"]


def test_receipts_tell_what_lying_servers_did(findings):
    told = of_kind(findings, Receipts)
    assert len(told) == 3 * 3  # three conditions with a liar, three seeds
    for one in told:
        (receipt,) = one.receipts
        assert sum(receipt["applications"].values()) == 10


def test_diameters_are_0_where_there_is_one_server_and_narrower_with_contraction(findings):
    diameters = {}
    for row in of_kind(findings, Row):
        diameters.setdefault(row.values["condition"], []).append(row.values["diameter"])
    assert not any(diameters["trusted"])
    assert max(diameters["random liar, median"]) < min(diameters["random liar, none"])


def test_the_cost_is_told(findings):
    costs = {m.name: m.value for m in of_kind(findings, Metric) if m.name.startswith("cost/")}
    assert costs["cost/honest"]["updates_pushed"] == 5 * costs["cost/trusted"]["updates_pushed"]
    by_name = {condition.name: condition for condition in CONDITIONS}
    one, five = (seconds_of_servers(MINIATURE, by_name[name]) for name in ("trusted", "honest"))
    assert 0 < one < five


def test_a_condition_measures_the_same_whoever_runs_beside_it():
    numbered = [(n, c) for n, c in enumerate(CONDITIONS) if not c.settings.get("filters")]
    some = [numbered[place] for place in (4, 8, 11)]
    together = train(MINIATURE, [*numbered[:1], *some], 5, lambda units=1: None)[1:]
    for one, (found, _) in zip(some, together, strict=True):
        ((alone, _),) = train(MINIATURE, [one], 5, lambda units=1: None)
        assert alone["curve"] == found["curve"]
        assert alone["diameters"] == found["diameters"]


def test_every_condition_can_be_run():
    config = ByzantineServersConfig(rounds=12, episodes=1)
    doubting = [(n, c) for n, c in conditions(config) if c.settings.get("filters")]
    rest = [one for one in conditions(config) if one not in doubting]
    assert len(rest) + len(doubting) == len(CONDITIONS)
    for group in (rest, doubting):
        for (_, condition), (told, frames) in zip(
            group, train(config, group, 0, lambda units=1: None), strict=True
        ):
            assert np.isfinite(told["curve"]).all()
            assert not receipts_of("", *frames).disagreements
            assert (told["refused"] is not None) == bool(condition.settings.get("filters"))
