"""What every experiment keeps to when it is run."""

import pytest

from rallypoint.claims import Claim
from rallypoint.experiments import experiments
from rallypoint.experiments.experiment import File, Metric, Receipts
from tests.experiments.in_miniature import (
    IN_MINIATURE,
    findings_of,
    miniature_of,
    of_kind,
    rows_alone,
    rows_of,
)

# Too long in one piece: its parts are run one by one, and keep to the same.
IN_PARTS = {"interruptibility"}
# Their own tests run a seed alone, stop it and go on with it, to the rows that it has among others.
ALONE_BY_THEMSELVES = {"backdoor", "coevolution", "smoothing"}
BEGINNINGS = {".png": b"\x89PNG", ".gif": b"GIF8"}

every_experiment = pytest.mark.parametrize("name", IN_MINIATURE)


def test_every_experiment_has_a_miniature():
    assert set(IN_MINIATURE) | IN_PARTS == set(experiments) - {"toy"}


@pytest.mark.parametrize("name", [name for name in IN_MINIATURE if name not in ALONE_BY_THEMSELVES])
def test_a_seed_measures_the_same_alone_and_among_others(name):
    seed = miniature_of(name).SEEDS[1]
    alone = rows_alone(name, seed)
    assert alone
    assert alone == rows_of(findings_of(name), seed)


@every_experiment
def test_findings_have_names_of_their_own(name):
    keys = {Claim: "id", Metric: "name", File: "name", Receipts: "condition"}
    for kind, key in keys.items():
        names = [getattr(finding, key) for finding in of_kind(findings_of(name), kind)]
        assert sorted(names) == sorted(set(names))


@every_experiment
def test_claims_say_what_of_and_by_whom(name):
    claims = of_kind(findings_of(name), Claim)
    assert claims
    assert all(claim.statement and claim.source for claim in claims)


@every_experiment
def test_threats_do_what_they_were_declared_to(name):
    for receipts in of_kind(findings_of(name), Receipts):
        assert receipts.disagreements == (), receipts.condition


@every_experiment
def test_pictures_are_pictures(name):
    for file in of_kind(findings_of(name), File):
        for ending, beginning in BEGINNINGS.items():
            assert file.content.startswith(beginning) == file.name.endswith(ending), file.name
