"""Files of parameters, which are safetensors: the same bytes whenever they hold the same."""

import json


def in_order(content: bytes) -> bytes:
    """Return a safetensors file with what is said of its tensors sorted by name.

    The library writes that in an order of chance, by which a run that comes out the same would
    leave another file.
    """
    begins = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begins])
    told = {"__metadata__": dict(sorted(header.pop("__metadata__", {}).items()))}
    ordered = json.dumps(told | header, separators=(",", ":"), ensure_ascii=False).encode()
    ordered = ordered.ljust(-(-len(ordered) // 8) * 8)  # tensors begin at multiples of 8
    return len(ordered).to_bytes(8, "little") + ordered + content[begins:]
