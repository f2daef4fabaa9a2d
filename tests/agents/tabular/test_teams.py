"""Teams side by side: each is what it is alone, and so is all that is said of it."""

import numpy as np
import pytest

from rallypoint.agents.saved import load_policies, read_saved
from rallypoint.agents.tabular.teams import Teams, united
from rallypoint.agents.train import Training, train
from rallypoint.registration import make
from rallypoint.safety.threat_model import ThreatModel

MODEL = ThreatModel.from_dict(
    {
        "byzantine": {"count": 2},
        "threats": [{"kind": "random_action", "victims": "byzantine", "when": {"every": 3}}],
    }
)
GATHERING = {"env": "gathering-v0", "env_settings": {"num_agents": 4, "max_cycles": 50}}
SHUTDOWN = {"env": "shutdown-delay-v0"}


@pytest.mark.parametrize(
    "teams",
    [
        Teams(agent="q_learning", steps=2000, seed=7, threats=MODEL, **GATHERING),
        Teams(agent="traced_q_learning", steps=2000, **GATHERING),
        Teams(agent="tabular_reinforce", steps=2000, **SHUTDOWN),
    ],
    ids=lambda teams: teams.agent,
)
def test_each_is_what_it_is_alone(teams):
    whole = teams.trained(3)
    parts = united(teams.block([each]) for each in range(3))
    assert whole.taught.tables.tobytes() == parts.taught.tables.tobytes()
    assert [each.to_dict() for each in whole.receipts] == [
        each.to_dict() for each in parts.receipts
    ]
    assert whole.taught.episodes == parts.taught.episodes
    assert len({tables.tobytes() for tables in whole.taught.tables}) == 3


def test_whether_trajectories_are_hashed_changes_nothing_that_is_learned():
    given = {"agent": "traced_q_learning", "steps": 2000, **GATHERING}
    plain, hashed = Teams(**given).trained(2), Teams(**given, keeps_digests=True).trained(2)
    assert plain.taught.tables.tobytes() == hashed.taught.tables.tobytes()
    assert plain.taught.digests == ()
    again = Teams(**given, keeps_digests=True).block([1])
    assert hashed.taught.digests[1:] == again.taught.digests
    other = Teams(**{**given, "seed": 1}, keeps_digests=True).block([1])
    assert other.taught.digests != again.taught.digests


def test_every_team_is_left_in_a_folder_of_its_own(tmp_path):
    training = Training(agent="q_learning", steps=1000, copies=2, **GATHERING)
    metrics = train(training, tmp_path).metrics
    assert metrics["teams"] == 2
    tables = []
    for folder in (tmp_path, tmp_path / "teams" / "1"):
        saved = read_saved(folder)
        assert (saved.agent, saved.env) == ("q_learning", "gathering-v0")
        world = make(saved.env, copies=1, **saved.env_settings)
        tables.append(load_policies(folder, world)["greedy"].tables)
    assert not np.array_equal(*tables)
