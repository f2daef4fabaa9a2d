"""Trainings by contributors on record: whatever their manner, and to the same bits."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates.recording import read_all_updates

LIES = (
    {"kind": "sign_flip", "victims": "byzantine", "when": {"every": 2}},
    {"kind": "packet_loss", "fill": "zero", "loss": 0.3, "when": {"probability": 0.5}},
)
EQUIVOCATION = {"kind": "equivocation", "when": {"from": 1}}
MANNERS = {
    "synchronous": ({}, LIES, {"updates"}),
    "kardam": ({"coefficient": "versions"}, LIES, {"updates"}),
    "replicated_servers": ({"servers": 5}, (*LIES, EQUIVOCATION), {"updates", "servers"}),
    "peers": (
        {"updates": "shared", "mixing": "mda"},
        (*LIES, EQUIVOCATION),
        {"updates", "servers", "servers-2"},
    ),
}


def training(manner, *, record=True, vectors=False, threats=True, rounds=4):
    settings, lies, _ = MANNERS[manner]
    model = ThreatModel.from_dict({"byzantine": {"members": [1]}, "threats": list(lies)})
    return TeamTraining(
        env="cartpole-v1",
        agent="gpomdp",
        steps=160 * rounds,
        copies=5,
        settings={"policy": (4,), "steps": 32},
        threats=model if threats else None,
        team=Team(
            workers=5,
            byzantine=1,
            aggregator="trimmed_mean",
            protocol=manner,
            protocol_settings=settings,
        ),
        record=record,
        record_vectors=vectors,
    )


def trained(out, manner, **settings):
    team = training(manner, **settings)
    team.run(out, say=lambda _: None)
    return team, *team.account()


@pytest.mark.parametrize("manner", MANNERS)
def test_whatever_is_sent_is_recorded_and_changes_nothing(tmp_path, manner):
    _, receipts, wrong = trained(tmp_path / "on", manner)
    _, told, _ = trained(tmp_path / "off", manner, record=False)
    assert (receipts, wrong) == (told, [])
    policies = [(tmp_path / way / "policy.safetensors").read_bytes() for way in ("on", "off")]
    assert policies[0] == policies[1]
    folder = tmp_path / "on" / "recording"
    assert {path.name for path in folder.iterdir()} == MANNERS[manner][2]
    assert not (tmp_path / "off" / "recording").exists()
    again = training(manner)
    assert again.frames.faults(folder, receipts) == []
    for place, receipt in enumerate(receipts):
        forged = [*receipts]
        forged[place] = replace(receipt, opportunities=receipt.opportunities + 1)
        assert again.frames.faults(folder, forged)
    for name in MANNERS[manner][2]:
        parts = list(read_all_updates(folder / name))
        assert sum(len(part.rows) for part in parts) > 0


def test_vectors_are_those_of_the_digests_and_take_the_room_they_take(tmp_path):
    trained(tmp_path / "short", "synchronous")
    trained(tmp_path / "long", "synchronous", vectors=True)
    [short], [long] = (
        read_all_updates(tmp_path / way / "recording" / "updates") for way in ("short", "long")
    )
    for name, array in short.arrays().items():
        assert array.tobytes() == getattr(long, name).tobytes()
    assert np.allclose(np.linalg.norm(long.found.astype(float), axis=1), long.norms)
    assert np.allclose(np.linalg.norm(long.sent.astype(float), axis=1), long.norms_sent)


def test_without_threats_what_is_found_is_recorded_all_the_same(tmp_path):
    team, receipts, wrong = trained(tmp_path, "synchronous", threats=False)
    assert (receipts, wrong) == ((), [])
    [part] = read_all_updates(tmp_path / "recording" / "updates")
    assert len(part.rows) == 0
    assert set(part.counts.tolist()) == {5}
    assert team.frames.faults(tmp_path / "recording", ()) == []
