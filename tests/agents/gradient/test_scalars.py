"""Curves for TensorBoard: those of the rows, under SB3's names."""

import json
from contextlib import closing
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.scalars import EVENTS, Scalars
from rallypoint.agents.train import Training, train
from rallypoint.errors import UnwritablePath

TRAINING = Training(
    env="matching-game-v0",
    agent="gpomdp",
    steps=300,
    env_settings={"max_cycles": 5},
    team=Team(contributors="workers", workers=3),
)


def curves(folder):
    told = EventAccumulator(str((folder / EVENTS).parent))
    told.Reload()
    return {
        name: {event.step: event.value for event in told.Scalars(name)}
        for name in told.Tags()["scalars"]
    }


def test_curves_are_those_of_the_rows_under_the_names_of_sb3(tmp_path):
    rows = []
    train(TRAINING, tmp_path, say=rows.append)
    assert rows
    found = curves(tmp_path)
    for key, name in (
        ("return", "rollout/ep_rew_mean"),
        ("length", "rollout/ep_len_mean"),
        ("round", "time/iterations"),
        ("steps", "time/total_timesteps"),
        ("cosine", "train/cosine"),
    ):
        told = {row["steps"]: row[key] for row in rows if row[key] is not None}
        assert found[name] == pytest.approx(told)
    believed = {row["steps"]: row["believed"]["worker_2"] for row in rows}
    assert found["train/believed/worker_2"] == pytest.approx(believed)
    assert all(speed > 0 for speed in found["time/fps"].values())


def test_how_far_honest_updates_spread_is_told_beside_what_the_rule_can_stand(tmp_path):
    rows = []
    for rule in ("krum", "caf"):
        team = Team(contributors="workers", workers=5, byzantine=1, aggregator=rule)
        train(replace(TRAINING, team=team), tmp_path / rule, say=rows.append)
    told = {row["variance_to_norm_limit"] for row in rows}
    assert told == {round(1 / 4.242641, 6), None}
    found = curves(tmp_path / "krum")["train/variance_to_norm_limit"]
    assert list(found.values()) == pytest.approx([0.235702] * len(found))


def test_another_dashboard_is_handed_the_same_curves(tmp_path):
    told = {}
    train(TRAINING, tmp_path, watch=told.__setitem__)
    found = curves(tmp_path)
    assert found.keys() == {name for scalars in told.values() for name in scalars}
    for name, curve in found.items():
        of_name = {step: scalars[name] for step, scalars in told.items() if name in scalars}
        assert of_name == pytest.approx(curve), name


def test_so_it_is_of_an_agent_of_sb3(tmp_path):
    settings = {"n_steps": 5, "batch_size": 20}
    training = replace(TRAINING, agent="sb3:PPO", copies=2, settings=settings, steps=60, team=None)
    told, rows = {}, []
    train(training, tmp_path, watch=told.__setitem__, say=rows.append)
    assert list(told.values()) == rows
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in events.Tags()["scalars"]:
        curve = {event.step: event.value for event in events.Scalars(name)}
        assert {s: scalars[name] for s, scalars in told.items() if name in scalars} == (
            pytest.approx(curve, rel=1e-6)
        )
    names = set(events.Tags()["scalars"])
    ours = tmp_path / "ours"
    train(TRAINING, ours)
    # Of names for what rollouts and time are like, theirs are ours.
    assert {n for n in names if n.startswith(("rollout/ep_", "time/"))} <= set(curves(ours))


def test_a_training_that_goes_on_has_each_round_once(tmp_path):
    train(TRAINING, tmp_path)
    whole = curves(tmp_path)
    rows = []
    train(TRAINING, tmp_path, resume=True, say=rows.append)
    again = curves(tmp_path)
    assert "time/fps" not in again  # rows of before come all at once
    assert again["rollout/ep_rew_mean"] == whole["rollout/ep_rew_mean"]


def test_what_is_left_open_is_left_out(tmp_path):
    with closing(Scalars(tmp_path)) as scalars:
        scalars.add({"steps": 5, "return": None, "cosine": 0.5})
    found = curves(tmp_path)
    assert "rollout/ep_rew_mean" not in found
    assert found["train/cosine"] == {5: 0.5}


def test_a_folder_that_takes_no_files_is_named(tmp_path):
    (tmp_path / "tensorboard").write_text(json.dumps("somebody's"))
    with pytest.raises(UnwritablePath, match="tensorboard"):
        Scalars(tmp_path)
