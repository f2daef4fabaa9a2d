"""The script; speed is for `make bench` to say."""

import json
import subprocess
import sys

import pytest

from tests.tree import ROOT, python

SCRIPT = str(ROOT / "benchmarks/environments.py")
ONE_CASE = ("--quick", "--only", "ring N=10 E=1")


def test_the_script_times_one_thread_and_writes_every_sample(tmp_path):
    out = tmp_path / "new" / "bench.json"
    said = python(SCRIPT, *ONE_CASE, "--json", str(out), OMP_NUM_THREADS="4")
    assert "OMP_NUM_THREADS" in said
    assert "ring N=10" in said
    written = json.loads(out.read_text())
    (case,) = written["cases"]
    assert len(case["samples"]) == 2
    assert {"seconds", "cpu_seconds"} < case["samples"][0].keys()
    assert written["machine"]["threads"]["OMP_NUM_THREADS"] == "1"
    assert written["versions_by_suite"]["worlds"]["numpy"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "gradient", "--only", "nothing"], "no case is like 'nothing'"),
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
