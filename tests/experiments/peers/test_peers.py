"""Peers of whom some lie, in miniature: what is measured, and how it is judged."""

import numpy as np

from rallypoint.claims import Claim
from rallypoint.experiments.experiment import File, Metric, Receipts, Row
from rallypoint.experiments.findings import receipts_of
from rallypoint.experiments.peers.config import PeersConfig
from rallypoint.experiments.peers.contestants import CONDITIONS, conditions
from rallypoint.experiments.peers.measure import train
from tests.experiments.in_miniature import of_kind
from tests.experiments.peers.miniature import MINIATURE


def test_every_condition_is_measured_and_claims_are_made_of_them(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    names = [condition.name for _, condition in conditions(MINIATURE)]
    assert len(names) == 8
    assert [row["condition"] for row in rows] == 2 * names
    assert all(len(row["curve"]) == len(row["diameters"]) == 10 for row in rows)
    assert len(of_kind(findings, Metric)) == 8
    ids = [claim.id.removeprefix("peers/") for claim in of_kind(findings, Claim)]
    assert ids == [
        "one-server-learns",
        *("monna-keeps/reversed", "monna-keeps/equivocation"),
        *("agreement-keeps/reversed", "agreement-keeps/equivocation"),
        *("mean-breaks/reversed", "agreement-narrows/equivocation"),
        *("agreement-is-needed-for-return/equivocation", "together-is-sooner"),
    ]
    assert [file.name for file in of_kind(findings, File)] == ["peers.png"]


def test_receipts_tell_what_liars_did(findings):
    told = of_kind(findings, Receipts)
    assert len(told) == 2 * 6  # of eight conditions, in two nobody lies
    for one in told:
        for receipt in one.receipts:
            assert len(receipt["applications"]) == MINIATURE.f
            assert set(receipt["applications"].values()) <= {10, 30}  # rounds, or exchanges


def test_who_aggregates_alike_is_one_server_and_who_is_alone_is_far_from_all_others(findings):
    diameters = {}
    for row in of_kind(findings, Row):
        diameters.setdefault(row.values["condition"], []).append(row.values["diameter"])
    assert not any(diameters["one server"])
    assert max(diameters["monna, equivocation"]) < 0.1 * min(diameters["alone"])
    assert max(diameters["agreement, equivocation"]) < 0.1 * min(
        diameters["no agreement, equivocation"]
    )


def test_a_condition_measures_the_same_whoever_runs_beside_it():
    numbered = list(enumerate(CONDITIONS))
    some = [numbered[place] for place in (8, 12, 17)]
    together = train(MINIATURE, [*numbered[:1], *some], 5, lambda units=1: None)[1:]
    for one, (found, _) in zip(some, together, strict=True):
        ((alone, _),) = train(MINIATURE, [one], 5, lambda units=1: None)
        assert alone["curve"] == found["curve"]
        assert alone["diameters"] == found["diameters"]


def test_every_condition_can_be_run():
    numbered = list(conditions(PeersConfig(rounds=10, episodes=1)))
    assert len(numbered) == len(CONDITIONS) == 18
    for told, frames in train(MINIATURE, numbered, 0, lambda units=1: None):
        assert np.isfinite(told["curve"]).all()
        assert not receipts_of("", *frames).disagreements
