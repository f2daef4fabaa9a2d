"""The command line as a process: speed, signals, pipes, machines."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rallypoint.registration import EnvSpec, envs
from rallypoint.summary import read_summary
from tests.tree import ROOT

LOADED = """
import atexit, sys
heavy = {"torch", "ray", "scipy", "matplotlib", "rich", "stable_baselines3"}
atexit.register(lambda: print("LOADED", *sorted(heavy & set(sys.modules)), file=sys.stderr))
from rallypoint.experiments.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def heeded():
    """Let processes heed signals that these tests were started to ignore, as nohup and & ask."""
    ignored = [
        each for each in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(each) == signal.SIG_IGN
    ]
    for each in ignored:
        signal.signal(each, signal.SIG_DFL)
    yield
    for each in ignored:
        signal.signal(each, signal.SIG_IGN)


def start(*words, folder, site, stdout=subprocess.PIPE, **environ):
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path} | environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("words", "loads"),
    [
        (["--help"], []),
        (["--version"], []),
        (["list"], []),
        (["run", "toy", "--help"], []),
        (["run", "toy", "--throws", "many"], []),
        (["run", "toy", "--quick", "--out", "out"], ["rich", "scipy"]),
    ],
    ids=["help", "version", "list", "help of a run", "usage error", "run"],
)
def test_a_command_loads_only_what_it_needs(words, loads, site, tmp_path):
    _, _, err = finish(start("-c", LOADED, *words, folder=tmp_path, site=site))
    assert err.splitlines()[-1].split()[1:] == loads


STALLED = ["-m", "rallypoint", "run", "toy", "--stall", "50", "--out", "out"]


def wait_for_claims(count, process, summary):
    until = time.monotonic() + 30
    while not (summary.exists() and len(read_summary(summary).claims) == count):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)


@pytest.mark.parametrize("asked", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_run_that_is_stopped_keeps_what_is_finished_and_says_where(asked, site, tmp_path):
    process = start(*STALLED, folder=tmp_path, site=site)
    summary = tmp_path / "out/summary.json"
    wait_for_claims(2, process, summary)
    process.send_signal(getattr(signal, asked))
    status, out, err = finish(process)
    assert status == 1
    assert err.splitlines()[-1] == "Error: interrupted; what is finished is in out/"
    assert "Traceback" not in err
    assert "T1/heads" in out
    assert [claim.id for claim in read_summary(summary).claims] == ["T1/heads", "T1/tails"]
    assert json.loads((tmp_path / "out/manifest.json").read_text())["status"] == "interrupted"
    assert not list((tmp_path / "out").glob(".*"))


def test_a_second_run_leaves_the_folder_of_one_that_goes_on_alone_and_takes_a_dead_ones(
    site, tmp_path
):
    first = start(*STALLED, folder=tmp_path, site=site)
    wait_for_claims(2, first, tmp_path / "out/summary.json")
    words = ["-m", "rallypoint", "run", "toy", "--seed", "50", "--out", "out"]
    status, out, err = finish(start(*words, folder=tmp_path, site=site))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"out is in use by a run that goes on (process {first.pid} on " in err
    assert err.endswith("give another place with --out\n")
    assert read_summary(tmp_path / "out").seeds == (0, 1, 2, 3, 4)
    first.kill()
    finish(first)
    assert finish(start(*words, folder=tmp_path, site=site))[0] == 0
    assert read_summary(tmp_path / "out").seeds == (50, 51, 52, 53, 54)
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    "words", [["list"], ["--help"], ["run", "toy", "--quick", "--out", "out"]], ids=" ".join
)
def test_a_reader_that_goes_away_gets_no_traceback(words, site, tmp_path):
    readable, writable = os.pipe()
    os.close(readable)
    process = start("-m", "rallypoint", *words, folder=tmp_path, site=site, stdout=writable)
    os.close(writable)
    status, _, err = finish(process)
    assert status == (0 if words[0] == "run" else 1)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["list"], 1, "Error: cannot write to standard output: No space left on device"),
        (["--help"], 1, "Error: cannot write to standard output: No space left on device"),
        (["run", "toy", "--quick", "--out", "out"], 0, "cannot show results: No space left on"),
    ],
    ids=["list", "help", "run"],
)
def test_a_full_standard_output_is_said_in_a_line_and_undoes_no_run(
    words, status, says, site, tmp_path
):
    with Path("/dev/full").open("w") as full:
        process = start("-m", "rallypoint", *words, folder=tmp_path, site=site, stdout=full)
        ended, _, err = finish(process)
    assert ended == status
    assert err.splitlines()[-1].startswith(says)
    assert "Traceback" not in err


