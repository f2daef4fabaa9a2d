"""How many threads a command computes in: one, unless somebody says how many."""

import json
import os
import subprocess
import sys

import pytest

from rallypoint.manifest import BLAS_THREADS

TOLD = """
import atexit, json, sys
import numpy as np
from threadpoolctl import threadpool_info
from rallypoint.experiments.cli import main
from rallypoint.manifest import machine
def tell():
    pools = [pool["num_threads"] for pool in threadpool_info()]
    print(json.dumps([pools, machine()["threads"]]), file=sys.stderr)
atexit.register(tell)
main(["list", "envs", "--json"])
"""


def told(**variables):
    """Return the threads of libraries that were loaded before, and what a manifest says of them."""
    environ = {name: value for name, value in os.environ.items() if name not in BLAS_THREADS}
    done = subprocess.run(
        [sys.executable, "-c", TOLD],
        env=environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stderr.splitlines()[-1])


def test_there_is_one_where_nobody_says_how_many():
    pools, said = told()
    assert pools
    assert set(pools) == {1}
    assert said == dict.fromkeys(BLAS_THREADS, "1")


@pytest.mark.parametrize("variable", BLAS_THREADS)
def test_whoever_says_how_many_is_left_alone(variable):
    _, said = told(**{variable: "2"})
    assert said == {variable: "2"}
