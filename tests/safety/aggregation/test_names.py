"""Names of chains, and what their messages say."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, UnknownName
from rallypoint.safety.aggregation import Aggregator, aggregate, aggregators
from rallypoint.safety.aggregation.rules.bucketing import Bucketing
from rallypoint.safety.aggregation.rules.krum import Krum
from rallypoint.safety.aggregation.rules.multi_krum import MultiKrum
from rallypoint.safety.aggregation.rules.nnm import NearestNeighbourMixing


def parts(name, **parameters):
    return Aggregator.parse(name, **parameters).parts


def test_a_chain_lists_its_parts_in_order():
    assert parts("krum") == (Krum(),)
    assert parts(" nnm + krum ") == (NearestNeighbourMixing(), Krum())
    assert parts('bucketing(size=3)+nnm+krum(variant="nf")') == (
        Bucketing(size=3),
        NearestNeighbourMixing(),
        Krum(variant="nf"),
    )


def test_parameters_are_the_last_parts():
    assert parts("bucketing(size=3)+multi_krum", m=2) == (Bucketing(size=3), MultiKrum(m=2))
    assert parts("multi_krum(m=2)", variant="nf") == (MultiKrum(m=2, variant="nf"),)
    assert parts("multi_krum", m=np.int64(2)) == (MultiKrum(m=2),)


def test_equal_parameters_of_another_kind_are_checked_all_the_same():
    assert parts("multi_krum", m=1) == (MultiKrum(m=1),)
    for one in (True, 1.5, 1.0 + 1e-9, "1", [1], (1,)):
        with pytest.raises(InvalidConfig, match="multi_krum"):
            parts("multi_krum", m=one)
    with pytest.raises(InvalidConfig, match="multi_krum"):
        parts("multi_krum(m=True)")


def test_a_name_means_the_part_that_has_it_now(monkeypatch):
    assert parts("krum") == (Krum(),)
    monkeypatch.setitem(aggregators._parts, "krum", MultiKrum)
    assert parts("krum") == (MultiKrum(),)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "breaks off at character 1"),
        ("krum+", "breaks off at character 6"),
        ("nnm krum", "breaks off at character"),
        ("nnm-krum", "no part stands at character 1"),
        ("nnm+3", "no part stands at character 5"),
        ("nnm+'krum'", "no part stands at character 5"),
        ("rules.krum", "no part stands at character 1"),
        ("nnm+(lambda: krum)()", "no part stands at character"),
        ("bucketing(2)+krum", r"by name, as in bucketing\(size=2\); the one at character 11"),
        ("bucketing(**two)+krum", r"no part takes \*\*"),
        ("bucketing(size=two)+krum", "size must be a number.* character 16 .* is none"),
        ("bucketing(size=print(2))+krum", "size must be a number"),
        ("krum+nnm", "a chain ends in a rule, and nnm is none"),
        ("nnm", r"ends in a rule, and nnm is none: say nnm\+mean"),
        ("krum+median", "one rule, its last part; .* krum already answers"),
        ("nnm+per_layer+krum", "per_layer comes first"),
        ("per_layer", "ends in a rule, and per_layer is none"),
        ("krum(varriant='nf')", "krum has no key 'varriant'; did you mean 'variant'"),
        ("bucketing(size=2.5)+krum", "bucketing: .*int"),
        ("bucketing(size=0)+krum", "bucketing: .*>= 1"),
    ],
)
def test_what_is_no_chain_is_refused_and_where(name, message):
    with pytest.raises(InvalidConfig, match=message):
        Aggregator.parse(name)


@pytest.mark.parametrize("name", [["krum"], Krum, Krum(), None])
def test_what_is_no_name_is_refused(name, rng):
    with pytest.raises(InvalidConfig, match=r"called by its name, got .* as .nnm\+krum. or"):
        aggregate(name, rng.standard_normal((7, 3)), f=1)


def test_nothing_in_a_name_is_evaluated(tmp_path):
    path = tmp_path / "made"
    with pytest.raises(InvalidConfig):
        Aggregator.parse(f"krum(variant=open({str(path)!r}, 'w'))")
    assert not path.exists()


def test_an_unknown_part_names_the_nearest():
    with pytest.raises(UnknownName, match="no aggregator is called 'nmn'; did you mean 'nnm'"):
        Aggregator.parse("nmn+krum")


def test_no_parameter_is_dropped_silently(rng):
    updates = rng.standard_normal((7, 3))
    with pytest.raises(InvalidConfig, match="krum has no key 'n_byzantine'"):
        aggregate("krum", updates, f=1, n_byzantine=1)
    with pytest.raises(InvalidConfig, match=r"'m' of multi_krum is given in .* and as a keyword"):
        aggregate("multi_krum(m=2)", updates, f=1, m=2)
    with pytest.raises(InvalidConfig, match="trimmed_mean has no key 'variant'"):
        aggregate("nnm+trimmed_mean", updates, f=1, variant="nf")
