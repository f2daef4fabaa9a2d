"""Of a training on record, rows tell a digest of what each contributor lived."""

import pytest

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.train import Training, train
from rallypoint.safety.threat_model import ThreatModel

NAMES = [f"worker_{place}" for place in range(4)]
PROTOCOLS = {
    "synchronous": {},
    "kardam": {"byzantine": 1},
    "buffered": {},
    "replicated_servers": {"workers": 8},
    "peers": {"workers": 6},
}


def rows_of(out, *, record=True, seed=0, threats=None, **team):
    training = Training(
        env="cartpole-v1",
        agent="gpomdp",
        steps=2000,
        seed=seed,
        settings={"policy": [4]},
        threats=threats,
        record=record,
        team=Team(**{"workers": 4, **team}),
    )
    rows = []
    train(training, out, say=lambda row: rows.append(dict(row)))
    return rows


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_everybody_who_plays_has_a_digest_of_their_own_in_every_round(protocol, tmp_path):
    team = {"protocol": protocol, **PROTOCOLS[protocol]}
    rows = rows_of(tmp_path / "on", **team)
    told = [digest for row in rows for digest in row["lived"].values()]
    assert len(told) > len(rows) > 1
    assert len(set(told)) == len(told)
    assert all(len(digest) == 32 for digest in told)
    names = {name for row in rows for name in row["lived"]}
    assert names == {f"worker_{place}" for place in range(team.get("workers", 4))}
    again = rows_of(tmp_path / "again", **team)
    assert [row["lived"] for row in again] == [row["lived"] for row in rows]
    for row in rows_of(tmp_path / "off", record=False, **team):
        assert "lived" not in row


def test_recording_changes_nothing_else_and_another_seed_is_another_life(tmp_path):
    plain = rows_of(tmp_path / "off", record=False)
    recorded = rows_of(tmp_path / "on")
    assert [{k: v for k, v in row.items() if k != "lived"} for row in recorded] == plain
    other = rows_of(tmp_path / "other", seed=1)
    assert not {*recorded[0]["lived"].values()} & {*other[0]["lived"].values()}


def test_of_whom_the_world_was_another_the_digest_is_another_and_of_nobody_else(tmp_path):
    lies = {"kind": "random_action", "victims": "byzantine"}
    model = ThreatModel.from_dict({"byzantine": {"members": [2]}, "threats": [lies]})
    honest = rows_of(tmp_path / "honest")[0]["lived"]
    attacked = rows_of(tmp_path / "attacked", threats=model)[0]["lived"]
    assert [name for name in NAMES if honest[name] != attacked[name]] == ["worker_2"]
