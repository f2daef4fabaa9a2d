"""The worked threat files: the same file on every path, and what a path cannot carry is said."""

import json

import pytest

import rallypoint as package
from rallypoint.envs.conformance import assert_is_env
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, SITES
from tests.tree import ROOT

FILES = sorted((ROOT / "docs" / "threat-files").glob("*.toml"))
WORLD = ("--env", "torus-small-v0", "--env-set", "num_agents=4", "--env-set", "max_cycles=24")
CONTRIBUTING = {
    "team": ("--contributors", "team"),
    "workers": ("--workers", 4),
}
PPO = ("--agent", "ppo", "--byzantine", 1, "--aggregator", "median", "--copies", 4)
SMALL = ("--set", "steps=24", "--set", "policy=[8]", "--set", "value=[8]", "--steps", 768)
SB3 = ("--agent", "sb3:PPO", "--copies", 4, "--set", "n_steps=24", "--set", "batch_size=96")

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def named(stem):
    return next(file for file in FILES if file.stem == stem)


def kinds_of(file, *, in_world=False):
    model = ThreatModel.from_toml(file)
    return [threat.kind for threat in (model.in_world() if in_world else model).threats]


def of_rounds(file):
    return [t.kind for t in ThreatModel.from_toml(file).at(*OF_ROUNDS).threats]


def receipts_of(folder):
    told = json.loads((folder / "receipts.json").read_text())
    assert told["valid"]
    return told["receipts"]["training"]


def test_there_is_one_for_each_channel_and_one_for_all():
    stems = [file.stem for file in FILES]
    assert stems == ["interruption", "perception", "teammate", "together", "updates"]
    sites = {file.stem: {t.site for t in ThreatModel.from_toml(file).threats} for file in FILES}
    assert sites["interruption"] == {"interruption"}
    assert sites["perception"] == {"observation"}
    assert sites["teammate"] == {"presence", "action"}
    assert sites["updates"] == {"feedback", "update"}
    assert sites["together"] == {"interruption", "observation", "action", "update"}


@every_file
def test_it_can_be_meant_and_is_told_in_order(file, rallypoint):
    done = rallypoint("threats", "check", file, *WORLD, "--team", "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)["threats"]
    assert sorted(threat["kind"] for threat in told) == sorted(kinds_of(file))
    sites = [SITES.index(threat["site"]) for threat in told]
    assert sites == sorted(sites)


@pytest.mark.parametrize("who", CONTRIBUTING)
@every_file
def test_contributors_learn_under_it_and_what_they_learned_lives_under_it(
    file, who, rallypoint, tmp_path
):
    words = ("train", *WORLD, *PPO, *CONTRIBUTING[who], *SMALL, "--threats", file, "--out", "run")
    done = rallypoint(*words)
    assert done.status == 0, done.err
    assert "without" not in done.out
    receipts = receipts_of(tmp_path / "run")
    assert sorted(receipt["kind"] for receipt in receipts) == sorted(kinds_of(file))
    by_number = sorted(receipts, key=lambda receipt: receipt["index"])
    assert [receipt["kind"] for receipt in by_number] == kinds_of(file)  # as the file has them
    assert all(receipt["opportunities"] for receipt in receipts)
    if who == "workers":
        return
    record = ("--record", "lived")
    done = rallypoint("evaluate", "run", "--episodes", 4, "--threats", file, *record, "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["valid"]
    assert told["left_out"] == of_rounds(file)
    assert [receipt["kind"] for receipt in told["receipts"]] == kinds_of(file, in_world=True)
    done = rallypoint("evaluate", "run", "--episodes", 4, "--threats", file)
    for receipt in told["receipts"]:
        count = sum(receipt["applications"].values())
        assert f"  {receipt['kind']}: {count} agent-steps of " in done.out


@every_file
def test_an_agent_of_sb3_learns_under_it_and_is_told_what_it_does_not_meet(
    file, rallypoint, tmp_path
):
    words = ("train", *WORLD, *SB3, "--set", "n_epochs=1", "--steps", 384, "--threats", file)
    done = rallypoint(*words, "--record", "--out", "run")
    assert done.status == 0, done.err
    left_out = of_rounds(file)
    said = f"without {', '.join(left_out)}: sb3:PPO sends no updates to a server"
    assert (said in done.out) == bool(left_out)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest.get("left_out", []) == left_out
    receipts = receipts_of(tmp_path / "run")
    assert [receipt["kind"] for receipt in receipts] == kinds_of(file, in_world=True)


def test_learners_of_tables_are_told_what_they_do_not_meet(rallypoint):
    file = named("updates")
    words = ("train", "--env", "gathering-v0", "--agent", "q_learning", "--steps", 100)
    done = rallypoint(*words, "--threats", file, "--out", "run")
    assert done.status == 0, done.err
    assert "without sign_flip: q_learning sends no updates to a server" in done.out


def test_a_world_under_all_of_them_is_a_world():
    threats = ThreatModel.from_toml(named("together")).in_world()
    made = []

    def make(copies, **settings):
        team = {"num_agents": 4, "max_cycles": 24}
        bare = package.make("torus-small-v0", copies=copies, **team, **settings)
        made.append(Threatened(bare, threats))
        return made[-1]

    assert_is_env(make, processes=False)
    for world in made:
        assert disagreements(threats, world.receipts()) == []


def test_an_experiment_switches_its_channels(rallypoint, tmp_path):
    file = named("together")
    env = '{"num_agents": 4, "max_cycles": 12}'
    small = ("--env", "torus-small-v0", "--env-settings", env, "--steps", 96, "--tests", 2)
    team = '{"contributors": "team", "byzantine": 1, "aggregator": "median"}'
    ppo = '{"steps": 12, "policy": [8], "value": [8]}'
    words = ("--team", team, "--agent-settings", ppo, "--copies", 2, "--cells", 8)
    done = rallypoint("run", "factorial", "--threats", file, *small, *words, "--seeds", 2)
    assert done.status == 0, done.err
    [folder] = (tmp_path / "runs").glob("factorial*")
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert len({row["condition"] for row in rows}) == 8
    assert "none" in {row["condition"] for row in rows}


def test_an_experiment_refuses_channels_that_its_learner_does_not_have(rallypoint):
    file = named("updates")
    small = ("--env", "gathering-v0", "--agent", "q_learning", "--steps", 100, "--tests", 2)
    settings = ("--team", "{}", "--agent-settings", "{}", "--env-settings", '{"num_agents": 3}')
    done = rallypoint("run", "factorial", "--threats", file, *small, *settings, "--seeds", 1)
    assert done.status == 2
    assert "sign_flip would change nothing" in done.err


def test_the_page_shows_every_file_as_it_is():
    page = (ROOT / "docs" / "threat-files.md").read_text()
    for file in FILES:
        assert f"```toml\n{file.read_text()}```" in page, file.name
        assert f"threat-files/{file.name}" in page
