"""What a machine has, asked of every node of a cluster; the standard library is enough for it."""

import hashlib
import importlib.metadata
import importlib.util
import platform
from pathlib import Path

COMPARED = ("numpy", "scipy", "gymnasium", "pettingzoo", "msgspec")  # libraries that make bits


def probe() -> dict[str, str]:
    """Return the versions of Python and libraries, and a hash of rallypoint's source or ''."""
    found = {"python": platform.python_version()}
    for name in COMPARED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    found["rallypoint"] = source_digest()
    return found


def source_digest() -> str:
    """Return a hash of all modules of the rallypoint that would be imported; '' if there is none.

    Which wheel or checkout it comes from does not matter.
    """
    spec = importlib.util.find_spec("rallypoint")
    if spec is None or spec.origin is None:
        return ""
    root = Path(spec.origin).parent
    digest = hashlib.blake2b(digest_size=16)
    for folder in ("", "agents", "envs", "safety", "experiments"):
        top = root / folder
        paths = top.glob("*.py") if not folder else top.rglob("*.py")
        for path in sorted(paths):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
