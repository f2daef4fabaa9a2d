"""The whole experiment, small: cells, receipts, effects, and what it refuses."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from rallypoint.agents.evaluation import evaluate
from rallypoint.claims import Claim
from rallypoint.experiments.experiment import Metric, Receipts, Row
from rallypoint.experiments.factorial import measure as measure_module
from rallypoint.experiments.factorial.config import FactorialConfig
from rallypoint.experiments.factorial.measure import measure, switches, threat_model
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from tests.experiments.factorial.miniature import MINIATURE, SEEDS
from tests.experiments.in_miniature import of_kind


def test_every_cell_is_trained_and_every_effect_told(findings):
    rows = [row.values for row in of_kind(findings, Row)]
    assert len(rows) == 4 * len(SEEDS)
    assert {row["condition"] for row in rows} == {"none", "presence", "action", "presence+action"}
    claims = of_kind(findings, Claim)
    told = {claim.id: claim.measured for claim in claims}
    means = {
        name: np.mean([row["return"] for row in rows if row["condition"] == name])
        for name in ("none", "presence", "action", "presence+action")
    }
    assert told["factorial/presence+action"] == pytest.approx(
        means["presence+action"] - means["presence"] - means["action"] + means["none"]
    )
    assert told["factorial/presence"] == pytest.approx(
        (means["presence+action"] + means["presence"] - means["action"] - means["none"]) / 2
    )
    undecided = {claim.id.partition("/")[2] for claim in claims if claim.verdict == "undecided"}
    metrics = [metric.name for metric in of_kind(findings, Metric)]
    assert {name.partition("/")[0] for name in metrics if "/seeds-needed" in name} <= undecided
    lied = {receipts.condition.partition("/")[0] for receipts in of_kind(findings, Receipts)}
    assert lied == {"presence", "action", "presence+action"}


def test_channels_and_threats_are_switched():
    ours = threat_model(FactorialConfig())
    by_channel = switches(ours, "channel")
    assert [switch.name for switch in by_channel] == [
        *("observation", "action", "interruption", "update")
    ]
    doubled = ThreatModel.from_dict({"threats": [{"kind": "stutter"}, {"kind": "stutter"}]})
    assert [switch.threats for switch in switches(doubled, "channel")] == [(0, 1)]
    assert [switch.name for switch in switches(doubled, "threat")] == ["stutter-0", "stutter-1"]


def test_a_cell_is_the_training_that_its_file_alone_makes():
    model = threat_model(MINIATURE)
    first, second = switches(model, "threat")
    together, alone = (
        measure(MINIATURE, model, [first, second], 0),
        measure(MINIATURE, model, [second], 0),
    )
    assert [r.kind for r in together.outcome.receipts] == ["constant_action", "crash"]
    assert [r.kind for r in alone.outcome.receipts] == ["crash"]
    assert alone.wrong == together.wrong == ()
    assert measure(MINIATURE, model, [second], 0).worth == alone.worth


def test_who_is_drawn_to_be_byzantine_is_none_whose_return_counts():
    drawn = {"kind": "constant_action", "victims": "byzantine", "action": 0}
    model = ThreatModel.from_dict(
        {"byzantine": {"count": 2}, "threats": [drawn, {"kind": "stutter"}]}
    )
    config = dataclasses.replace(MINIATURE, env="torus-small-v0", env_settings={}, agent="gpomdp")
    small = {"steps": 20, "tests": 6, "copies": 2, "team": {"contributors": "team"}}
    config = dataclasses.replace(config, response="lived", **small)
    asked = []

    def playing(world, policy, *, episodes, seed):
        found = evaluate(world, policy, episodes=episodes, seed=seed)
        again = Threatened(make("torus-small-v0", copies=episodes), model, seed=0)
        again.reset(seed)
        asked.append(found.returns[~again.byzantine].mean())
        assert again.byzantine.sum(axis=1).tolist() == [2] * episodes
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure_module, "evaluate", playing)
        both = switches(model, "threat")
        told = [measure(config, model, on, 0).worth for on in ([], both[:1], both)]
    assert told == pytest.approx(asked)


def test_another_world_or_learner_has_its_own_settings_unless_some_are_given():
    ours = FactorialConfig()
    assert (ours.world, ours.contributors["byzantine"]) == ({"num_agents": 10}, 2)
    assert ours.learner["minibatch"] == 500
    other_learner = FactorialConfig(agent="sb3:PPO")
    assert other_learner.world == ours.world
    assert other_learner.learner == other_learner.contributors == {}
    other_world = FactorialConfig(env="cartpole-v1", team={"workers": 3})
    assert (other_world.world, other_world.learner) == ({}, {})
    assert other_world.contributors == {"workers": 3}


def test_any_learner_is_trained_in_any_world_without_a_word_more(rallypoint):
    file = str(Path(__file__).with_name("two.toml"))
    small = ("--steps", 64, "--tests", 2, "--copies", 2, "--seeds", 1)
    for env, agent in (("torus-small-v0", "sb3:PPO"), ("gathering-v0", "a2c")):
        words = ("--threats", file, "--env", env, "--agent", agent)
        done = rallypoint("run", "factorial", *words, *small, "--out", agent[:3])
        assert done.status == 0, done.err


def test_liars_among_workers_are_no_agents_of_the_world(rallypoint):
    Path("lies.toml").write_text(
        "format = 1\n[byzantine]\nmembers = [0, 2]\n"
        "[[threats]]\nkind = 'sign_flip'\nvictims = 'byzantine'\n"
        "[[threats]]\nkind = 'stutter'\n"
    )
    workers = '{"contributors": "workers", "workers": 4, "byzantine": 1, "aggregator": "median"}'
    words = ("--env", "cartpole-v1", "--threats", "lies.toml", "--team", workers)
    small = ("--steps", 64, "--tests", 2, "--copies", 4, "--seeds", 1)
    done = rallypoint("run", "factorial", *words, *small, "--out", "run")
    assert done.status == 0, done.err
    rows = [json.loads(row) for row in Path("run/metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 4
    assert all(row["return"] >= 1 for row in rows)


def test_a_folder_tells_all_of_the_file_and_is_run_again_without_it(rallypoint):
    Path("one.toml").write_text("format = 1\n[[threats]]\nkind = 'stutter'\n")
    Path("two.toml").write_text("format = 1\n[[threats]]\nkind = 'noisy_action'\n")
    words = ("--env", "gathering-v0", "--agent", "q_learning", "--steps", 200, "--tests", 2)
    two = ("--set", "threats=one.toml,two.toml", "--seeds", 1, "--out", "run")
    done = rallypoint("run", "factorial", *words, *two)
    assert done.status == 0, done.err
    told = json.loads(Path("run/threats=two.toml/manifest.json").read_text())["config"]["threats"]
    assert [threat["kind"] for threat in told["threats"]] == ["noisy_action"]
    Path("one.toml").unlink()
    Path("two.toml").write_text("format = 1\n[[threats]]\nkind = 'crash'\n")
    for folder in ("run", "run/threats=two.toml"):
        done = rallypoint("verify", folder, "--all", "--json")
        assert done.status == 0, done.err
        states = {
            each["what"].split(" ")[-1]: each["state"] for each in json.loads(done.out)["findings"]
        }
        assert states["command"] == states["rows"] == "same"


REFUSED = {
    "no such file": (("--threats", "nowhere.toml"), "cannot read threat file"),
    "nothing to switch": (("--threats", "empty.toml"), "nothing to switch"),
    "too few cells": (("--cells", 2), "cells is a number >= 4"),
    "no such contributor": (
        ("--threats", "lies.toml", "--agent", "ppo", "--env", "gathering-v0"),
        "there is no agent 1: indices are 0 … 0; asked for are contributors, who are 1 here",
    ),
    "nobody is honest": (
        ("--threats", "one.toml", "--agent", "ppo", "--env", "cartpole-v1", "--steps", 64),
        "all agents of cartpole-v1 are Byzantine",
    ),
    "no such agent": (("--agent", "q_lerning"), "did you mean 'q_learning'?"),
    "no such env": (("--env", "toruss-v0"), "did you mean 'torus-v0'?"),
    "no such key": (("--team", '{"worker": 3}'), "did you mean 'workers'?"),
    "no such threat": (("--threats", "unknown.toml"), "no threat is called 'craash'"),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_in_one_line(words, says, rallypoint):
    Path("empty.toml").write_text("format = 1\n")
    byzantine = '[byzantine]\nmembers = [0, 1]\n[[threats]]\nkind = "sign_flip"'
    Path("lies.toml").write_text(f'format = 1\n{byzantine}\nvictims = "byzantine"\n')
    one = "[byzantine]\nmembers = [0]\n[[threats]]\nkind = 'stutter'\nvictims = 'byzantine'\n"
    Path("one.toml").write_text(f"format = 1\n{one}[[threats]]\nkind = 'noisy_action'\n")
    Path("unknown.toml").write_text("format = 1\n[[threats]]\nkind = 'craash'\n")
    done = rallypoint("run", "factorial", *words, "--out", "run")
    assert done.status == 2
    assert says in done.err
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert not Path("run").exists()  # where an earlier run may be


@pytest.mark.parametrize("response", ["learned", "lived"])
def test_threats_that_know_the_policy_are_switched_as_others_are(response):
    lies = {"kind": "mad", "budget": {"reach": {"step": 0.2}}}
    model = ThreatModel.from_dict({"threats": [lies]})
    config = FactorialConfig(
        env="cartpole-v1", agent="gpomdp", steps=100, copies=4, tests=4, response=response
    )
    cell = measure(config, model, switches(model, "threat"), 0)
    assert [receipt.kind for receipt in cell.tested] == ["mad"] * (response == "lived")
    assert all(sum(receipt.applications.values()) for receipt in cell.tested)
