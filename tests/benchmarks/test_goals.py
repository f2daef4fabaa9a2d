"""What the goals make of measurements, and what the tables make of both."""

import pytest


def test_ratios_are_taken_round_by_round_against_the_fastest(bench):
    timings = {
        "ours E=1": bench.timed("ours", 100, 300, 800, column="E=1"),
        "a": bench.timed("a", 10, 5, 4),
        "b": bench.timed("b", 1, 30, 2),
    }
    goal = bench.faster("ours E=1", "a", "b", least=10, aim=20)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert (outcome.least, outcome.median, outcome.most) == (10, 10, 200)
    assert bench.table.verdict([outcome]) == "[green]met[/]"


@pytest.mark.parametrize(
    ("rates", "least", "aim", "verdict"),
    [
        ((20,), 3, None, "[red]missed[/]"),
        ((20,), 2, 3, "[green]met[/]"),
        ((20,), 1, 2, "[green]met, and 2[/]"),
        ((20,), None, None, ""),
        ((20, 10), 2, None, "[red]missed at E=2[/]"),
        ((20, 10), 1, 2, "[green]met[/]"),
    ],
)
def test_a_row_is_missed_met_or_met_with_its_aim(bench, rates, least, aim, verdict):
    timings = {"peer": bench.timed("peer", 10)}
    for i, rate in enumerate(rates, start=1):
        timings[f"ours E={i}"] = bench.timed("ours", rate, column=f"E={i}")
    goals = [bench.faster(f"ours {t.case.column}", "peer", least=least, aim=aim)
             for t in list(timings.values())[1:]]  # fmt: skip
    assert bench.table.verdict(bench.goals.outcomes(goals, timings)) == verdict


def test_a_peer_that_failed_leaves_nothing_to_compare_with(bench, shown):
    timings = {
        "ours E=1": bench.timed("ours", 20, column="E=1"),
        "peer": bench.timed("peer", failure="ModuleNotFoundError: No module named 'vmas'"),
    }
    goal = bench.faster("ours E=1", "peer", least=1000)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert outcome.met is None
    assert "–" in shown(*bench.table.ratios([outcome]))
    assert "No module named 'vmas'" in shown(*bench.table.rates(timings))


def test_what_was_not_to_be_timed_is_not_compared(bench):
    goals = [bench.faster("ours E=1", "peer"), bench.faster("ours E=1", "other")]
    timings = {"ours E=1": bench.timed("ours", 1), "peer": bench.timed("peer", 1)}
    assert bench.goals.comparable(goals, timings) == goals[:1]


@pytest.mark.parametrize(("share", "met"), [(1.0, True), (0.1, False)])
def test_a_part_of_the_work_stands_for_the_whole_by_proportion(bench, share, met):
    timings = {"learner": bench.timed("learner", 1, 1, 1, cpu=4.0)}
    goal = bench.goals.Within(case="learner", cpu_seconds=5, share=share)
    (outcome,) = bench.goals.outcomes([goal], timings)
    assert outcome.median == pytest.approx(4.0 / share)
    assert outcome.met is met
    (line,) = bench.table.lines([outcome])
    assert ("missed" in line) is not met


def test_columns_are_in_the_order_of_their_numbers(bench, shown):
    timings = {
        f"ours E={copies}": bench.timed("ours", 1, column=f"E={copies}") for copies in (4096, 8, 64)
    }
    said = shown(*bench.table.rates(timings))
    assert said.index("E=8 ") < said.index("E=64 ") < said.index("E=4096")


def test_the_reason_for_a_miss_is_said_once_for_all_that_share_it(bench):
    timings = {
        "a E=1": bench.timed("a", 1, column="E=1"),
        "b E=1": bench.timed("b", 1, column="E=1"),
        "peer": bench.timed("peer", 10),
    }
    goals = [bench.faster(f"{name} E=1", "peer", least=1, why="so it is") for name in "ab"]
    (line,) = bench.table.lines(bench.goals.outcomes(goals, timings))
    assert line == "Missed by a at E=1, b at E=1: so it is."
