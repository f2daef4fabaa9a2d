"""What every test can count on."""

import os

# Before NumPy is imported: sums are then the same bits on every machine, and xdist's processes do
# not fight over the cores.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import numpy as np
import pytest
from hypothesis import settings

# No surprises in a run of the tests; `--hypothesis-profile=search` goes looking for them.
settings.register_profile("house", derandomize=True, deadline=None, database=None, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("house")


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator, the same for every test."""
    return np.random.default_rng(0)
