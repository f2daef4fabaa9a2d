"""Every registered aggregator keeps the contract, and each way to break it is named."""

import inspect
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from rallypoint.errors import NotConformant, UnknownName
from rallypoint.safety.aggregation import aggregate, aggregators, parts
from rallypoint.safety.aggregation.conformance import assert_is_aggregator
from rallypoint.safety.aggregation.parts import Context, SpanRule, one_hot
from rallypoint.safety.aggregation.rules import register
from rallypoint.safety.aggregation.rules.krum import Krum
from rallypoint.safety.aggregation.span import Span, Weights
from tests.safety.aggregation.broken_rules import BROKEN, Sound, SoundMiddle

CHAINS = [
    "arc+nnm+trimmed_mean",
    "bucketing(size=2)+krum(variant='nf')",
    "nnm+mda",
    "nnm+bucketing+median",
    "clipping(norm=100.0)+geometric_median",
    "per_layer+nnm+median",
    "per_layer+krum",
]


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    list(aggregators)  # found
    monkeypatch.setattr(aggregators, "_parts", dict(aggregators._parts))


@pytest.mark.parametrize("name", [*aggregators, *CHAINS])
def test_every_aggregator_keeps_the_contract(name):
    assert_is_aggregator(name)


def test_every_module_of_rules_imports():
    assert aggregators.unavailable == {}


@pytest.mark.parametrize("sound", [Sound, SoundMiddle])
def test_the_sound_ones_keep_the_contract(sound):
    register(sound)
    assert_is_aggregator("sound")


@pytest.mark.parametrize("broken", BROKEN, ids=[kind.__name__ for kind in BROKEN])
def test_a_broken_rule_is_refused_and_its_fault_named(broken):
    register(broken)
    with pytest.raises(NotConformant, match=BROKEN[broken]):
        assert_is_aggregator("sound")


def test_a_reference_that_disagrees_is_named():
    with pytest.raises(NotConformant, match="must agree with the reference"):
        assert_is_aggregator("krum", reference=lambda updates, f: updates.mean(axis=0))


def test_the_example_for_authors_keeps_the_contract():
    _, _, example = inspect.getdoc(parts).partition("    @register\n")
    example, _, _ = example.partition("Parts never see")
    lines = ["@register", *(line.removeprefix("    ") for line in example.splitlines())]
    names = {
        "dataclass": dataclass,
        "ClassVar": ClassVar,
        "np": np,
        "Context": Context,
        "Span": Span,
        "SpanRule": SpanRule,
        "Weights": Weights,
        "one_hot": one_hot,
        "register": register,
        "__name__": __name__,
    }
    exec("\n".join(lines), names)  # noqa: S102 - it is our own docstring
    assert_is_aggregator("medoid")
    assert aggregate("medoid", np.array([[0.0], [1], [9]]), f=1).tolist() == [1]


def test_an_entry_point_of_another_name_is_told():
    """It registers the rule once more: under the name by which people would then call it."""
    aggregators._join(SimpleNamespace(name="steady", value="it", load=lambda: register(Sound)))
    for name in ("steady", "sound"):
        with pytest.raises(NotConformant, match="is 'steady', too: call its entry point 'sound'"):
            assert_is_aggregator(name)


def test_what_is_no_aggregator_is_refused():
    with pytest.raises(UnknownName, match="no aggregator is called 'krmu'; did you mean 'krum'"):
        assert_is_aggregator("krmu")
    with pytest.raises(NotConformant, match="a name or an instance of Part, not 3"):
        assert_is_aggregator(3)
    with pytest.raises(NotConformant, match="instance of Part"):
        assert_is_aggregator(Krum)
    with pytest.raises(NotConformant, match="registered under its name"):
        assert_is_aggregator(Sound())
