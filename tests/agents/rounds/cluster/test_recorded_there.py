"""Updates of contributors on a cluster: recorded as they are in this process, byte for byte."""

import pytest

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.train import Training, train
from rallypoint.safety.threat_model import ThreatModel

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
MODEL = ThreatModel.from_dict(
    {
        "byzantine": {"members": [1]},
        "threats": [
            {"kind": "gaussian", "victims": "byzantine", "when": {"every": 2}},
            {"kind": "equivocation"},
        ],
    }
)


def test_a_recording_is_the_same_here_and_there(tmp_path):
    training = Training(
        env="cartpole-v1",
        agent="gpomdp",
        steps=800,
        copies=5,
        settings={"policy": (4,), "steps": 32},
        threats=MODEL,
        team=Team(
            workers=5,
            byzantine=1,
            aggregator="trimmed_mean",
            protocol="replicated_servers",
            protocol_settings={"servers": 5},
        ),
        record=True,
    )
    placement = Placement(address="auto", actors=2, cpus=0.5, source="installed")
    here = train(training, tmp_path / "here")
    there = train(training, tmp_path / "there", placement=placement)
    assert here.disagreements == there.disagreements == ()
    names = sorted(
        path.relative_to(tmp_path / "here") for path in tmp_path.glob("here/recording/*/*")
    )
    assert [name.parent.name for name in names] == ["servers", "updates"]
    for name in names:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
