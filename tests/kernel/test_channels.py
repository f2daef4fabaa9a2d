"""No two of our channels draw the same numbers."""

import ast
import zlib

from rallypoint.registration import envs
from tests.tree import ROOT, python_files


def channels():
    """Yield every channel name that stands in our code, and those that worlds make of their ids."""
    yield from (f"{name}/world" for name in envs)
    for path in python_files():
        if path.startswith(("tests/", "benchmarks/")):
            continue
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Draws" | "stream" | "channel_key"), args=args):
                    for part in args:
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield part.value


def test_no_two_channels_have_one_crc32():
    names = set(channels())
    assert "gathering-v0/world" in names
    assert len({zlib.crc32(name.encode()) for name in names}) == len(names)
