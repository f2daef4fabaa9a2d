"""Installs the peers that cannot share our .venv, each by itself, and notes what became of it.

    python benchmarks/install_peers.py [--extra-index-url URL]

VMAS wants the old gym, JaxMARL a gymnasium that is not ours. Of the aggregation libraries, byzfl
and krum want torchvision, which no rule uses, byzpy an old torch and NumPy, and krum says that it
needs a newer Python: they come without what they ask for, onto the one torch.

A peer that cannot be installed is a row of the table with the reason; the benchmark itself needs
no network.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-peers"
CONSTRAINTS = ROOT / "constraints-peers.txt"
_BESIDE_RULES = "numpy scipy torch matplotlib seaborn cloudpickle"
PEERS: Mapping[str, Sequence[str]] = {  # what pip is given, one command after another
    "vmas": ["vmas>=1.5,<2"],
    "jaxmarl": ["jaxmarl>=0.2,<0.3"],
    "byzfl": [_BESIDE_RULES, "--no-deps byzfl==0.0.11"],
    "byzpy": [_BESIDE_RULES, "--no-deps byzpy==0.1.4"],
    "krum": [_BESIDE_RULES, "--no-deps --ignore-requires-python krum==0.9.1"],
    "flwr": ["flwr==1.41.0"],
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Install them and say how it went."""
    parser = argparse.ArgumentParser(description="Install the peers that need their own .venv.")
    parser.add_argument("--extra-index-url", metavar="URL", help="look there for wheels as well")
    url = parser.parse_args(arguments).extra_index_url
    index = ["--extra-index-url", url] if url else []
    failures = install(FOLDER, PEERS, ["--constraint", str(CONSTRAINTS), *index])
    for peer, failure in failures.items():
        print(f"{peer}: {failure or 'installed'}")


def install(
    folder: Path, peers: Mapping[str, Sequence[str]], options: Sequence[str]
) -> dict[str, str | None]:
    """Install each peer into a .venv; return, and note there, why those failed that did."""
    no_folder = _failure([sys.executable, "-m", "venv", str(folder)])
    failures = {
        peer: no_folder or _first_failure([*_pip(folder), *options], wanted)
        for peer, wanted in peers.items()
    }
    folder.mkdir(exist_ok=True)
    _note(folder).write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")
    return failures


def python_of(folder: Path) -> str:
    """Return the Python of a .venv."""
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def why_missing(peer: str, folder: Path, made_by: str = "make peers") -> str:
    """Say what is known about why a peer is not there."""
    try:
        failure = json.loads(_note(folder).read_text(encoding="utf-8"))[peer]
    except (OSError, ValueError, KeyError):
        return f"`{made_by}` would install it"
    return f"installing it failed: {failure}" if failure else "though it was installed"


def _note(folder: Path) -> Path:
    return folder / "installed.json"


def _pip(folder: Path) -> list[str]:
    quietly = ["--quiet", "--disable-pip-version-check"]
    return [python_of(folder), "-m", "pip", "install", *quietly]


def _first_failure(pip: Sequence[str], wanted: Sequence[str]) -> str | None:
    failures = (_failure([*pip, *arguments.split()]) for arguments in wanted)
    return next((failure for failure in failures if failure), None)


def _failure(command: Sequence[str]) -> str | None:
    """Run a command; return what it said of it if it failed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    if errors:
        return errors[0]  # later ones only say where to read about it
    return lines[-1] if lines else f"exit code {done.returncode}"


if __name__ == "__main__":
    main()
