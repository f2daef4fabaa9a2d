"""A hundred thousand broken files: each is read, or refused in one line, and nothing else happens.

``make fuzz`` runs all. ``FUZZ`` in the environment is how many there are of each kind of file.
"""

import re

import pytest

import rallypoint
from rallypoint.agents.gradient.checkpoints import CHECKPOINT, read_checkpoint
from rallypoint.agents.saved import load_policies, read_saved
from rallypoint.agents.train import Training, train, training_of
from rallypoint.experiments.report.page import render
from rallypoint.experiments.report.recorded import read_run
from rallypoint.experiments.verify.record import look_at
from rallypoint.plain_json import read_json
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import threats
from tests.experiments.report.toy_runs import write_run
from tests.fuzz.breaking import EACH, broken, in_memory
from tests.fuzz.hostile import overwritten, overwritten_lines, overwritten_toml, stirred
from tests.tree import ROOT

pytestmark = pytest.mark.fuzz


def threat_files():
    """Return the threat files in the docs, and one for every kind there is."""
    blocks = [
        block
        for page in sorted((ROOT / "docs").glob("*.md"))
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    plain = [f'format = 1\n[[threats]]\nkind = "{kind}"\nvictims = "all"\n' for kind in threats]
    return [*(block for block in blocks if "[[threats]]" in block), *plain]


def test_threat_files(tmp_path):
    ways = stirred, overwritten_toml
    files = {tmp_path / f"{number}.toml": ways for number, _ in enumerate(threat_files())}
    for path, text in zip(files, threat_files(), strict=True):
        path.write_text(text)
    broken(files, ThreatModel.from_toml, 60 * EACH)


def test_runs(tmp_path):
    write_run(tmp_path / "run")
    of_json = stirred, overwritten, overwritten
    files = {tmp_path / "run" / name: of_json for name in ("manifest.json", "receipts.json")}
    files[tmp_path / "run/summary.json"] = of_json
    files[tmp_path / "run/metrics.jsonl"] = (stirred, overwritten_lines)
    files[tmp_path / "run/T1-learning.png"] = (stirred,)

    def read(path):
        run = read_run(path.parent)
        list(look_at(run))
        page = render([run])
        assert "<script>" not in page

    broken(files, read, 20 * EACH)


@pytest.fixture(scope="module")
def trained():
    """Return the folders of two trainings: one of tables, and one of contributors."""
    with in_memory() as folder:
        for agent, env, settings in (
            ("q_learning", "gathering-v0", {}),
            ("gpomdp", "cartpole-v1", {"policy": [4]}),
        ):
            (folder / agent).mkdir()
            train(Training(env=env, agent=agent, steps=300, settings=settings), folder / agent)
        yield folder


@pytest.mark.parametrize("agent", ["q_learning", "gpomdp"])
def test_what_was_trained(agent, trained):
    folder = trained / agent
    files = dict.fromkeys(folder.glob("*.safetensors"), (stirred,))
    files |= dict.fromkeys(folder.glob("*.json"), (stirred, overwritten))
    env = rallypoint.make(read_saved(folder).env)

    def read(path):
        read_saved(path.parent)
        load_policies(path.parent, env)

    broken(files, read, 8 * EACH)


def test_checkpoints(trained):
    broken(
        {trained / "gpomdp" / CHECKPOINT: (stirred,)},
        lambda path: read_checkpoint(path.parent),
        2 * EACH,
    )


def test_what_a_manifest_says_was_trained(trained, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(
        '{"experiment": "train", "config": {"env": "gathering-v0", "agent": "ppo", "steps": 9, '
        '"seed": 0, "copies": null, "env_settings": {}, "settings": {"policy": [4]}, '
        '"threats": {"format": 1, "threats": [{"kind": "crash"}]}, "record": false, '
        '"team": {"contributors": "workers", "workers": 4}}}'
    )
    broken({path: (stirred, overwritten)}, lambda at: training_of(read_json(at)), 2 * EACH)
