"""Aggregation beside its peers: what is asked, what is skipped, and how answers are judged."""

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.tree import ROOT, python

SCRIPT = str(ROOT / "benchmarks/aggregation.py")
SIZE = "n=20 d=10,000"


@pytest.fixture
def verdict(bench):
    """Return what judges answers."""
    return importlib.import_module("suites.rules.verdicts").verdict


def test_the_script_times_ours_by_the_floors_and_writes_every_sample(tmp_path):
    out = tmp_path / "new" / "bench.json"
    said = python(SCRIPT, "--quick", "--only", f"ours: median {SIZE}", "--json", str(out))
    assert "ours" in said
    assert "median" in said
    written = json.loads(out.read_text())
    assert written["answers"] == {"ours: median": "right"}
    floors = {f"floor: {floor} {SIZE}" for floor in ("R", "G", "np.sort")}
    assert {case["id"] for case in written["cases"]} == {f"ours: median {SIZE}", *floors}
    assert all(len(case["samples"]) == 3 for case in written["cases"])
    assert written["machine"]["threads"]["OMP_NUM_THREADS"] == "1"


def test_a_pattern_that_nothing_is_like_is_refused():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no case is like 'nothing'" in done.stderr


def test_listing_the_rules_imports_no_library_that_may_be_missing():
    code = (
        "import sys, suites; from suites.rules import NAMES; from rules_goals import goals; "
        "goals(suites.cases(NAMES, quick=False), {}); "
        "assert not {'torch', 'byzfl', 'flwr', 'numpy', 'rallypoint'} & sys.modules.keys()"
    )
    python("-c", code, PYTHONPATH=str(ROOT / "benchmarks"))


def test_ours_has_every_rule_that_a_peer_has(bench):
    names = importlib.import_module("suites.rules").NAMES
    by_suite = {
        name: {case.row.partition(": ")[2] for case in bench.suites.load(name).cases(quick=True)}
        for name in names
    }
    ours = by_suite["rules.ours"]
    del by_suite["rules.floors"]
    assert all(rules <= ours for rules in by_suite.values())


def test_every_goal_speaks_of_cases_that_there_are(bench):
    names = importlib.import_module("suites.rules").NAMES
    cases = bench.suites.cases(names, quick=False)
    verdicts = {case.row: "right" for case in cases if case.suite != "rules.floors"}
    goals = bench.rules_goals.goals(cases, verdicts)
    ids = {case.id for case in cases}
    assert all({goal.case, *goal.than} <= ids for goal in goals)
    limits = {goal.expected for goal in goals if isinstance(goal, bench.goals.AtMost)}
    assert limits > {"≤ 1.5 G + 3 R", "≤ 1.5 G + meamed", "≤ 2.5 G + trimmed_mean"}


def test_only_peers_that_are_right_need_be_beaten(bench):
    names = importlib.import_module("suites.rules").NAMES
    cases = bench.suites.cases(names, quick=True)
    verdicts = {
        "ours: krum": "right",
        "byzfl: krum": "right (its variant nf)",
        "krum: krum": "right, but not about a mean of 1000 (19 of 20)",
        "byzpy: krum": "wrong: off by up to 1",
    }
    found = [
        goal
        for goal in bench.rules_goals.goals(cases, verdicts)
        if isinstance(goal, bench.goals.Faster) and goal.row == "krum"
    ]
    assert {goal.than for goal in found} == {("byzfl: krum n=20 d=100,000",)}


def test_a_limit_is_taken_round_by_round(bench):
    timings = {
        "ours": bench.timed("ours", 1, 1, 1, cpu=6.0),
        "G": bench.timed("G", 1, 1, cpu=2.0),
        "R": bench.timed("R", 1, 1, 1, cpu=1.0),
    }
    goal = bench.goals.AtMost(case="ours", times=((1.5, "G"), (3.0, "R")), expected="≤")
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert (outcome.least, outcome.median, outcome.met) == (1, 1, True)
    goal = bench.goals.AtMost(case="ours", times=((1.4, "G"), (3.0, "R")), expected="≤")
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert outcome.met is False


def test_what_a_smaller_size_says_is_too_long_is_skipped(bench, monkeypatch):
    def case(d):
        return bench.case("byzfl: krum", lambda: lambda: d, column=f"n=10 d={d:,}")

    timing = bench.timed("byzfl: krum", 1, cpu=1.0, column="n=10 d=10,000")
    other = bench.timed("byzfl: krum", 1, cpu=99.0, column="n=20 d=10,000")
    before = {"a": timing, "b": other}
    expected = bench.aggregation._expected_seconds
    assert expected(case(40_000), before) == 4
    assert expected(case(10_000), {}) == 0
    processes = type("P", (), {"open_case": staticmethod(bench.timing.opened)})
    found = bench.aggregation._timed(
        [case(100_000), case(20_000)], before, processes, lambda _: None
    )
    skipped, timed = found.values()
    assert skipped.failure == "skipped: about 10 s, by what fewer columns took"
    assert len(timed.samples) == 1  # two seconds: once will do
    assert expected(case(1_000_000), before | {"c": skipped}) == 100  # by the size that was timed


