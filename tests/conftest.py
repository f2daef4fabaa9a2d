"""What every test can count on."""

import os

# Before NumPy is imported: sums are then the same bits on every machine, and xdist's processes do
# not fight over the cores.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import gc
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

# No surprises in a run of the tests; `--hypothesis-profile=search` goes looking for them.
settings.register_profile("house", derandomize=True, deadline=None, database=None, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("house")

CLUSTER = "tests/agents/rounds/cluster/"  # its modules share several raylets
IN_MINIATURE = "tests/experiments/test_in_miniature.py"  # shares runs with each one's own tests


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what collecting has made, a million objects, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out tests module by module, so that what a module's tests share is made once.

    Marks of ``xdist_group`` would not do: pytest 9.2 no longer has what xdist 3.8 writes them to.
    """
    from xdist.scheduler import LoadGroupScheduling

    class ByModule(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module, _, test = nodeid.partition("::")
            folder = module.rpartition("/")[0]
            if module == IN_MINIATURE:
                return f"{folder}/{test.partition('[')[2].removesuffix(']')}"
            if folder.startswith("tests/experiments/"):
                return folder
            return CLUSTER if module.startswith(CLUSTER) else module

    return ByModule(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator, the same for every test."""
    return np.random.default_rng(0)
