"""Claims as CSV and LaTeX."""

import csv
import io
import json
from pathlib import Path

import pytest

from rallypoint.experiments.report.recorded import read_run
from rallypoint.experiments.report.table_files import as_csv, as_latex
from tests.experiments.report.toy_runs import edit, write_run


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_holds_what_was_measured_to_the_last_digit(rallypoint, run):
    done = rallypoint("report", run, "--csv", "claims.csv", "--latex", "claims.tex")
    assert done.status == 0
    rows = rows_of(Path("claims.csv").read_text())
    claims = read_run(run).summary.claims
    assert [row["claim"] for row in rows] == [claim.id for claim in claims]
    for row, claim in zip(rows, claims, strict=True):
        assert float(row["measured"]) == claim.measured
        assert (float(row["low"]), float(row["high"])) == claim.interval
        assert (row["verdict"], row["expected"]) == (claim.verdict, str(claim.expected))
        assert row["documented_limit"] == str(claim.documented_limit).lower()
    assert Path("claims.tex").read_text().count(r" \\") == 1 + len(claims)


def test_several_runs_go_into_one_table(run):
    other = write_run(run.parent / "run-b")
    rows = rows_of(as_csv([read_run(run), read_run(other)]))
    assert {row["run"] for row in rows} == {run.name, "run-b"}


def with_claims(run, **changes):
    claims = json.loads((run / "summary.json").read_text())["claims"]
    edit(run / "summary.json", claims=[{**claim, **changes} for claim in claims])
    return read_run(run)


def test_what_was_not_measured_is_empty(run):
    nothing = {"measured": None, "interval": None, "verdict": "undecided", "holds": False}
    read = with_claims(run, **nothing)
    assert {row["measured"] for row in rows_of(as_csv([read]))} == {""}
    assert " & – & " in as_latex([read])


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(formula, run):
    read = with_claims(run, statement=formula)
    assert {row["statement"] for row in rows_of(as_csv([read]))} == {f"'{formula}"}


def test_latex_is_shown_and_never_obeyed(run):
    named = run.rename(run.parent / r"\input{x} 50%&#$_~^")
    (line,) = {line.partition(" & ")[0] for line in as_latex([read_run(named)]).splitlines()[5:-2]}
    assert line == (r"\textbackslash{}input\{x\} 50\%\&\#\$\_\textasciitilde{}\textasciicircum{}")


def test_other_files_are_not_replaced(rallypoint, run):
    Path("data.csv").write_text("my,own,data\n")
    done = rallypoint("report", run, "--csv", "data.csv")
    assert (done.status, "is no table of ours; give another file with --csv" in done.err) == (
        2,
        True,
    )
    assert Path("data.csv").read_text() == "my,own,data\n"
    assert rallypoint("report", run, "--csv", "c.csv").status == 0
    assert rallypoint("report", run, "--csv", "c.csv").status == 0
