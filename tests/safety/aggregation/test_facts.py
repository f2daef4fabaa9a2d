"""What lists say of aggregators."""

import json

import pytest

from rallypoint.safety.aggregation import Aggregator, aggregators
from rallypoint.safety.aggregation.facts import facts, in_words


@pytest.mark.parametrize("name", list(aggregators))
def test_facts_are_plain_and_complete(name):
    kind = aggregators[name]
    known = kind.facts()
    assert json.loads(json.dumps(known)) == known
    assert set(known) == {"kind", "bound", "kappa", "kappa_at", "cost", "needs", "lacks", "source"}
    assert (known["kappa"] is None) == (known["kappa_at"] is None)
    if at := known["kappa_at"]:  # whoever reads it can ask again
        assert known["kappa"] == kind().robustness(**at)
    assert known["bound"] in in_words(known)
    assert all(lack in in_words(known) for lack in known["lacks"])


def test_constants_are_those_of_four_among_twenty():
    assert facts(aggregators["trimmed_mean"])["kappa"] == pytest.approx(1 / 3)
    assert facts(aggregators["krum"])["kappa"] is None  # proved for the other variant only
    other = Aggregator.parse("krum(variant='nf')")
    assert other.robustness(20, 4) == pytest.approx(3 + 4 * 2**0.5 / 3)
    assert facts(aggregators["nnm"])["kappa"] is None


def test_the_kinds_are_told_apart():
    kinds = {name: facts(aggregators[name])["kind"] for name in aggregators}
    assert kinds["krum"] == "span rule"
    assert kinds["nnm"] == "mixing"
    assert kinds["median"] == "coordinate rule"
    assert kinds["bulyan"] == "composite"
    assert kinds["per_layer"] == "prefix"
