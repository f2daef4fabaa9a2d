"""The benchmark's machinery, on cases that take no time; speed is for `make bench` to say."""

import importlib
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from tests.tree import ROOT, python

SCRIPT = str(ROOT / "benchmarks/environments.py")
ONE_CASE = ("--quick", "--only", "ring N=10 E=1")


@pytest.fixture
def bench(monkeypatch):
    """Return the benchmark's modules, found as the script finds them."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    names = ("goals", "timing", "table", "peers", "ours", "learning")
    return SimpleNamespace(**{name: importlib.import_module(name) for name in names})


@pytest.fixture
def measured(bench):
    """Time four made-up cases, two of which cannot be."""

    def missing():
        raise ImportError("No module named 'mpe9'")

    def breaking():
        def work():
            raise ValueError("[odd] shape")

        return work

    made_up = {"slow": lambda: lambda: 10, "fast": lambda: lambda: 5000}
    cases = [
        bench.timing.Case(id=name, prepare=prepare)
        for name, prepare in (made_up | {"missing": missing, "breaking": breaking}).items()
    ]
    visited = []
    timings = bench.timing.measure(cases, rounds=3, seconds=0.001, say=visited.append)
    return SimpleNamespace(timings=timings, visited=visited)


def shown(table):
    console = Console(width=160, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def timed(bench, id, *rates, cpu=1.0):
    samples = [bench.timing.Sample(int(rate), 1.0, cpu, 1) for rate in rates]
    return bench.timing.Timing(id=id, samples=samples)


def test_every_round_visits_every_case(measured):
    rounds = [line for line in measured.visited if line.startswith("round")]
    assert rounds == [f"round {i} of 3: {case}" for i in (1, 2, 3) for case in ("slow", "fast")]
    assert [len(measured.timings[case].samples) for case in ("slow", "fast")] == [3, 3]


def test_work_is_repeated_for_as_long_as_was_asked(measured):
    for sample in measured.timings["slow"].samples:
        assert sample.seconds >= 0.001
        assert sample.agent_steps == 10 * sample.pieces


def test_a_case_that_cannot_be_timed_is_a_row_that_says_why(bench, measured):
    said = shown(bench.table.table(measured.timings, []))
    assert "ImportError: No module named 'mpe9'" in said
    assert "ValueError: [odd] shape" in said
    assert "fast" in said


def test_an_interruption_keeps_what_was_measured(bench):
    def interrupting():
        calls = iter(range(2))  # to warm up, and one round

        def work():
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return 1

        return work

    case = bench.timing.Case(id="a", prepare=interrupting)
    timings = bench.timing.measure([case], rounds=3, seconds=0.0, say=lambda line: None)
    assert len(timings["a"].samples) == 1


def test_a_long_case_has_fewer_rounds_and_no_warming_up(bench):
    calls = []
    case = bench.timing.Case(id="a", prepare=lambda: lambda: calls.append(1) or 1, rounds=2)
    bench.timing.measure([case], rounds=5, seconds=0.0, say=lambda line: None)
    assert len(calls) == 2


def test_ratios_are_taken_round_by_round_against_the_fastest(bench):
    timings = {
        "ours": timed(bench, "ours", 100, 300, 800),
        "a": timed(bench, "a", 10, 5, 4),
        "b": timed(bench, "b", 1, 30, 2),
    }
    goal = bench.goals.Faster(case="ours", than=("a", "b"), called="peer", least=10, aim=20)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert (outcome.least, outcome.median, outcome.most) == (10, 10, 200)
    assert outcome.met
    assert bench.table.says(outcome) == "[green]met[/]"


@pytest.mark.parametrize(
    ("least", "aim", "verdict"),
    [
        (3, None, "[red]missed[/]"),
        (2, 3, "[green]met[/]"),
        (1, 2, "[green]met, and 2[/]"),
        (None, None, ""),
    ],
)
def test_a_goal_is_missed_met_or_met_with_its_aim(bench, least, aim, verdict):
    timings = {"ours": timed(bench, "ours", 20), "peer": timed(bench, "peer", 10)}
    goal = bench.goals.Faster(case="ours", than=("peer",), called="peer", least=least, aim=aim)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert bench.table.says(outcome) == verdict


def test_a_peer_that_failed_leaves_nothing_to_compare_with(bench):
    timings = {"ours": timed(bench, "ours", 20), "peer": timed(bench, "peer")}
    goal = bench.goals.Faster(case="ours", than=("peer",), called="peer", least=1000)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert outcome.met is None
    assert bench.table.comparison(outcome) == "nothing to compare with"


@pytest.mark.parametrize(("share", "met"), [(1.0, True), (0.1, False)])
def test_a_part_of_the_work_stands_for_the_whole_by_proportion(bench, share, met):
    timings = {"learner": timed(bench, "learner", 1, 1, 1, cpu=4.0)}
    goal = bench.goals.Within(case="learner", cpu_seconds=5, share=share)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert outcome.median == pytest.approx(4.0 / share)
    assert outcome.met is met


def test_every_goal_speaks_of_cases_that_there_are(bench):
    for quick in (False, True):
        cases = [*bench.peers.cases(), *bench.ours.cases(), *bench.learning.cases(quick=quick)]
        ids = [case.id for case in cases]
        assert len(set(ids)) == len(ids)
        for goal in [*bench.ours.goals(), *bench.learning.goals(quick=quick)]:
            assert {goal.case, *getattr(goal, "than", ())} <= set(ids)


def test_our_own_cases_do_the_work_they_count(bench):
    ring = bench.ours._batch(num_agents=10, copies=3)
    assert ring() == ring() == 65 * 3 * 10
    view = bench.ours._parallel_view()
    assert view() == view() == 65 * 10


def test_the_script_times_one_thread_and_writes_every_sample(tmp_path):
    out = tmp_path / "new" / "bench.json"
    said = python(SCRIPT, *ONE_CASE, "--json", str(out), OMP_NUM_THREADS="4")
    assert "OMP_NUM_THREADS" in said
    assert "ring N=10 E=1" in said
    written = json.loads(out.read_text())
    (case,) = written["cases"]
    assert len(case["samples"]) == 3
    assert written["machine"]["threads"]["OMP_NUM_THREADS"] == "1"
    assert written["versions"]["numpy"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "nothing"], "no case is like 'nothing'"),
        ([*ONE_CASE, "--json"], "another place with --json"),
    ],
    ids=["no such case", "unwritable"],
)
def test_wrong_arguments_are_refused_before_anything_is_timed(arguments, says, tmp_path):
    (tmp_path / "file").write_text("in the way")
    in_the_way = [str(tmp_path / "file" / "bench.json")] if arguments[-1] == "--json" else []
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments, *in_the_way],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert not done.stdout
