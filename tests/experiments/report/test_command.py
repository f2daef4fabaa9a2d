"""``rallypoint report DIR…``, as it is typed."""

import contextlib
import os
from pathlib import Path

import pytest

from rallypoint.run_folder import RunFolder
from tests.experiments.report.reading import Page
from tests.experiments.report.toy_runs import edit, write_run


@pytest.fixture
def report(rallypoint):
    """Return ``rallypoint report``, run in this process and in an empty folder."""
    return lambda *words: rallypoint("report", *words)


def test_one_run_gets_its_page_beside_its_results(report, run):
    done = report(run)
    assert done.status == 0
    assert done.out.startswith(f"{run / 'report.html'}: 1 of 3 claims hold")
    assert "T1/clear" in Page((run / "report.html").read_text()).text


def test_the_page_asks_what_the_experiment_asks(report, run):
    report(run)
    assert "Does a biased coin show heads?" in Page((run / "report.html").read_text()).text


def test_several_runs_get_one_page_here(report, run):
    done = report(run, write_run(Path("run-b")))
    assert done.status == 0
    assert done.out.startswith("report.html: 2 runs, ")
    assert "2 runs" in Page(Path("report.html").read_text()).text


def test_of_runs_that_make_no_claims_it_is_not_said_that_none_was_finished(report):
    for name, error in (("whole", None), ("stopped", KeyboardInterrupt)):
        with (
            contextlib.suppress(KeyboardInterrupt),
            RunFolder(Path(name), experiment="toy", config={}, seeds=[0]),
        ):
            if error is not None:
                raise error
    assert ": no claims are made; " in report("whole").out
    assert ": no claim was finished; " in report("stopped").out
    assert ": 2 runs, no claim was finished; " in report("whole", "stopped").out
    edit(Path("stopped") / "manifest.json", experiment="train")
    edit(Path("stopped") / "summary.json", experiment="train")
    assert ": no claims are made; " in report("stopped").out


def test_a_run_named_twice_is_shown_once(report, run):
    assert report(run, run / ".", "--out", "new/page.html").status == 0
    assert "run-2" not in Path("new/page.html").read_text()


def test_a_page_is_made_anew_over_the_last_one(report, run):
    assert report(run).status == report(run).status == 0


def test_a_run_can_be_repeated_over_a_folder_that_has_its_page(report, run):
    report(run)
    write_run(run)
    assert not (run / "report.html").exists()  # which would show old claims


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument"),
        (["nowhere"], "does not exist"),
        (["file"], "is a file"),
        (["empty"], "holds no run (no manifest.json)"),
        (["."], "holds no run; give its folders: run-a"),
        (["run-a", "--out", "empty"], "is a folder; give a file: --out empty/report.html"),
        (["run-a", "--out", "run-a/summary.json"], "is no report; give another file"),
        (["run-a", "--out", "file/page.html"], "cannot write file/"),
        (["run-a", "--out", "pipe"], "is no plain file"),
        (["run-a", "--out", "x" * 300], "File name too long"),
        (["run-a", "--loud"], "No such option"),
    ],
)
def test_what_cannot_be_meant_exits_2_with_one_line(words, message, report, run):
    Path("file").write_text("somebody's")
    Path("empty").mkdir()
    os.mkfifo("pipe")
    results = (run / "summary.json").read_bytes()
    done = report(*words)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert (run / "summary.json").read_bytes() == results
    assert Path("file").read_text() == "somebody's"
    assert not list(Path().rglob("*.html"))


@pytest.mark.parametrize(
    "name", ["manifest.json", "summary.json", "receipts.json", "metrics.jsonl"]
)
def test_a_corrupt_run_exits_1_with_one_line_and_leaves_the_last_page(name, report, run):
    report(run)
    page = (run / "report.html").read_bytes()
    (run / name).write_text('{"format": 1,\n')
    done = report(run)
    assert done.status == 1
    assert done.err.startswith("Error: ")
    assert name in done.err
    assert done.err.count("\n") == 1
    assert (run / "report.html").read_bytes() == page


def test_one_corrupt_run_among_several_is_named_and_nothing_is_written(report, run):
    broken = write_run(Path("run-b"))
    (broken / "summary.json").write_text("{")
    done = report(run, broken)
    assert done.status == 1
    assert "run-b/summary.json" in done.err
    assert not Path("report.html").exists()


def test_a_disk_that_fills_up_leaves_no_part_of_a_page(report, run, monkeypatch):
    def full(partial, target):
        raise OSError(28, "No space left on device")

    report(run)
    before = {path: path.read_bytes() for path in run.iterdir()}
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda path, to: (full if to.suffix == ".html" else replace)(path, to)
    )
    done = report(run)
    assert done.status == 1
    assert "No space left on device" in done.err
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_a_page_is_hardly_larger_than_what_it_shows(report, run):
    report(run)
    assert (run / "report.html").stat().st_size < 60_000


def test_a_folder_whose_name_is_no_text_has_a_page(report):
    folder = write_run(Path(os.fsdecode(b"run-\xff")))
    assert report(folder).status == 0
    assert "T1/clear" in Page((folder / "report.html").read_text(encoding="utf-8")).text


def test_hostile_words_reach_the_terminal_on_one_line(report, run):
    edit(run / "summary.json", experiment="a\nb\x1b[31m")
    done = report(run)
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err


def test_the_folder_of_the_report_is_no_experiment(rallypoint):
    assert "report" not in rallypoint("list", "experiments").out
