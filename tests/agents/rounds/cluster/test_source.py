"""A cluster that has the libraries, and not our source."""

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ENVIRONMENT = os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
TRAINED = (
    "train",
    "--env",
    "cartpole-v1",
    "--agent",
    "gpomdp",
    "--workers",
    "3",
    "--steps",
    "2000",
)


def answers(port):
    with socket.socket() as one:
        return not one.connect_ex(("127.0.0.1", port))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Start a head whose Python finds all libraries of this one, and no rallypoint."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    (there,) = folder.glob("lib/python*/site-packages")
    # As a mere path: what an editable install says there of where its source is, is not read.
    (there / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "bin" / "python"
    has = subprocess.run(
        [python, "-c", "import rallypoint"], capture_output=True, check=False, cwd=folder
    )
    if not has.returncode:
        pytest.skip("rallypoint is installed among the libraries")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = "import sys; from ray.scripts.scripts import main; sys.argv[0] = 'ray'; main()"
    options = ["--num-cpus=2", "--include-dashboard=false", "--object-store-memory=100000000"]
    head = subprocess.Popen(
        [python, "-c", start, "start", "--head", f"--port={port}", "--block", *options],
        env=ENVIRONMENT,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert head.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        try:
            head.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(head.pid, signal.SIGKILL)
            head.wait()


def rallypoint(*words):
    return subprocess.run(
        [sys.executable, "-m", "rallypoint", *map(str, words)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_source_travels_to_where_there_is_none_and_the_bits_are_the_same(address, tmp_path):
    on_it = ("--ray", address, "--ray-set", "actors=2")
    protocols = {"waits": (), "asks": ("--protocol", "kardam")}
    for name, words in protocols.items():
        for where, more in (("here", ()), ("there", on_it)):
            out = tmp_path / f"{name}-{where}"
            done = rallypoint(*TRAINED, *words, *more, "--out", out)
            assert done.returncode == 0, done.stderr
        policies = [
            Path(tmp_path / f"{name}-{where}" / "policy.safetensors").read_bytes()
            for where in ("here", "there")
        ]
        assert policies[0] == policies[1]


def test_source_that_is_said_to_be_there_and_is_not_is_refused_in_a_line(address, tmp_path):
    words = ("--ray", address, "--ray-set", "actors=1", "--ray-set", "source=installed")
    done = rallypoint(*TRAINED, *words, "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "no actor can start" in done.stderr
    assert "Traceback" not in done.stderr