@pytest.mark.parametrize(
    ("library", "rule", "n", "why"),
    [
        ("byzfl_numpy", "mda", 50, r"skipped: it would walk through 1e\+10 subsets"),
        ("byzfl_numpy", "nnm+krum", 100, "skipped: it would allocate 30 GiB"),
        ("ours", "smea", 100, r"skipped: it would walk through 5\.4e\+20 subsets"),
    ],
)
def test_what_would_take_too_much_is_skipped_with_the_reason(bench, library, rule, n, why):
    cases = bench.suites.load(f"rules.{library}").cases(quick=False)
    (case,) = [c for c in cases if c.id.endswith(f": {rule} n={n} d=1,000,000")]
    with pytest.raises(bench.timing.Failed, match=why):
        case.prepare()


def test_processes_share_the_updates_and_none_sees_what_another_writes(
    bench, monkeypatch, tmp_path
):
    rules = importlib.import_module("suites.rules")
    alone = rules.updates(10, 2, 50)
    monkeypatch.setenv(rules.SHARED, str(tmp_path))
    one, other = rules.updates(10, 2, 50), rules.updates(10, 2, 50)
    one += 1
    assert np.array_equal(other, alone)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_right_answer_is_right(verdict):
    assert verdict("median", lambda x, f: np.median(x, axis=0)) == "right"
    assert verdict("sign_vote", lambda x, f: x[0]).startswith("not compared")


def test_another_definition_is_named(verdict):
    lower = verdict("median", lambda x, f: np.sort(x, axis=0)[(len(x) - 1) // 2])
    assert lower == "wrong: the lower middle of an even number"
    assert verdict("median", lambda x, f: x.mean(axis=0)).startswith("wrong: off by up to")


def test_an_answer_that_is_drawn_is_told(verdict):
    rng = np.random.default_rng(0)
    said = verdict("caf", lambda x, f: x[rng.integers(len(x))])
    assert said.startswith("wrong: another answer each time")


def test_digits_lost_far_from_the_origin_are_told(bench, verdict):
    def krum(x, f, squared):
        return x[np.sort(squared, axis=1)[:, 1 : len(x) - f - 1].sum(axis=1).argmin()]

    def by_products(x, f):
        norms = (x * x).sum(axis=1)
        return krum(x, f, norms[:, None] + norms - 2 * x @ x.T)

    is_right = importlib.import_module("suites.rules.verdicts").is_right
    careful = verdict("krum", lambda x, f: krum(x, f, ((x[:, None] - x) ** 2).sum(axis=2)))
    naive = verdict("krum", by_products)
    assert is_right(careful)
    assert naive.startswith("right, but not about a mean of 1000")
    assert not is_right(naive)


def test_a_wrong_answer_has_a_star_and_a_skipped_one_no_time(bench, shown):
    column = "n=10 d=10,000"
    timings = {
        name: bench.timed(name, 1, cpu=cpu, column=column)
        for name, cpu in {"floor: R": 0.001, "ours: median": 0.003, "byzpy: median": 0.005}.items()
    }
    timings["krum: median"] = bench.timed("krum: median", failure="skipped: …", column=column)
    verdicts = {"ours: median": "right", "byzpy: median": "wrong: …"}
    (row,) = [
        line.split()
        for line in shown(bench.rules_table.time_table(column, timings, verdicts)).splitlines()
        if line.strip().startswith("median")
    ]
    assert row == ["median", "3", "3", "5*", "skipped"]


def found_by(bench, cpu):
    """Return results of a run in which krum took so long, 1.5 G + 3 R being 0.009."""
    column = "n=20 d=100,000"
    verdicts = {"ours: krum": "right", "flwr: krum": "right", "krum: krum": "wrong: …"}
    took = {"floor: R": 0.001, "floor: G": 0.004, "flwr: krum": 0.04, "krum: krum": 0.002}
    timings = {
        f"{row} {column}": bench.timed(row, 1, 1, cpu=seconds, column=column)
        for row, seconds in (took | {"ours: krum": cpu}).items()
    }
    goals = bench.rules_goals.goals([timing.case for timing in timings.values()], verdicts)
    judged = bench.goals.outcomes(bench.goals.comparable(goals, timings), timings)
    written = bench.results.results(timings, judged, {}) | {"answers": verdicts}
    return json.loads(json.dumps(written))


def test_the_page_shows_times_the_fastest_that_is_right_and_what_was_missed(bench, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- speed: begin -->\nold\n<!-- speed: end -->\nafter\n", "utf-8")
    bench.rules_page.rewrite(page, found_by(bench, cpu=0.008))
    text = page.read_text("utf-8")
    assert text.startswith("before\n<!-- speed: begin -->\nMeasured on ")
    assert "\n| rule | n = 20, d = 100,000 | fastest peer |\n" in text
    assert text.endswith("<!-- speed: end -->\nafter\n")
    assert "| `krum` | 8 ms | 5 × (flwr) |" in text
    assert "\n2 of 2 goals are met.\n<!--" in text
    file = tmp_path / "found.json"
    file.write_text(json.dumps(found_by(bench, cpu=0.018)), "utf-8")
    bench.rules_page.main([str(file), "--page", str(page)])
    text = page.read_text("utf-8")
    assert "1 of 2 goals are met" in text
    assert "| `krum` | ≤ 1.5 G + 3 R | 20 × 10⁵: 2 of it | a tenth of" in text


def test_a_page_without_a_place_for_tables_is_refused(bench, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text", "utf-8")
    with pytest.raises(ValueError, match="no place for tables: it lies between <!-- speed: begin"):
        bench.rules_page.rewrite(page, found_by(bench, cpu=0.008))
    assert page.read_text("utf-8") == "text"
