"""Timing, on cases that take no time."""

from types import SimpleNamespace

import pytest


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
    made_up |= {"missing": missing, "breaking": breaking}
    cases = [bench.case(name, prepare) for name, prepare in made_up.items()]
    visited = []
    timings = bench.timing.measure(cases, rounds=3, seconds=0.001, say=visited.append)
    return SimpleNamespace(timings=timings, visited=visited)


def test_every_round_visits_every_case(measured):
    rounds = [line for line in measured.visited if line.startswith("round")]
    assert rounds == [f"round {i} of 3: {case}" for i in (1, 2, 3) for case in ("slow", "fast")]
    assert [len(measured.timings[case].samples) for case in ("slow", "fast")] == [3, 3]


def test_work_is_repeated_for_as_long_as_was_asked(measured):
    for sample in measured.timings["slow"].samples:
        assert sample.seconds >= 0.001
        assert sample.agent_steps == 10 * sample.pieces


def test_a_case_that_cannot_be_timed_is_a_row_that_says_why(bench, measured, shown):
    said = shown(*bench.table.rates(measured.timings))
    assert "ImportError: No module named 'mpe9'" in said
    assert "ValueError: [odd] shape" in said


def test_an_interruption_keeps_what_was_measured(bench):
    def interrupting():
        calls = iter(range(2))  # to warm up, and one round

        def work():
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return 1

        return work

    case = bench.case("a", interrupting)
    timings = bench.timing.measure([case], rounds=3, seconds=0.0, say=lambda line: None)
    assert len(timings["a"].samples) == 1


def test_a_long_case_has_fewer_rounds_and_no_warming_up(bench):
    calls = []
    case = bench.case("a", lambda: lambda: calls.append(1) or 1, rounds=2)
    bench.timing.measure([case], rounds=5, seconds=0.0, say=lambda line: None)
    assert len(calls) == 2


def test_a_case_may_ask_for_longer_rounds(bench):
    asked = []
    case = bench.case("a", seconds=0.5)

    def opened(case):
        return lambda seconds: asked.append(seconds) or bench.timing.Sample(1, 1.0, 1.0, 1)

    bench.timing.measure([case], rounds=1, seconds=0.0, say=lambda line: None, open_case=opened)
    assert asked == [0.5]
