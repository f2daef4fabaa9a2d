"""A suite in a process of its own; what becomes of one that cannot run."""

import json
import os
import sys

import pytest

from tests.tree import ROOT, python

CASE = "ring N=10 E=1"


@pytest.fixture
def start(bench):
    """Return what starts processes, and end them."""
    started = []

    def begin(suite, **settings):
        started.append(bench.processes.Process(suite, os.environ, quick=True, **settings))
        return started[-1]

    yield begin
    for process in started:
        process.close()


@pytest.fixture
def without_peers(bench, tmp_path):
    """Return a .venv in which no peer could be installed."""
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.symlink_to(sys._base_executable)
    (tmp_path / "installed.json").write_text(json.dumps({"vmas": "ERROR: no network"}))
    return tmp_path


def test_a_suite_is_timed_elsewhere_and_tells_its_versions(bench, start):
    process = start("worlds")
    assert process.ask("open", case=CASE, rounds=None) is None
    sample = bench.timing.Sample(*process.ask("sample", case=CASE, seconds=0.0))
    assert sample.agent_steps == 65 * 10
    assert process.ask("versions").keys() == {"python", "rallypoint", "numpy"}


def test_what_cannot_be_done_is_an_answer_and_the_process_goes_on(bench, start):
    process = start("worlds")
    with pytest.raises(bench.timing.Failed, match="KeyError: 'no such case'"):
        process.ask("open", case="no such case", rounds=None)
    assert process.ask("versions")["numpy"]


def test_a_peer_without_its_venv_says_how_to_get_it(bench, start, tmp_path):
    with pytest.raises(bench.timing.Failed, match="make peers"):
        start("vmas_spread", folder=tmp_path)


def test_a_peer_that_was_not_installed_says_why(bench, start, without_peers):
    process = start("vmas_spread", folder=without_peers)
    with pytest.raises(bench.timing.Failed, match=r"No module named .*: ERROR: no network"):
        process.ask("open", case="VMAS N=3 E=1", rounds=None)


def test_a_process_that_ended_is_a_reason(bench, start):
    process = start("worlds")
    process._process.kill()
    with pytest.raises(bench.timing.Failed, match="its process ended"):
        process.ask("versions")


def test_threads_are_one_from_the_start(bench):
    assert set(bench.processes.THREADS) <= bench.processes.ENVIRON.keys()
    assert {bench.processes.ENVIRON[name] for name in bench.processes.THREADS} == {"1"}


def test_what_libraries_print_does_not_mix_with_answers():
    code = (
        "import os, worker; answers = worker._kept_for_answers(); print('noise', flush=True); "
        "os.write(1, b'noise'); print('answer', file=answers, flush=True)"
    )
    assert python("-c", code, PYTHONPATH=str(ROOT / "benchmarks")) == "answer\n"


def test_what_could_not_be_installed_is_noted_and_the_rest_goes_on(bench, monkeypatch, tmp_path):
    commands = []

    def failure(command):
        commands.append(command)
        return "ERROR: no such version" if command[-1] == "vmas>=9" else None

    monkeypatch.setattr(bench.install_peers, "_failure", failure)
    peers = {"vmas": ["vmas>=9"], "jaxmarl": ["numpy", "--no-deps jaxmarl"]}
    failures = bench.install_peers.install(tmp_path / "peers", peers, ["--constraint", "c.txt"])
    assert failures == {"vmas": "ERROR: no such version", "jaxmarl": None}
    assert [command[-1] for command in commands[1:]] == ["vmas>=9", "numpy", "jaxmarl"]
    assert commands[-1][-2] == "--no-deps"
    why = bench.install_peers.why_missing
    assert why("vmas", tmp_path / "peers") == "installing it failed: ERROR: no such version"
    assert "make peers" in why("vmas", tmp_path)


def test_a_command_that_fails_is_known_by_its_first_error(bench):
    said = "print('working'); print('ERROR: no'); print('ERROR: see …'); raise SystemExit(1)"
    assert bench.install_peers._failure([sys.executable, "-c", said]) == "ERROR: no"
    assert bench.install_peers._failure([sys.executable, "-c", ""]) is None
    assert "No such file" in bench.install_peers._failure(["no-such-python"])


def test_peers_learn_on_the_torch_that_we_learn_on():
    pins = [
        {line for line in (ROOT / name).read_text().splitlines() if line.startswith("torch==")}
        for name in ("constraints.txt", "constraints-peers.txt")
    ]
    assert pins[0] == pins[1] != set()
