"""Tables read at 80 columns and without colour."""

import io
import re

import pytest
from rich.console import Console

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments.byzantine_gradient.scores import claim as score_claim
from rallypoint.experiments.tables import (
    caution,
    cells_table,
    claims_table,
    number,
    one_line,
    tally,
    verdict,
)
from rallypoint.intervals import COVERAGE
from rallypoint.safety.certificates.rates import rate
from rallypoint.scores import Score

LONG = "ten agents on a ring of thirteen cells learn to gather without a single word " * 4


def claim(id, values, **settings):
    return claim_over_seeds(
        id, values, statement=LONG, source="t", expected="<= 0.05, every seed <= 0.08", **settings
    )


CLAIMS = [
    claim("G3/step-0", [0.01, 0.02, 0.03]),
    claim("G3/dead-visible", [0.9, 0.8, 0.9], documented_limit=True),
    claim("G3/step-20-of-a-very-long-condition", [float("nan")] * 3),
]


def shown(table, width):
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_every_claim_is_there_with_its_verdict(width):
    text = shown(claims_table(CLAIMS, width=width), width)
    assert all(len(line) <= width for line in text.splitlines())
    for word in ("G3/step-0", "0.020", "[0.010, 0.030]", "holds", "fails (known)", "undecided"):
        assert word in text
    assert "…" in text  # statements are cut


def test_a_statement_takes_few_lines():
    text = shown(claims_table(CLAIMS[:1], width=80), 80)
    assert len(text.splitlines()) <= 8


def test_cells_stand_below_their_claim():
    cells = [claim(f"G1/{c}", [0.01] * 3) for c in ("cycles=100", "cycles=500")]
    lines = shown(cells_table(cells, width=80), 80).splitlines()
    (title,) = [i for i, line in enumerate(lines) if line.startswith("G1")]
    rows = [i for i, line in enumerate(lines) if line.startswith("  cycles=")]
    assert len(rows) == 2
    assert title < rows[0] < rows[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.000"),
        (0.98765, "0.988"),
        (-3.14159, "-3.142"),
        (12.345, "12.35"),
        (123.45, "123.5"),
        (12345.0, "12,345"),
        (0.000123, "0.000123"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_the_tally_tells_documented_limits_apart():
    assert tally(CLAIMS) == (
        "1 of 2 claims hold, 1 undecided; 1 of 1 documented limit fails, as documented"
    )
    assert tally(CLAIMS[:1]) == "1 of 1 claims hold"
    assert tally([]) == "no claim was finished"


def test_a_documented_limit_that_holds_is_said_to_wherever_verdicts_are():
    surprise = claim("G3/dead-hidden", [0.01, 0.02, 0.03], documented_limit=True)
    said = "holds, though documented not to"
    assert one_line(surprise) == f"G3/dead-hidden {said}: 0.020 [0.010, 0.030]"
    assert said in " ".join(shown(verdict(surprise), 80).split())
    assert tally([*CLAIMS[:2], surprise]) == (
        "1 of 1 claims hold; 1 of 2 documented limits fails, as documented; "
        "1 of 2 documented limits holds, though documented not to"
    )
    assert tally([surprise]) == "1 of 1 documented limit holds, though documented not to"
    text = shown(claims_table([surprise], width=80), 80)
    for word in ("holds, though", "documented not"):
        assert word in text


def test_a_live_line_fits_a_terminal():
    assert len(one_line(CLAIMS[2])) < 80


@pytest.mark.parametrize("width", [60, 65])
def test_on_a_narrow_terminal_expectations_go_below_and_no_word_is_broken(width):
    text = shown(claims_table(CLAIMS, width=width), width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "measured" in text.splitlines()[0]
    assert "expected <= 0.05, every seed <= 0.08" in text


def test_cells_and_claims_keep_the_order_of_the_run():
    names = [f"G4/{group}/cycles={cycles}" for cycles in (5, 10) for group in (100, 20, 3)]
    lines = shown(
        cells_table([claim(name, [0.01] * 3) for name in names], width=80), 80
    ).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("G4")] == [
        "G4/100",
        "G4/20",
        "G4/3",
    ]


def test_few_seeds_come_with_a_caution_and_many_without():
    few, many = claim("T/a", [0.0, 0.1, 0.2]), claim("T/b", [0.0, 0.1] * 5)
    assert caution([many, few]) == (
        f"95 % bootstrap intervals over 3 seeds cover about {100 * COVERAGE[3]:.0f} %: "
        "read them as lower limits of the uncertainty."
    )
    assert caution([many]) is None
    assert caution([claim("T/c", [0.0, 0.1, 0.2], statistic="median")]) is None


@pytest.mark.parametrize("n", [10, 20])
def test_seeds_that_all_agree_come_with_what_they_may_hide(n):
    some, all_do = claim("T/a", [0.0, 0.1] * 10), claim("T/b", [1.0] * n)
    assert all_do.interval == (1.0, 1.0)
    low, _ = rate(n, n).interval
    said = caution([some, all_do, claim("T/c", [0.0] * 2 * n)])
    assert said is not None
    assert said.startswith(f"2 intervals have no width, since all seeds agree: what {n} of {n} do")
    assert f"up to {100 * (1 - low):.0f} % of others may not" in said


def test_of_one_seed_it_is_not_said_that_all_agree():
    said = caution([claim("T/a", [1.0])])
    assert said is not None
    assert said.endswith(
        "1 interval has no width, since there is but one seed: what it does, up to 98 % of others "
        "may not (exact, Clopper-Pearson)."
    )


def test_of_seeds_that_differ_it_is_not_said_that_all_agree():
    of_most = claim("T/a", [0.0] * 17 + [5.0, 6.0, 7.0], statistic="median")
    assert of_most.interval == (0.0, 0.0)
    found = Score(measured=8.2, interval=(-13.0, -13.0), n=20)
    bound = score_claim("T/b", found, statement="no more", source="ours", expected="<= 0")
    assert caution([of_most, bound]) is None


def test_what_is_said_of_few_seeds_and_of_seeds_that_agree_stands_side_by_side():
    said = caution([claim("T/a", [0.0] * 3)])
    assert said is not None
    assert re.fullmatch(r"95 % bootstrap .* uncertainty\. 1 interval has no width, .*", said)
