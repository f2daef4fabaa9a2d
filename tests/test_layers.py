"""Imports point downward: experiments -> agents -> {envs, safety} -> kernel."""

import ast
from collections.abc import Iterator

import pytest

from tests.tree import FOLDERS, ROOT, python_files

BELOW = {
    "experiments": {"experiments", "agents", "envs", "safety", "kernel"},
    "agents": {"agents", "envs", "safety", "kernel"},
    "envs": {"envs", "kernel"},
    "safety": {"safety", "kernel"},
    "kernel": {"kernel"},
}
UPWARD = {  # the only references from below; those in functions run when called
    "src/rallypoint/__main__.py": "rallypoint.experiments.cli.",
    "src/rallypoint/registration.py": "rallypoint.envs.views.",  # for PettingZoo's registry
}
_TORCH = ("agents/", "envs/views/sb3.py", "safety/aggregation/kernels_torch.py")
HEAVY = {  # slow to import, so named file by file
    "torch": _TORCH,
    "stable_baselines3": _TORCH,  # imports torch
    "numba": (
        "src/rallypoint/acceleration.py",
        "safety/aggregation/compiled_products.py",
        "safety/aggregation/compiled_routines.py",
    ),
    "ray": ("agents/rounds/cluster/", "envs/views/rllib.py"),
}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted name of everything imported, lazily or not."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from ("." * level + f"{module or ''}.{name.name}" for name in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def violations(path: str, source: str) -> Iterator[str]:
    """Yield a sentence for each import that this file may not have."""
    top, *_ = path.split("/")
    layer = "kernel" if top == "src" else top
    for name in imported(ast.parse(source)):
        first, _, rest = name.partition(".")
        target, *_ = rest.split(".")
        if not first:
            yield f"{path}: {name} is relative; say rallypoint.…"
        elif first in FOLDERS:
            yield f"{path}: {name} would load a second copy; say rallypoint.{name}"
        elif layer not in BELOW:
            continue  # tests and benchmarks stand outside and see everything
        elif first in HEAVY and not path.startswith(HEAVY[first]):
            yield f"{path}: {first} is imported only in {', '.join(HEAVY[first])}"
        elif first != "rallypoint" or target not in FOLDERS or target in BELOW[layer]:
            continue
        elif not f"{name}.".startswith(UPWARD.get(path, "nothing")):
            yield f"{path}: {layer} may not import {name}"


def test_imports_point_downward():
    found = [
        violation
        for path in python_files()
        for violation in violations(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("envs/a.py", "from rallypoint import safety"),
        ("envs/a.py", "def f():\n    import rallypoint.agents.tabular"),
        ("safety/a.py", "from rallypoint.envs.batch import autoreset"),
        ("safety/aggregation/a.py", "import torch"),
        ("agents/a.py", "from rallypoint.experiments import cli"),
        ("agents/a.py", "import ray"),
        ("experiments/a.py", "from stable_baselines3 import PPO"),
        ("experiments/a.py", "import importlib\nimportlib.import_module('torch.nn')"),
        ("experiments/a.py", "from envs import gathering"),
        ("experiments/a.py", "from . import cli"),
        ("src/rallypoint/a.py", "from rallypoint.envs.views.parallel import ParallelView"),
        ("src/rallypoint/registration.py", "import rallypoint.envs.gathering"),
        ("tests/test_a.py", "import safety"),
    ],
)
def test_a_planted_violation_is_found(path, source):
    assert len(list(violations(path, source))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("agents/sb3.py", "import torch\nfrom rallypoint.safety import threats"),
        ("agents/rounds/cluster/crew.py", "import ray"),
        ("envs/a.py", "from rallypoint.errors import NotReset\nfrom rallypoint import draws"),
        ("src/rallypoint/__main__.py", "from rallypoint.experiments.cli import main"),
        ("tests/test_a.py", "import ray\nfrom rallypoint.envs import batch"),
    ],
)
def test_an_allowed_import_is_no_violation(path, source):
    assert not list(violations(path, source))
