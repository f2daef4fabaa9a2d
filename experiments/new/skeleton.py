"""What a new package holds: a part that works, its tests, and how rallypoint finds it."""

import importlib.util
import keyword
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rallypoint.errors import DuplicateName, InvalidConfig
from rallypoint.experiments.listing import registries

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of part that can be begun."""

    module: str  # the file it stands in
    summary: str  # of the part in the skeleton
    suite: str  # what tells whether it keeps the contract
    use: str  # a command that uses it
    of: str = ""  # the kind that it is registered as, where that is another word


KINDS: Mapping[str, Kind] = {
    "env": Kind(
        module="world",
        summary="a world of agents on a line.",
        suite="assert_is_env",
        use="rallypoint train --env {name} --agent q_learning --steps 20000",
    ),
    "threat": Kind(
        module="threat",
        summary="agents that fall asleep.",
        suite="assert_is_threat",
        use="rallypoint threats check {package}.toml --env gathering-v0",
    ),
    "update-threat": Kind(
        module="threat",
        summary="contributors that pull the other way.",
        suite="assert_is_threat",
        use="rallypoint train --env cartpole-v1 --agent gpomdp --workers 7 --byzantine 2 "
        "--aggregator median --threats {package}.toml --steps 20000",
        of="threat",
    ),
    "aggregator": Kind(
        module="rule",
        summary="a rule that goes by the most central update.",
        suite="assert_is_aggregator",
        use="rallypoint train --env cartpole-v1 --agent gpomdp --workers 5 --byzantine 1 "
        "--aggregator {name} --steps 20000",
    ),
    "agent": Kind(
        module="learner",
        summary="a learner with a table for each agent.",
        suite="assert_is_agent",
        use="rallypoint train --env gathering-v0 --agent {name} --steps 20000",
    ),
}


def skeleton(kind: str, name: str) -> dict[str, str]:
    """Return the files of a new package, by their paths in it.

    Args:
        kind: of the part.
        name: of part and package, in lower case: ``my_threat``.

    Raises:
        InvalidConfig: a name that no package can have.
        DuplicateName: there is such a part, or such a package, already.
    """
    package = _package(name)
    part = f"{package}/{package}-v0" if kind == "env" else package
    about = KINDS[kind]
    registered = about.of or kind
    _check_free(registered, part, package)
    words: dict[str, Any] = {
        "about": f"For rallypoint: {about.summary}",
        "camel": "".join(word.capitalize() for word in package.split("_")),
        "kind": registered,
        "module": about.module,
        "name": part,
        "package": package,
        "project": package.replace("_", "-"),
        "suite": about.suite,
        "summary": about.summary,
        "use": about.use.format(name=part, package=package),
    }
    files = {
        "README.md": "common/README.md.jinja",
        "pyproject.toml": "common/pyproject.toml.jinja",
        f"src/{package}/__init__.py": "common/init.py.jinja",
        f"src/{package}/{about.module}.py": f"{kind}/part.py.jinja",
        f"tests/test_{package}.py": f"{kind}/test.py.jinja",
    }
    if registered == "threat":
        files[f"{package}.toml"] = f"{kind}/file.toml.jinja"
    environment = Environment(  # noqa: S701 - these are no web pages
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return {path: environment.get_template(at).render(words) for path, at in files.items()}


def _package(name: str) -> str:
    package = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", package) or keyword.iskeyword(package):
        raise InvalidConfig(
            f"a name is in lower case, as that of a Python package: my_threat; got {name!r}"
        )
    return package


def _check_free(kind: str, part: str, package: str) -> None:
    if part in registries()[f"{kind}s"]:
        raise DuplicateName(f"there is {kind} {part!r} already; choose another name")
    if package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
        raise DuplicateName(f"there is a package {package!r} already; choose another name")
