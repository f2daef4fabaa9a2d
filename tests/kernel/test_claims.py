"""Verdicts, and what becomes of a claim on its way to a file."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.claims import Claim, claim_over_seeds, decide
from rallypoint.errors import InvalidConfig
from rallypoint.expected import Expected

numbers = st.integers(-1000, 1000).map(lambda n: n / 100)
comparisons = st.sampled_from([">=", "<=", ">", "<"])
seeds = st.lists(numbers, min_size=1, max_size=8)
enough_seeds = st.lists(numbers, min_size=3, max_size=8)
gaps = st.sampled_from([0.01, 0.5, 30.0])
expectations = st.builds(
    Expected, comparison=comparisons, threshold=numbers, every_seed=st.none() | numbers
)
ABOUT = {"statement": "s", "source": "t"}


def judge(values, expected, **settings):
    return claim_over_seeds("T1/x", values, expected=expected, **ABOUT, **settings)


@pytest.mark.parametrize(
    ("expected", "interval", "n", "worst", "verdict"),
    [
        (">= 0.9", (0.9, 1.0), 5, None, "holds"),
        (">= 0.9", (0.89, 1.0), 5, None, "undecided"),
        (">= 0.9", (0.5, 0.9), 5, None, "undecided"),
        (">= 0.9", (0.5, 0.89), 5, None, "fails"),
        ("> 0.9", (0.9, 1.0), 5, None, "undecided"),
        ("> 0.9", (0.5, 0.9), 5, None, "fails"),
        ("<= 0.05", (0.01, 0.05), 5, None, "holds"),
        ("<= 0.05", (0.06, 0.07), 5, None, "fails"),
        ("< 0.05", (0.01, 0.05), 5, None, "undecided"),
        (">= 0.9", (0.95, 1.0), 3, None, "holds"),
        (">= 0.9", (0.95, 1.0), 2, None, "undecided"),
        (">= 0.9", None, 5, None, "undecided"),
        (">= 0.9 on every seed", (0.95, 1.0), 5, 0.9, "holds"),
        (">= 0.9 on every seed", (0.95, 1.0), 5, 0.89, "fails"),
        (">= 0.9 on every seed", (0.95, 1.0), 2, 0.1, "undecided"),
        ("<= 0.05, every seed <= 0.08", (0.01, 0.04), 5, 0.08, "holds"),
        ("<= 0.05, every seed <= 0.08", (0.01, 0.04), 5, 0.09, "fails"),
        ("<= 0.05, every seed <= 0.08", (0.01, 0.06), 5, 0.08, "undecided"),
        ("<= 0.05, every seed <= 0.08", (0.06, 0.07), 5, 0.08, "fails"),
    ],
)
def test_the_verdict_follows_the_rule(expected, interval, n, worst, verdict):
    assert decide(Expected.parse(expected), interval, n=n, worst=worst) == verdict


def test_a_claim_about_every_seed_needs_the_worst_one():
    with pytest.raises(InvalidConfig, match="give the worst one"):
        decide(Expected.parse(">= 0.9 on every seed"), (0.95, 1.0), n=5)


@given(values=seeds, expected=expectations)
def test_fewer_than_three_values_decide_nothing(values, expected):
    assert judge(values[:2], expected).verdict == "undecided"


@given(values=enough_seeds, comparison=comparisons, gap=gaps, clears=st.booleans())
def test_what_clears_on_every_seed_holds_and_what_clears_on_none_fails(
    values, comparison, gap, clears
):
    low_enough = (comparison in (">=", ">")) == clears
    threshold = min(values) - gap if low_enough else max(values) + gap
    expected = Expected(comparison=comparison, threshold=threshold)
    assert judge(values, expected).verdict == ("holds" if clears else "fails")


@given(values=seeds, expected=expectations)
def test_a_decided_claim_was_measured_on_its_side_of_the_threshold(values, expected):
    claim = judge(values, Expected(comparison=expected.comparison, threshold=expected.threshold))
    clears = expected.clears(claim.measured, expected.threshold)
    assert claim.verdict in ("undecided", "holds" if clears else "fails")


@given(values=seeds, expected=expectations, statistic=st.sampled_from(["mean", "median"]))
def test_measured_lies_in_its_interval_and_both_within_the_values(values, expected, statistic):
    claim = judge(values, expected, statistic=statistic)
    low, high = claim.interval
    assert min(values) <= low <= claim.measured <= high <= max(values)


@given(values=enough_seeds, gap=gaps)
def test_one_seed_that_misses_refutes_a_claim_about_every_seed(values, gap):
    expected = Expected(comparison=">=", threshold=-100.0, every_seed=min(values) + gap)
    assert judge(values, expected).verdict == "fails"


@given(values=seeds, easier=numbers, harder=numbers)
def test_an_easier_threshold_never_fares_worse(values, easier, harder):
    easier, harder = sorted([easier, harder])
    order = ["fails", "undecided", "holds"]
    verdicts = [judge(values, f">= {threshold}").verdict for threshold in (harder, easier)]
    assert order.index(verdicts[0]) <= order.index(verdicts[1])


@given(values=st.permutations([0.1, 0.7, 0.75, 0.9, 0.99]))
def test_the_order_of_seeds_does_not_matter(values):
    assert judge(values, ">= 0.5") == judge(sorted(values), ">= 0.5")


@pytest.mark.parametrize("value", [0.1, 0.95, 1 / 3, 1e-9, 1e9])
@pytest.mark.parametrize("n", [3, 5, 10, 7])
def test_identical_values_are_their_own_interval(value, n):
    claim = judge([value] * n, f">= {value!r} on every seed")
    assert (claim.measured, claim.interval, claim.verdict) == (value, (value, value), "holds")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("expected", [">= 0", "<= 0", ">= 0 on every seed"])
def test_a_value_that_is_not_finite_decides_nothing(wrong, expected):
    claim = judge([1.0, 1.0, wrong, 1.0], expected)
    assert (claim.measured, claim.interval, claim.verdict) == (None, None, "undecided")


def test_no_values_decide_nothing():
    assert judge([], ">= 0 on every seed").verdict == "undecided"


def test_the_interval_covers_the_truth_about_as_often_as_it_says(rng):
    # Ten seeds: a percentile bootstrap is known to be a little short of its level.
    covered = [
        low <= 0 <= high
        for low, high in (judge(rng.normal(size=10), "> 0").interval for _ in range(200))
    ]
    assert 0.85 <= np.mean(covered) <= 0.97


def test_values_are_one_per_seed():
    with pytest.raises(InvalidConfig, match="one value per seed"):
        judge([[1.0], [2.0]], ">= 0")


def test_a_claim_is_written_exactly_as_scripts_expect():
    claim = Claim(
        id="G2/antipodal",
        statement="...",
        source="...",
        measured=0.99,
        interval=(0.98, 1.0),
        level=0.95,
        method="bootstrap",
        n=5,
        expected=Expected.parse(">= 0.9"),
        verdict="holds",
    )
    entry = {
        "id": "G2/antipodal",
        "statement": "...",
        "source": "...",
        "measured": 0.99,
        "interval": [0.98, 1.0],
        "level": 0.95,
        "method": "bootstrap",
        "n": 5,
        "expected": ">= 0.9",
        "verdict": "holds",
        "holds": True,
    }
    assert list(claim.to_dict().items()) == list(entry.items())
    assert Claim.from_dict(entry) == claim


def test_a_documented_limit_says_so_and_fails_like_any_claim():
    claim = judge([0.1, 0.2, 0.3], ">= 0.9", documented_limit=True)
    assert claim.to_dict()["documented_limit"] is True
    assert (claim.verdict, claim.holds) == ("fails", False)
    assert Claim.from_dict(claim.to_dict()) == claim


@pytest.mark.parametrize("id", ["", "G1 learns", "G1/", "/G1", "G1//x"])
def test_an_id_that_no_script_could_use_is_refused(id):
    with pytest.raises(InvalidConfig, match="looks like 'G2/antipodal'"):
        claim_over_seeds(id, [1, 2, 3], expected=">= 0", **ABOUT)


@given(expected=expectations)
def test_an_expectation_is_read_as_it_is_written(expected):
    assert Expected.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.9",
        "= 0.9",
        ">= high",
        ">= nan",
        ">= 0.9 on each seed",
        ">= 0.9, every seed <= 1",
        ">= 0.9 on every seed, every seed >= 0.8",
    ],
)
def test_an_expectation_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidConfig):
        Expected.parse(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"comparison": "==", "threshold": 1.0},
        {"comparison": ">=", "threshold": math.nan},
        {"comparison": ">=", "threshold": 1.0, "every_seed": math.inf},
    ],
)
def test_an_expectation_that_nothing_could_meet_is_refused(wrong):
    with pytest.raises(InvalidConfig):
        Expected(**wrong)


@pytest.mark.parametrize("level", [95, 1.0, 0.0, -0.5, math.nan])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(InvalidConfig, match=r"level of claim 'T1/x' is a share such as 0\.95, got"):
        judge([1.0, 2.0, 3.0], ">= 0", level=level)


def test_a_statistic_there_is_no_interval_for_is_refused():
    with pytest.raises(InvalidConfig, match="statistic of claim 'T1/x' is mean or median, got 'ma"):
        judge([1.0, 2.0, 3.0], ">= 0", statistic="max")
