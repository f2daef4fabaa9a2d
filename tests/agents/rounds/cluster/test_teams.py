"""Teams that learn on tables, on real raylets: the bits of this process, however they are dealt."""

import dataclasses
import os
import signal

import pytest

from rallypoint.agents.rounds.placement import Placement
from rallypoint.agents.tabular.tables import load_tables
from rallypoint.agents.tabular.teams import Teams
from rallypoint.agents.train import Training, train
from rallypoint.errors import InvalidConfig
from rallypoint.safety.threat_model import ThreatModel

pytestmark = [
    pytest.mark.usefixtures("nodes"),
    pytest.mark.filterwarnings("default"),  # Ray's own
]
COUNT = 5
MODEL = ThreatModel.from_dict(
    {
        "byzantine": {"count": 2},
        "threats": [
            {"kind": "random_action", "victims": "byzantine", "when": {"every": 3}},
            {"kind": "interruption", "victims": ["agent_0"], "theta": 0.3, "policy": "freeze"},
        ],
    }
)
GATHERING = {"env": "gathering-v0", "env_settings": {"num_agents": 4, "max_cycles": 50}}


def placed(actors):
    return Placement(address="auto", actors=actors, cpus=0.5, source="installed")


def teams(agent="q_learning", **settings):
    given = {**GATHERING, "steps": 2000, "seed": 7, "threats": MODEL, "keeps_digests": True}
    return Teams(agent=agent, **{**given, **settings})


def plain(block):
    taught = block.taught
    arrays = (taught.tables, taught.kept_share, taught.enough_data)
    return (
        taught.digests,
        [None if array is None else (array.shape, array.tobytes()) for array in arrays],
        (taught.steps, taught.episodes, taught.meta_episodes),
        [receipt.to_dict() for receipt in block.receipts],
        block.wrong,
    )


@pytest.mark.parametrize(
    ("one", "crews"),
    [
        (teams(), (1, 2, 4)),
        (teams("sarsa", settings={"processing": "drop_own", "min_kept_share": 0.5}), (2,)),
        (teams("tabular_reinforce", threats=None, env="shutdown-delay-v0", env_settings={}), (4,)),
    ],
    ids=lambda given: given.agent if isinstance(given, Teams) else "",
)
def test_one_two_and_four_actors_learn_the_bits_of_this_process(one, crews):
    here = plain(one.trained(COUNT))
    assert len(set(here[0])) == COUNT  # no team lives what another does
    for actors in crews:
        assert plain(one.trained(COUNT, placement=placed(actors))) == here


class Mortal(Teams):
    """Whose first attempt at a block dies with its process."""

    def block(self, whom, *, record=None):
        try:
            os.close(os.open(f"{self.settings['folder']}/{whom[0]}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return teams().block(whom)
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def test_what_a_dead_process_was_at_is_learned_again_elsewhere(tmp_path):
    from rallypoint.agents.rounds.cluster.errands import deal
    from rallypoint.agents.tabular.teams import united

    mortal = Mortal(agent="q_learning", steps=1, env="", settings={"folder": str(tmp_path)})
    found = united(deal(Mortal.block, mortal, COUNT, placed(2)))
    assert plain(found) == plain(teams().trained(COUNT))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "2"]


def test_a_training_by_name_leaves_the_same_folders(tmp_path):
    training = Training(
        agent="q_learning", steps=2000, seed=7, copies=3, threats=MODEL, **GATHERING
    )
    here = train(training, tmp_path / "here")
    there = train(training, tmp_path / "there", placement=placed(2))
    assert there == here
    assert here.metrics["teams"] == 3
    for place in ("", "teams/1", "teams/2"):
        here, there = (tmp_path / name / place for name in ("here", "there"))
        assert (here / "agent.json").read_bytes() == (there / "agent.json").read_bytes()
        tables = [load_tables(folder / "tables.safetensors")[0] for folder in (here, there)]
        assert tables[0].tobytes() == tables[1].tobytes()
    alone = train(dataclasses.replace(training, copies=None), tmp_path / "alone")
    assert "teams" not in alone.metrics
    found, first = (
        load_tables(tmp_path / name / "tables.safetensors")[0] for name in ("alone", "here")
    )
    assert found.tobytes() == first.tobytes()


def test_what_happens_there_is_not_recorded(tmp_path):
    training = Training(agent="q_learning", steps=100, record=True, **GATHERING)
    with pytest.raises(InvalidConfig, match="leave out --record"):
        train(training, tmp_path, placement=placed(1))
