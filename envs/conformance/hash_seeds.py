"""The same numbers in every process: whole episodes under several values of PYTHONHASHSEED."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from rallypoint.batch_env import Array, BatchEnv
from rallypoint.envs.conformance.recording import play
from rallypoint.envs.conformance.subject import Subject, Target, make_world
from rallypoint.errors import InvalidConfig, NotConformant
from rallypoint.registration import spec
from rallypoint.registry import import_address

_SEEDS = ("0", "1", "2")
# The path comes first, since everything else may be found by it.
_CHILD = (
    "import json, sys; job = json.loads(sys.argv[1]); sys.path[:] = job['path']; "
    "from rallypoint.envs.conformance.hash_seeds import report; print(report(job))"
)


def refuse_unless_importable(subject: Subject) -> None:
    """Look whether a fresh process can make the world.

    Raises:
        InvalidConfig: it cannot.
    """
    _job(subject, steps=0)


def check(subject: Subject) -> None:
    """Play the same episodes here and in fresh processes, side by side.

    Raises:
        NotConformant: names where the first difference is.
    """
    job = _job(subject, subject.steps)
    with ExitStack() as waited_for:
        children = [waited_for.enter_context(_start(job, seed)) for seed in _SEEDS]
        here = json.loads(report(json.loads(job)))
        elsewhere = [_finish(child, seed) for child, seed in zip(children, _SEEDS, strict=True)]
    for seed, there in zip(_SEEDS, elsewhere, strict=True):
        if found := _first_difference(here, there):
            raise NotConformant(f"in another process, with PYTHONHASHSEED={seed}, {found}")


def address(target: Callable[..., BatchEnv]) -> str:
    """Return the "module:attribute" that another process imports the target by.

    Raises:
        InvalidConfig: there is none.
    """
    module, name = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    try:
        found = import_address(f"{module}:{name}")
    except (ImportError, AttributeError):
        found = None
    if module == "__main__" or found is not target:
        raise InvalidConfig(
            f"{name or target!r} cannot be imported by a fresh process, where the seed test runs; "
            "give a class or function at the top level of an importable module, or processes=False"
        )
    return f"{module}:{name}"


def report(job: Mapping[str, Any]) -> str:
    """Play, and fold everything that came back into short digests."""
    env = make_world(import_address(job["address"]), job["copies"], job["settings"])
    if job["id"]:
        env.id = job["id"]  # as make() does, and worlds may key their draws by it
    moments = play(env, 0, job["steps"])
    env.close()
    digests = [
        [moment.when, {name: _digest(array) for name, array in moment.arrays.items()}]
        for moment in moments
    ]
    return json.dumps({"agents": env.agents, "moments": digests})


def _job(subject: Subject, steps: int) -> str:
    target: Target = subject.target
    settings = subject.settings
    if isinstance(target, str):
        registered = spec(target)
        target, settings = registered.load(), {**registered.kwargs, **settings}
    job = {
        "address": address(target),
        "id": subject.target if isinstance(subject.target, str) else "",
        "copies": [0, 4],
        "settings": settings,
        "steps": steps,
        "path": sys.path,
    }
    try:
        return json.dumps(job)
    except TypeError as error:
        raise InvalidConfig(
            f"the settings of {subject.name} cannot be handed to a fresh process, where the seed "
            f"test runs: {error}; give plain values, or processes=False"
        ) from error


def _digest(array: Array) -> str:
    kind = f"{array.dtype} {array.shape} ".encode()
    return hashlib.blake2b(kind + array.tobytes(), digest_size=8).hexdigest()


def _start(job: str, hash_seed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # this very Python, and arguments of our own
        [sys.executable, "-c", _CHILD, job],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(child: subprocess.Popen[str], hash_seed: str) -> Any:
    out, said = child.communicate()
    if child.returncode:
        last = said.strip().rpartition("\n")[2]
        raise NotConformant(
            f"in another process, with PYTHONHASHSEED={hash_seed}, it fails: {last}"
        )
    return json.loads(out.strip().rpartition("\n")[2])  # the world may have printed something, too


def _first_difference(here: Any, there: Any) -> str | None:
    if here["agents"] != there["agents"]:
        return f"the agents are {there['agents']}, and here {here['agents']}"
    for (when, digests), (_, others) in zip(here["moments"], there["moments"], strict=True):
        for name, digest in digests.items():
            if others.get(name) != digest:
                return f"{name} at {when} are not what they are here"
    return None
