"""Files as nobody should write them: cut, stirred, overwritten, and filled with strange values."""

import io
import json
import tomllib
import zipfile

import numpy as np

STRANGE = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**200, -(2**64), 0.1, 1e308, -0.0, 1e-320),
    *("", " ", "\x00", "\u202e", "../../etc/passwd", "/dev/zero", "a" * 5000, "nan", "1e999"),
    *("<script>alert(1)</script>", "{{ 7 * 7 }}", "__class__", "os:system", "agent_0", "byzantine"),
    *([], [[]], [None], [0, 0], ["agent_0", "agent_0"], {}, {"": {}}, {"fraction": -1}),
    *({"from": 2, "until": 1}, {"count": 10**9}, {"policy": "os:getcwd"}, [[[[[[[[[[]]]]]]]]]]),
)
_NUMBERS = 14  # the first of them that are no text; NumPy has no null
_HEAD = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }".ljust(117) + b"\n"
_HUGE = b"\x93NUMPY\x01\x00" + len(_HEAD).to_bytes(2, "little") + _HEAD
TOKENS = (
    *(b"\x00", b"\xff\xfe", b"../", b"<script>", b'"', b"'", b"]]", b"[[", b"{", b"}", b"=", b"\n"),
    *(b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"[" * 3000, b'{"a":' * 300, b"\\u0000", b"#"),
    *(b"\xe2\x80\xae", b"0x", b"format", b"inf", b"nan", b"true", b"null", b"kind"),
)


def stirred(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with some accidents: cut off, taken out, doubled, overwritten, a bit turned."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        size = len(changed)
        at, to = sorted(rng.integers(size + 1, size=2).tolist())
        to = min(to, at + 64)
        match int(rng.integers(6)):
            case 0:
                del changed[at:]
            case 1:
                del changed[at:to]
            case 2:
                changed[to:to] = changed[at:to]
            case 3:
                changed[at:at] = TOKENS[rng.integers(len(TOKENS))]
            case 4:
                changed[at:to] = rng.bytes(to - at)
            case 5 if at < size:
                changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def overwritten(content: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON in which some values are strange, or keys missing or new."""
    document = json.loads(content)
    for _ in range(int(rng.integers(1, 4))):
        document = _with_something_strange(document, rng)
    return json.dumps(document).encode()


def overwritten_toml(content: bytes, rng: np.random.Generator) -> bytes:
    """Return TOML in which some values are strange, or keys missing or new."""
    document = tomllib.loads(content.decode())
    for _ in range(int(rng.integers(1, 3))):
        document = _with_something_strange(document, rng)
    if not isinstance(document, dict):
        return b"threats = " + _toml(document)
    return b"\n".join(_toml_key(key) + b" = " + _toml(value) for key, value in document.items())


def overwritten_lines(content: bytes, rng: np.random.Generator) -> bytes:
    """Return lines of JSON of which one is strange."""
    lines = content.splitlines()
    at = int(rng.integers(len(lines)))
    lines[at] = overwritten(lines[at], rng)
    return b"\n".join(lines) + b"\n"


def rearranged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return an archive of arrays that is whole, with one array missing, strange or another's."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = dict(archive)
    name, other = (list(arrays)[at] for at in rng.integers(len(arrays), size=2))
    array = arrays[name]
    match int(rng.integers(6)):
        case 0:
            del arrays[name]
        case 1:
            arrays[name] = arrays[other]
        case 2:
            arrays[name] = array[..., :-1] if array.ndim else array[None]
        case 3:
            arrays[name] = np.asarray(STRANGE[rng.integers(_NUMBERS)]).astype("f8")
        case 4 if array.dtype.kind in "iuf" and array.size:
            arrays[name] = array + array.dtype.type(rng.integers(-3, 100))
        case _ if "about" in arrays:
            told = overwritten(arrays["about"].tobytes(), rng)
            arrays["about"] = np.frombuffer(told, dtype=np.uint8)
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def emptied(content: bytes, rng: np.random.Generator) -> bytes:
    """Return an archive that says of an array that it is larger than any memory."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        names = old.namelist()
        chosen = names[rng.integers(len(names))]
        for name in names:
            new.writestr(name, _HUGE if name == chosen else old.read(name))
    return packed.getvalue()


def _with_something_strange(value, rng, depth=0):
    inner = isinstance(value, dict | list) and len(value) > 0
    if not inner or (depth and rng.random() < 0.3):
        return STRANGE[rng.integers(len(STRANGE))]
    if isinstance(value, list):
        at = int(rng.integers(len(value)))
        changed = list(value)
    else:
        at = list(value)[rng.integers(len(value))]
        changed = dict(value)
    match int(rng.integers(6)):
        case 0:
            del changed[at]
        case 1 if isinstance(value, dict):
            changed[str(STRANGE[rng.integers(len(STRANGE))])[:80]] = changed.pop(at)
        case _:
            changed[at] = _with_something_strange(value[at], rng, depth + 1)
    return changed


def _toml(value) -> bytes:
    """Say a value in TOML, which has no null."""
    match value:
        case None:
            return b'"null"'
        case dict():
            inner = b", ".join(_toml_key(k) + b" = " + _toml(v) for k, v in value.items())
            return b"{ " + inner + b" }"
        case list():
            return b"[" + b", ".join(map(_toml, value)) + b"]"
        case str():
            return json.dumps(value).replace("\x7f", "\\u007f").encode()
        case _:
            return json.dumps(value).replace("Infinity", "inf").encode()


def _toml_key(key) -> bytes:
    return json.dumps(str(key)).encode()