def test_a_run_that_nohup_started_outlives_its_terminal(site, tmp_path):
    script = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{LOADED}"
    words = ["-c", script, "run", "toy", "--stall", "1", "--out", "out"]
    process = start(*words, folder=tmp_path, site=site)
    wait_for_claims(2, process, tmp_path / "out/summary.json")
    process.send_signal(signal.SIGHUP)
    assert finish(process)[0] == 0


def test_an_installed_package_brings_its_experiment_and_a_broken_one_its_reason(site, tmp_path):
    words = ["-m", "rallypoint", "list", "experiments", "--json"]
    status, out, _ = finish(start(*words, folder=tmp_path, site=site))
    entries = {entry["name"]: entry for entry in json.loads(out)["experiments"]}
    assert status == 0
    assert entries["toy"] == {
        "name": "toy",
        "about": "Does a biased coin show heads?",
        "available": True,
    }
    assert "toy_experiment_without_its_library" in entries["broken"]["reason"]


def test_an_experiment_runs_as_a_module_of_its_own(site, tmp_path):
    script = "from rallypoint.experiments.cli import run_alone; run_alone('toy')"
    words = ["-c", script, "--quick", "--out", "out"]
    status, out, _ = finish(start(*words, folder=tmp_path, site=site))
    assert (status, "T1/heads" in out) == (0, True)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["command"][-3:] == ["--quick", "--out", "out"]


def test_the_shell_completes_experiments_and_their_flags(site, tmp_path):
    def completed(line):
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        asked["_RALLYPOINT_COMPLETE"] = "bash_complete"
        _, out, _ = finish(start("-m", "rallypoint", folder=tmp_path, site=site, **asked))
        return [answer.partition(",")[2] for answer in out.splitlines()]

    assert completed("rallypoint run toy") == ["toy", "toy_game"]
    assert completed("rallypoint run toy --thr") == ["--throws"]
    assert completed("rallypoint list exp") == ["experiments"]


def test_the_version_is_said(rallypoint):
    done = rallypoint("--version")
    assert (done.status, bool(re.fullmatch(r"rallypoint, version [\d.]+\n", done.out))) == (0, True)


def test_without_a_command_there_is_help(rallypoint):
    assert rallypoint() == rallypoint("--help")
    assert rallypoint().status == 0


def test_every_kind_is_listed_for_people_and_for_machines(rallypoint):
    listed = json.loads(rallypoint("list", "--json").out)
    text = rallypoint("list").out
    assert {"envs", "experiments"} <= set(listed)
    for kind, entries in listed.items():
        assert json.loads(rallypoint("list", kind, "--json").out) == {kind: entries}
        for entry in entries:
            assert {"name", "about", "available"} <= set(entry)
            assert ("site" in entry) == (kind == "threats" and entry["available"])
            assert entry["name"] in text


def test_a_part_that_breaks_on_import_is_listed_with_the_reason_and_hides_no_other(
    rallypoint, monkeypatch, tmp_path
):
    (tmp_path / "half_written.py").write_text("class World(Missing): ...")
    monkeypatch.syspath_prepend(tmp_path)
    spec = EnvSpec(id="half-written-v0", entry_point="half_written:World")
    monkeypatch.setitem(envs._parts, "half-written-v0", spec)
    listed = json.loads(rallypoint("list", "envs", "--json").out)["envs"]
    reason_by_name = {entry["name"]: entry.get("reason") for entry in listed}
    assert reason_by_name["half-written-v0"] == "NameError: name 'Missing' is not defined"
    assert "gathering-v0" in reason_by_name


def test_a_terminal_without_unicode_shows_the_table(site, tmp_path):
    words = ["-m", "rallypoint", "run", "toy", "--quick", "--out", "out"]
    environ = {"PYTHONIOENCODING": "ascii"}
    status, out, _ = finish(start(*words, folder=tmp_path, site=site, **environ))
    assert (status, out.isascii(), "T1/heads" in out) == (0, True, True)


def test_results_outlive_a_closed_standard_error(site, tmp_path):
    script = f"import os; os.close(2)\n{LOADED}"
    words = ["-c", script, "run", "toy", "--quick", "--out", "out"]
    finish(start(*words, folder=tmp_path, site=site))
    assert len(read_summary(Path(tmp_path / "out")).claims) == 3


@pytest.mark.parametrize("number", ["nan", "inf", "-1"])
@pytest.mark.parametrize(
    "command",
    [
        ("verify", ".", "--seconds"),
        ("verify", ".", "--tolerance"),
        ("show", "gathering-v0", "--fps"),
    ],
    ids=" ".join,
)
def test_a_number_that_is_none_is_refused(rallypoint, monkeypatch, command, number):
    monkeypatch.chdir(ROOT)
    told = rallypoint(*command, number)
    assert told.status == 2
    assert f"Invalid value for '{command[-1]}'" in told.err
