"""Folders of runs, and what is in them."""

import json

from rallypoint.claims import claim_over_seeds
from rallypoint.files import LOCK
from rallypoint.run_folder import RunFolder


def claim(id="T1/x", values=(1.0, 1.0, 1.0)):
    return claim_over_seeds(id, values, statement="s", source="t", expected=">= 0.9")


def open_run(path, experiment="toy", **about):
    return RunFolder(path, experiment=experiment, config={"a": 1}, seeds=[0, 1, 2], **about)


def content(path):
    files = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
    return files - {LOCK}  # which is there for as long as the run goes on


def manifest(path):
    return json.loads((path / "manifest.json").read_text())
