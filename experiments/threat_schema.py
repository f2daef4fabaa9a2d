"""The JSON schema of a threat file, for editors and other programs."""

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from rallypoint.config import file_key
from rallypoint.experiments.settings import comments
from rallypoint.experiments.threat_bounds import parts_of, with_bounds
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import FORMAT
from rallypoint.safety.threats import KNOWLEDGE, threats

Schema = dict[str, Any]


def threat_file_schema() -> Schema:
    """Return the schema of a threat file with every kind of threat that there is.

    Those of other packages are among them. What no schema can say, such as that ``until`` lies
    after ``from``, is left to ``rallypoint threats check``.
    """
    definitions: Schema = {}
    kinds = [_table(kind, definitions, prefix=name, name=name) for name, kind in threats.items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A threat file of rallypoint",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT, "description": "of the file"},
            "byzantine": _table(Byzantine, definitions, prefix="byzantine"),
            "threats": {
                "type": "array",
                "items": {"oneOf": kinds},
                "description": "in the order in which they act at one site",
            },
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _table(kind: Any, definitions: Schema, *, prefix: str, name: str | None = None) -> Schema:
    """Return the schema of a table; what it is made of is put into the definitions."""
    try:
        [top], parts = msgspec.json.schema_components(
            (kind,), ref_template=f"#/$defs/{prefix}.{{name}}"
        )
    except TypeError:  # somebody's own kind, with settings that no schema describes
        assert name is not None, "our own configs have schemas"
        return {
            "type": "object",
            "properties": {"kind": {"const": name}},
            "required": ["kind"],
        }
    kinds = parts_of(kind)
    for part, schema in parts.items():
        is_top = top == {"$ref": f"#/$defs/{prefix}.{part}"}
        written = _as_file(schema, kind if is_top else None, name)
        for key, setting in written.get("properties", {}).items() if part in kinds else ():
            written["properties"][key] = with_bounds(setting, kinds[part], key)
        definitions[f"{prefix}.{part}"] = written
    return top


def _as_file(schema: Mapping[str, Any], kind: Any, name: str | None) -> Schema:
    """Return the schema of a config as files spell it, with nothing that the config lacks."""
    if "properties" not in schema:
        return dict(schema)
    about = _comments_of(kind) if kind is not None else {}
    properties = {}
    for field, value in schema["properties"].items():
        typed = {part: item for part, item in value.items() if part != "default"}
        properties[file_key(field)] = typed | (
            {"description": about[field]} if field in about else {}
        )
    required = [file_key(field) for field in schema.get("required", [])]
    if kind is not None and name is not None:
        properties = {"kind": {"const": name}} | properties
        properties["knowledge"] |= {"items": {"enum": list(KNOWLEDGE)}}
        required = ["kind", *required]
    told = {name: value for name, value in schema.items() if name != "description"}
    if "description" in schema:
        told["description"] = inspect.cleandoc(schema["description"])
    return told | {
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _comments_of(kind: Any) -> dict[str, str]:
    told: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__[:-1]):
        told |= comments(ancestor)
    return told
