"""What tests of experiments share: a toy experiment to run."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from rallypoint.experiments import cli, experiments
from tests.experiments.in_miniature import findings_of
from tests.experiments.toy_experiment import experiment

ENTRY_POINTS = """
[rallypoint.experiments]
toy = toy_experiment:experiment
broken = toy_experiment_without_its_library:experiment
"""


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def rallypoint(capsys, monkeypatch, tmp_path):
    """Return the command line, run in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(experiments, "_parts", {**experiments, "toy": experiment})

    def run(*words: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(word) for word in words])
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def findings(request):
    """Return all that an experiment finds in miniature, in the tests of its own folder."""
    return findings_of(request.path.parent.name)


@pytest.fixture
def site(tmp_path) -> Path:
    """Return a folder for PYTHONPATH in which the toy experiment is an installed package."""
    folder = tmp_path / "site"
    about = folder / "toy_experiment-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("toy_experiment.py"), folder)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-experiment\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


@pytest.fixture
def read():
    """Return a reader of JSON that takes no NaN and no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return lambda path: json.loads(Path(path).read_text(), parse_constant=refuse)
