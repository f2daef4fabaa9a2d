"""Docstrings as the house writes them, and fields of configs, as Sphinx reads them.

An indented block below a line that ends in a colon is code; Sphinx wants two colons. What a field
of a frozen dataclass means stands in the comment behind it.
"""

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, is_typeddict

from docutils import nodes

from rallypoint.experiments.settings import comments
from rallypoint.safety.threats import Threat

# A bar, and the star of (E, *shape); neither inside ``code``.
_SIGN = re.compile(r"(\||(?<=, )\*(?=\w+\)))(?=(?:[^`]*``[^`]*``)*[^`]*$)")
_SECTIONS = ("Args:", "Raises:", "Returns:", "Yields:")


def read_docstring(  # noqa: PLR0917 - as Sphinx calls it
    app: Any, what: str, name: str, documented: Any, options: Any, lines: list[str]
) -> None:
    """Change the lines of a docstring into what Sphinx takes; called for each of them."""
    del app, what, name, options
    lines[:] = as_restructured_text(lines)
    if inspect.isclass(documented) and dataclasses.is_dataclass(documented):
        lines += ["", *settings_of(documented)]
    elif is_typeddict(documented):
        lines += ["", *_parameters(comments(documented))]


def as_restructured_text(lines: list[str]) -> list[str]:
    r"""Mark code below a colon as such; bars and stars are no markup.

    >>> as_restructured_text(["To add one, where |x| < 1:", "", "    @register"])
    ['To add one, where \\|x\\| < 1::', '', '    @register']
    """
    found = []
    code_below: int | None = None  # the depth of the line that a block of code belongs to
    for place, line in enumerate(lines):
        if code_below is not None and line.strip() and _depth(line) <= code_below:
            code_below = None
        prose = code_below is None and not line.lstrip().startswith((">>> ", "... "))
        if prose and _begins_code(lines[place : place + 3]):
            code_below = _depth(line)
            line = f"{line.rstrip()}:"  # noqa: PLW2901 - the same line, as it is read
        found.append(_SIGN.sub(r"\\\1", line) if prose else line)
    return found


def _begins_code(lines: list[str]) -> bool:
    if len(lines) < 3 or lines[1].strip() or not lines[0].rstrip().endswith(":"):
        return False
    line, _, below = lines
    return (
        line.strip() not in _SECTIONS
        and not line.rstrip().endswith("::")
        and _depth(below) >= _depth(line) + 4
        and not below.lstrip().startswith((">>> ", "- "))
    )


def settings_of(kind: type[Any]) -> Iterator[str]:
    """Yield a field list of a config: each setting, and what the comment behind it says."""
    told: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__[:-1]):
        told |= comments(ancestor)
    names = [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")]
    if issubclass(kind, Threat) and kind is not Threat:  # victims, when …: said where threats are
        names = [name for name in names if name not in Threat.__dataclass_fields__]
    yield from _parameters({name: told[name] for name in names if name in told})


def _parameters(told: Mapping[str, str]) -> Iterator[str]:
    for name, words in told.items():
        about = re.sub(r"([*|\\])", r"\\\1", words)
        yield f":param {name}: {about}"


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def set_dashes(app: Any, doctree: nodes.document) -> None:
    """Part what a setting is called from what it means; all other hyphens are meant."""
    del app
    for text in list(doctree.findall(nodes.Text)):
        if text == " -- " and text.parent is not None:
            text.parent.replace(text, nodes.Text(" – "))


def setup(app: Any) -> dict[str, bool]:
    """Join Sphinx."""
    app.connect("doctree-read", set_dashes)
    app.connect("autodoc-process-docstring", read_docstring, priority=400)  # before napoleon
    return {"parallel_read_safe": True}
