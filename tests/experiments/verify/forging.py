"""What verify finds in a folder, and how a careful forger changes one."""

import json
from pathlib import Path

from rallypoint.seals import digests, seal_of


def states(rallypoint, folder, *more, status=0):
    done = rallypoint("verify", folder, "--json", *more)
    assert done.status == status, done.err
    found = json.loads(done.out)
    assert found["verified"] is (status == 0)
    return {each["what"]: each["state"] for each in found["findings"]}


def edited(path, change, *, sealed=True):
    """Change a file of JSON, or its rows, and seal the folder anew, as a careful forger would."""
    path = Path(path)
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [row for row in rows if change(row) is not False]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    else:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    if sealed:
        manifest = json.loads((path.parent / "manifest.json").read_text())
        manifest["digests"] = digests(path.parent, manifest["files"])
        manifest["seal"] = seal_of(manifest)
        (path.parent / "manifest.json").write_text(json.dumps(manifest))


def heads_of(seed, value):
    def change(row):
        if row["seed"] == seed:
            row["heads"] = value

    return change


def measured(content):
    content["claims"][0]["measured"] += 0.001
