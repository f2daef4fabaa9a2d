"""What training leaves in a folder is of a format that is known, or is not read."""

import json

import pytest

import rallypoint
from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.saved import ABOUT, folder_of, load_policies
from rallypoint.agents.train import Training, train
from rallypoint.errors import UnreadableFile

ROAD, TORUS, SETTINGS = "two-car-road-v0", "torus-small-v0", {"num_agents": 2}


def of_tables(folder):
    train(Training(env=ROAD, agent="q_learning", steps=40), folder)
    return "rallypoint-tabular-1", folder, rallypoint.make(ROAD)


def of_groups(folder):
    training = TeamTraining(
        env=TORUS,
        agent="a2c",
        steps=20,
        env_settings=SETTINGS,
        copies=1,
        settings={"policy": (4,), "value": (4,), "steps": 4},
        team=Team(actors="agent"),
    )
    training.run(folder, say=lambda row: None)
    return "rallypoint-groups-1", folder, rallypoint.make(TORUS, **SETTINGS)


def within_groups(folder):
    _, _, world = of_groups(folder)
    return "rallypoint-sb3-1", folder / folder_of("agent_1"), world


@pytest.mark.parametrize("saved", [of_tables, of_groups, within_groups])
def test_a_folder_of_another_format_is_refused_by_its_name(saved, tmp_path):
    ours, folder, world = saved(tmp_path)
    assert load_policies(tmp_path, world)
    told = json.loads((folder / ABOUT).read_text())
    assert told["format"] == ours
    for other in ("rallypoint-tabular-9", "rallypoint-groups-9", "rallypoint-groups-0"):
        (folder / ABOUT).write_text(json.dumps(told | {"format": other}))
        with pytest.raises(UnreadableFile, match=f"format '{other}', expected '{ours}'"):
            load_policies(tmp_path, world)
    del told["format"]
    (folder / ABOUT).write_text(json.dumps(told))
    with pytest.raises(UnreadableFile, match="format"):
        load_policies(tmp_path, world)
