"""A Ray that is not there, is something else or cannot start is told in a line, and soon."""

import os
import socket
import subprocess
import sys
import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from rallypoint.agents.rounds.cluster import reaching

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own
OURS = "from rallypoint.experiments.cli import main; main()"
SMALL = ("--seeds", "2", "--rounds", "2", "--episodes", "2", "--evaluated", "1")
WITH_ANOTHER_VERSION = f"import ray; ray.__version__ = '2.0.0'; {OURS}"


def refusal(address, folder, *, program=OURS, **environ):
    """Train on a Ray, which must be refused; return the line that says why."""
    words = "train", "--env", "cartpole-v1", "--agent", "a2c", "--ray", address, "--out", folder
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert not Path(folder).exists()
    *before, line = done.stderr.splitlines()
    assert line.startswith("Error: no Ray could be ")
    assert not any("Traceback" in other for other in before)
    return line


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (
            ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "9"),
            ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "9"),
        ),
        (
            ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", "9"),
            ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", "9"),
        ),
        (
            ("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "9"),
            ("train", "--resume"),
        ),
        (("run", "toy_game", *SMALL), ("run", "toy_game", *SMALL)),
    ],
    ids=["contributors", "teams", "resume", "run"],
)
def test_what_stands_in_a_folder_stays_where_no_ray_answers(first, again, tmp_path):
    folder = tmp_path / "run"
    program = "from rallypoint.experiments.cli import main; import sys; main(sys.argv[1:])"

    def done(*words):
        return subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
        )

    assert done(*first, "--out", folder).returncode == 0
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    into = (folder,) if again[-1] == "--resume" else ("--out", folder)
    refused = done(*again, *into, "--ray", "127.0.0.1:1")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert ":1 does not answer" in refused.stderr
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_bouts_that_nobody_could_fight_are_refused_before_there_is_a_folder(tmp_path):
    words = ("run", "coevolution", "--bouts-on", "127.0.0.1:1", "--out", tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-m", "rallypoint", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert ":1 does not answer" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "environ",
    [
        {"RAY_gcs_server_port_wait_time_s": "0"},  # a head that is waited for no moment
        {"RAY_TMPDIR": __file__},  # no folder
        pytest.param(  # a raylet that nobody reaches, for which Ray waits half a minute
            {"RAY_raylet_client_num_connect_attempts": "0"}, marks=pytest.mark.soak
        ),
    ],
    ids="".join,
)
def test_a_ray_that_cannot_start_here(environ, tmp_path):
    line = refusal("local", tmp_path / "run", **environ)
    assert "no Ray could be started here: " in line
    assert "RAY_TMPDIR=DIR" in line
    assert "Without --ray" in line


def test_a_cluster_of_another_version(nodes, tmp_path):
    line = refusal(nodes.address, tmp_path / "run", program=WITH_ANOTHER_VERSION)
    assert "Version mismatch" in line
    assert "Ray: 2.0.0" in line
    assert "of the version that is installed here" in line


def test_what_auto_means_is_asked_whether_it_lives(tmp_path):
    """Ray itself would try for ten minutes."""
    began = time.monotonic()
    line = refusal("auto", tmp_path / "run", RAY_ADDRESS="127.0.0.1:1")
    assert ":1 does not answer: " in line
    assert time.monotonic() - began < 60


def test_a_ray_that_lives_is_reached(nodes):
    reaching.reach(nodes.address)
    reaching.reach_itself()


def test_who_listens_and_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(reaching, "SECONDS", 0.2)
    with (
        socket.create_server(("0.0.0.0", 0)) as server,  # noqa: S104 - Ray asks by the host's address
        pytest.raises(OSError, match="does not answer: timed out"),
    ):
        reaching.reach(f"127.0.0.1:{server.getsockname()[1]}")


def test_who_speaks_something_else_is_no_ray():
    server = HTTPServer(("0.0.0.0", 0), SimpleHTTPRequestHandler)  # noqa: S104 - as above
    server.RequestHandlerClass.log_message = lambda *_: None
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with server, pytest.raises(OSError, match="is no Ray"):
        reaching.reach(f"127.0.0.1:{server.server_address[1]}")
    thread.join()


@pytest.mark.parametrize("address", ["", "garbage", "[", "127.0.0.1:", ":::", "ray.io/x:80"])
def test_what_is_no_address(address):
    with pytest.raises((OSError, ValueError)):
        reaching.reach(address)
