"""What the machine does not give is told in a line, and what is closed is not missed."""

import errno
import subprocess
import sys

import numpy as np
import pytest

from rallypoint.experiments.machine import what_it_refused


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.parametrize(
    "words", ["list agents", "train --env two-state-v0 --agent gpomdp --out o"]
)
def test_whoever_closes_what_we_say_gets_what_we_do(words, closed, tmp_path):
    script = f'exec "$0" -m rallypoint {words} {"--steps 40" * words.startswith("train")} {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert words.startswith("list") or (tmp_path / "o/policy.safetensors").is_file()


def test_too_little_memory_is_told_in_a_line(rallypoint, monkeypatch):
    def allocate(*_):
        np.empty(10**18)  # networks of such a size are refused before they are made

    monkeypatch.setattr("rallypoint.agents.train.check", allocate)
    done = rallypoint("train", "--env", "two-state-v0", "--agent", "gpomdp", "--out", "run")
    assert done.status == 1
    assert "there is too little memory: Unable to allocate" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--out", "--record"])
def test_names_that_are_too_long_are_told_in_a_line(option, rallypoint, tmp_path):
    words = {
        "--out": ["train", "--env", "two-state-v0", "--agent", "gpomdp", "--steps", "20"],
        "--record": ["evaluate", str(tmp_path / "run"), "--episodes", "1"],
    }
    rallypoint(*words["--out"], "--out", str(tmp_path / "run"))
    done = rallypoint(*words[option], option, "a" * 5000)
    assert done.status in (1, 2)
    assert "File name too long" in done.err
    assert len(done.err.splitlines()) == 1


def test_what_fits_into_no_number_is_told_in_a_line_and_other_errors_of_values_are_ours():
    told = what_it_refused(OverflowError("Python int too large to convert to C long"))
    assert told.startswith("a number is too large: Python int too large")
    with pytest.raises(ValueError, match=r"Maximum allowed|too big") as beyond:
        np.zeros((10**12, 10**12))
    assert "there is too little memory: " in what_it_refused(beyond.value)
    ours = ValueError("operands could not be broadcast")
    with pytest.raises(ValueError, match="broadcast"):
        what_it_refused(ours)


def test_errors_of_ours_stay_what_they_are():
    ours = FileNotFoundError(errno.ENOENT, "No such file", "manifest.json")
    with pytest.raises(FileNotFoundError):
        what_it_refused(ours)
    full = OSError(errno.EDQUOT, "Disk quota exceeded", "a/b")
    assert what_it_refused(full) == "the machine allows no more: Disk quota exceeded: a/b"
