"""The directive ``threat-file``: what a threat file may say of any threat, and its JSON schema."""

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from rallypoint.config import file_key
from rallypoint.experiments.settings import comments
from rallypoint.experiments.threat_schema import threat_file_schema
from rallypoint.plain_json import to_indented_json
from rallypoint.safety.limits import Budget, Byzantine, When
from rallypoint.safety.threats import Threat

SCHEMA = "_static/threat-file.schema.json"
TABLES = {
    "Every threat": Threat,
    "``when``": When,
    "``budget``": Budget,
    "``[byzantine]``": Byzantine,
}


class ThreatFile(Directive):
    """Tables of the keys that every threat has, and a link to the schema."""

    def run(self) -> list[nodes.Node]:
        """Return them, read from the dataclasses that read the file."""
        lines = [line for title, kind in TABLES.items() for line in _table(title, kind)]
        parsed = nodes.Element()
        self.state.nested_parse(StringList(lines, "threat-file"), self.content_offset, parsed)
        words = "The JSON schema, as rallypoint threats schema prints it"
        link = nodes.reference("", words, refuri=f"../{SCHEMA}")
        return [*parsed.children, nodes.paragraph("", "", link)]


def _table(title: str, kind: type[Any]) -> Iterator[str]:
    yield from (f".. list-table:: {title}", "   :header-rows: 1", "   :widths: 20 20 60", "")
    yield from ("   * - key", "     - type", "     - what it says")
    about = comments(kind)
    for field in fields(kind):
        yield f"   * - ``{file_key(field.name)}``"
        yield f"     - ``{inspect.formatannotation(field.type).replace('rallypoint.safety.', '')}``"
        yield f"     - {about.get(field.name, 'a table of its own, below')}"
    yield ""


def write_schema(app: Any, error: Exception | None) -> None:
    """Put the schema beside the pages."""
    if error is None and app.builder.format == "html":
        file = Path(app.outdir) / SCHEMA
        file.write_text(to_indented_json(threat_file_schema()), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Join Sphinx."""
    app.add_directive("threat-file", ThreatFile)
    app.connect("build-finished", write_schema)
    return {"parallel_read_safe": True}
