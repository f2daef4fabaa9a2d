"""What there is to run: the parts of every registry, and why some cannot be used."""

import importlib
import importlib.util
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rallypoint.errors import Unavailable, UnknownName, did_you_mean
from rallypoint.experiments.experiment import Experiment
from rallypoint.plain_json import to_indented_json
from rallypoint.registration import EnvSpec
from rallypoint.registry import Registry
from rallypoint.safety.aggregation.facts import in_words

KINDS: Mapping[str, str] = {
    "envs": "rallypoint.registration",
    "threats": "rallypoint.safety.threats",
    "aggregators": "rallypoint.safety.aggregation",
    "agents": "rallypoint.agents",
    "experiments": "rallypoint.experiments",
}


@dataclass(frozen=True)
class Entry:
    """A part, what it is, and why it cannot be used, if so."""

    name: str
    about: str
    unavailable: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)  # what its kind tells besides

    def to_dict(self) -> dict[str, Any]:
        """Return the entry for ``--json``."""
        entry = {"name": self.name, "about": self.about, "available": self.unavailable is None}
        return entry | dict(self.facts) | ({"reason": self.unavailable} if self.unavailable else {})


def registries() -> dict[str, Registry[Any]]:
    """Return the registries there are, by kind."""
    found = {}
    for kind, package in KINDS.items():
        if importlib.util.find_spec(package) is not None:
            registry = getattr(importlib.import_module(package), kind, None)
            if isinstance(registry, Registry):
                found[kind] = registry
    return found


def entries(kind: str) -> list[Entry]:
    """Return all parts of a kind, those that cannot be used among them.

    Raises:
        UnknownName: there is no such kind.
    """
    known = registries()
    if kind not in known:
        raise UnknownName(f"there are no {kind!r} to list{did_you_mean(kind, known)}")
    registry = known[kind]
    return sorted([*_usable(registry), *_unusable(registry)], key=lambda entry: entry.name)


def as_json(entries_by_kind: Mapping[str, Sequence[Entry]]) -> str:
    """Return kinds and their entries as JSON."""
    content = {
        kind: [entry.to_dict() for entry in found] for kind, found in entries_by_kind.items()
    }
    return to_indented_json(content).rstrip()


def as_text(entries_by_kind: Mapping[str, Sequence[Entry]]) -> str:
    """Return kinds and their entries for people."""
    lines = []
    for kind, found in entries_by_kind.items():
        lines.append(f"{kind}:" if found else f"{kind}: none")
        width = max((len(entry.name) for entry in found), default=0)
        for entry in found:
            about = f"(unavailable: {entry.unavailable})" if entry.unavailable else entry.about
            if "site" in entry.facts:
                about = f"{entry.facts['site']:12}  {about}"
            lines.append(f"  {entry.name:{width}}  {about}".rstrip())
            if "bound" in entry.facts:
                lines.append(f"  {'':{width}}  {in_words(entry.facts)}")
    return "\n".join(lines)


def _usable(registry: Registry[Any]) -> Iterator[Entry]:
    for name, part in registry.items():
        try:
            yield Entry(name, _about(part), facts=getattr(part, "facts", dict)())
        except Unavailable as error:
            yield Entry(name, "", str(error))
        except Exception as error:  # noqa: BLE001 - somebody's broken part hides no other
            yield Entry(name, "", f"{type(error).__name__}: {error}")


def _unusable(registry: Registry[Any]) -> Iterator[Entry]:
    for name, reason in registry.unavailable.items():
        yield Entry(name, "", reason)


def _about(part: Any) -> str:
    match part:
        case Experiment(question=question):
            return str(question)
        case EnvSpec():
            part = part.load()  # imports the world: whether it can be made is what is asked
    documentation = inspect.getdoc(part) or ""
    return documentation.partition("\n")[0]
