"""Tables read at 80 columns and without colour."""

import io

import pytest
from rich.console import Console

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments.tables import cells_table, claims_table, number, tally

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
        (12345.0, "1.23e+04"),
        (0.000123, "0.000123"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_the_tally_tells_known_failures_apart():
    assert tally(CLAIMS) == "1 of 3 claims hold, 1 fails (1 known in advance), 1 undecided"
    assert tally(CLAIMS[:1]) == "1 of 1 claims hold"
