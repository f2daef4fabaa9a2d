"""Training and evaluating on record."""

import json

import pytest

from rallypoint.safety.recording_files import read_recordings

CRASH_AND_STOP = """
[[threats]]
kind = "crash"
victims = { fraction = 0.3 }
when = { from = 5 }
mode = "frozen"

[[threats]]
kind = "interruption"
theta = 0.2
"""


@pytest.fixture
def threats(tmp_path):
    path = tmp_path / "threats.toml"
    path.write_text(CRASH_AND_STOP)
    return path


def test_training_on_record_writes_what_happened_and_what_receipts_say(
    rallypoint, tmp_path, threats
):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    done = rallypoint(*train, "--threats", threats, "--record", "--out", "run")
    assert done.status == 0, done.err
    recordings = list(read_recordings(tmp_path / "run" / "recording"))
    assert sum(part.began.sum() for part in recordings) == 4
    told = json.loads((tmp_path / "run" / "receipts.json").read_text())
    assert told["valid"]
    crash, stop = told["receipts"]["training"]
    assert sum(part.interrupted.sum() for part in recordings) == sum(stop["applications"].values())
    assert sum(crash["applications"].values()) == 3 * 4


def test_evaluating_on_record_leaves_the_numbers_as_they_were(rallypoint, tmp_path, threats):
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    assert rallypoint(*train, "--out", "run").status == 0
    evaluate = ("evaluate", "run", "--episodes", 5, "--threats", threats, "--json")
    plain = rallypoint(*evaluate)
    recorded = rallypoint(*evaluate, "--record", "seen")
    assert plain.status == 0
    assert json.loads(recorded.out) == json.loads(plain.out)
    parts = list(read_recordings(tmp_path / "seen"))
    assert sum(part.num_steps for part in parts) == 2 * 65  # once by draws, once greedily


def test_a_run_whose_receipts_the_recording_belies_is_invalid(rallypoint, threats, monkeypatch):
    from rallypoint.safety import recorder

    nothing = recorder.Recount(*({} for _ in recorder.Recount._fields))
    monkeypatch.setattr(recorder, "recount", lambda part: nothing)
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 2000)
    done = rallypoint(*train, "--threats", threats, "--record", "--out", "run")
    assert done.status == 1
    assert "0 in the recording" in done.err


@pytest.mark.parametrize(
    ("threat", "says"),
    [
        ('policy = { folder = "nowhere" }', "nothing was trained into it"),
        ('initiation = { log = "nowhere" }', "cannot read the log nowhere"),
        ('initiation = { region = "I" }', "needs regions"),
    ],
)
def test_threats_that_cannot_be_meant_are_usage_errors(rallypoint, tmp_path, threats, threat, says):
    threats.write_text(f'[[threats]]\nkind = "interruption"\n{threat}\n')
    train = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--threats", threats)
    done = rallypoint(*train)
    assert done.status == 2
    assert says in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["threats.toml"]
