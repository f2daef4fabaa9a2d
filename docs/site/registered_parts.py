"""The directive ``parts``: every registered part of a kind, documented where it stands.

    .. parts:: threats
       :package: rallypoint.safety.threats.update

A part that is added to its registry is in the reference without an edit here.
"""

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList

from rallypoint.experiments import listing
from rallypoint.registration import EnvSpec


class Parts(Directive):
    """Document all parts of one kind, or those that one package holds."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "package": directives.unchanged,
        "but": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Let autodoc document each, under the name that files and the command line use."""
        [kind] = self.arguments
        lines: list[str] = []
        for names, part in sorted(self._parts(kind), key=lambda found: found[0]):
            address = f"{part.__module__}.{part.__qualname__}"
            if inspect.isclass(part):
                lines += [f".. autoclass:: {address}", "   :no-members:", ""]
            else:
                lines += [f".. autofunction:: {address}", ""]
            lines += ["   " + "In files and on the command line: " + ", ".join(names) + ".", ""]
        if not lines:
            raise self.error(f"no part of {kind} is in {self.options.get('package')}")
        parsed = nodes.Element()
        self.state.nested_parse(StringList(lines, "parts"), self.content_offset, parsed)
        return parsed.children

    def _parts(self, kind: str) -> Iterator[tuple[list[str], Any]]:
        names_by_part: dict[Any, list[str]] = {}
        for name, part in listing.registries()[kind].items():
            found = part.load() if isinstance(part, EnvSpec) else part
            if not inspect.isclass(found) and not inspect.isfunction(found):
                continue  # an address, such as that of an algorithm of Stable-Baselines3
            if self._is_here(found.__module__):
                names_by_part.setdefault(found, []).append(f"``{name}``")
        yield from ((names, part) for part, names in names_by_part.items())

    def _is_here(self, module: str) -> bool:
        but = self.options.get("but", "").split()
        return module.startswith(self.options.get("package", "rallypoint.")) and not any(
            module.startswith(package) for package in but
        )


def setup(app: Any) -> dict[str, bool]:
    """Join Sphinx."""
    app.add_directive("parts", Parts)
    return {"parallel_read_safe": True}
