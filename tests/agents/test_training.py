"""What a ``Training`` refuses before anything is made, and where it may go."""

import numpy as np
import pytest
from msgspec.json import encode

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.train import Training, settings_of, train
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threats.crash import Crash

GATHERING = {"env": "gathering-v0", "agent": "q_learning", "steps": 20}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"env": object}, "Training: env is text, got <class 'object'>"),
        ({"agent": None}, "agent is text, got None"),
        ({"threats": "threats.toml"}, "threats is a ThreatModel or null, got 'threats.toml'"),
        ({"threats": {"threats": []}}, "threats is a ThreatModel or null, got {'threats'"),
        ({"threats": [Crash(victims=[0])]}, r"threats is a ThreatModel or null, got \[Crash"),
        ({"team": {"workers": 2}}, "team is a Team or null, got {'workers': 2}"),
        ({"env_settings": None}, "env_settings is a table, got None"),
        ({"settings": [("gamma", 0.9)]}, r"settings is a table, got \[\("),
        ({"steps": "20"}, "steps is an integer, got '20'"),
        ({"steps": 2e3}, "steps is an integer, got 2000.0"),
        ({"copies": 0}, "copies is a whole number >= 1, got 0"),
    ],
)
def test_what_is_of_another_kind_is_refused_and_what_it_should_be_is_said(given, says):
    with pytest.raises(InvalidConfig, match=says):
        Training(**GATHERING | given)


def test_numbers_may_be_numpys_and_the_folder_a_string(tmp_path):
    whole = Training(**GATHERING, seed=3, copies=2)
    same = Training(**GATHERING | {"steps": np.int64(20)}, seed=np.int64(3), copies=np.int32(2))
    assert encode(settings_of(same)) == encode(settings_of(whole))
    train(whole, tmp_path / "one")
    train(same, str(tmp_path / "other"))
    one, other = (sorted((tmp_path / run).rglob("*.safetensors")) for run in ("one", "other"))
    assert one
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert Training(**GATHERING, team=Team(workers=2)).team.workers == 2
