"""A run to report."""

import shutil

import pytest

from rallypoint.experiments import experiments
from tests.experiments.report.toy_runs import write_run


@pytest.fixture(scope="session", autouse=True)
def _experiments_are_found():
    """Find all experiments before a test puts its own among them, and takes them away again."""
    return list(experiments)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Return the folder of a finished run, to be looked at and left alone."""
    return write_run(tmp_path_factory.mktemp("runs") / "run-a")


@pytest.fixture
def run(finished_run, tmp_path):
    """Return a finished run of one's own."""
    return shutil.copytree(finished_run, tmp_path / "run-a")
