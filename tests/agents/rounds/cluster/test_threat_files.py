"""The worked threat files on Ray: what contributors learn under them is the same to the bit."""

import pytest

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.train import Training, train
from rallypoint.safety.threat_model import ThreatModel
from tests.tree import ROOT

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own
FILES = sorted((ROOT / "docs" / "threat-files").glob("*.toml"))


def training_of(file):
    return Training(
        env="torus-small-v0",
        agent="ppo",
        steps=384,
        copies=4,
        env_settings={"num_agents": 4, "max_cycles": 24},
        settings={"steps": 24, "policy": [8], "value": [8]},
        threats=None if file is None else ThreatModel.from_toml(file),
        team=Team(contributors="workers", workers=4, byzantine=1, aggregator="median"),
    )


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_two_actors_learn_under_it_what_one_process_does(file, tmp_path):
    here = train(training_of(file), tmp_path / "here")
    placement = Placement(address="auto", actors=2, source="installed")
    there = train(training_of(file), tmp_path / "there", placement=placement)
    learned, again = (tmp_path / name / "policy.safetensors" for name in ("here", "there"))
    assert learned.read_bytes() == again.read_bytes()
    assert there.receipts == here.receipts
    assert not there.disagreements
    assert all(receipt.opportunities for receipt in there.receipts)


@pytest.mark.usefixtures("nodes")
def test_a_file_without_threats_is_none_to_the_bit(tmp_path):
    null = tmp_path / "null.toml"
    null.write_text("format = 1\n")
    placement = Placement(address="auto", actors=2, source="installed")
    for file in (None, null):
        train(training_of(file), tmp_path / f"{file is null}", placement=placement)
    bare, nothing = (tmp_path / f"{is_null}/policy.safetensors" for is_null in (False, True))
    assert bare.read_bytes() == nothing.read_bytes()
