"""Saved policies: read back bit for bit, without running anything, or refused in a sentence."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.sb3.algorithms import algorithm
from rallypoint.agents.sb3.building import untrained
from rallypoint.agents.sb3.saved import load_policy
from rallypoint.agents.sb3.training import train_sb3
from rallypoint.draws import Draws
from rallypoint.errors import UnreadableFile
from tests.agents.sb3.every_algorithm import world
from tests.envs.views.worlds import Match, Teams

SETTINGS = {"n_steps": 8, "policy_kwargs": {"net_arch": [8], "activation_fn": "ReLU"}}


@pytest.fixture
def folder(tmp_path):
    """Return where a small policy for three agents on a ring was saved."""
    train_sb3(
        "gathering-v0",
        "sb3:PPO",
        steps=48,
        copies=2,
        env_settings={"num_agents": 3, "max_cycles": 6},
        settings=SETTINGS,
        out=tmp_path,
    )
    return tmp_path


def ring(**settings):
    return rallypoint.make("gathering-v0", **{"num_agents": 3, "max_cycles": 6} | settings)


def test_a_policy_comes_back_bit_for_bit(tmp_path):
    env = Match(copies=9)
    trained = train_sb3(env, "sb3:PPO", steps=64, settings=SETTINGS, out=tmp_path)
    read = load_policy(tmp_path, env)
    seen = env.reset(3)
    np.testing.assert_array_equal(read.outputs(seen), trained.policy.outputs(seen))
    for policy in (read, trained.policy):
        policy.acted = policy.act(seen, Draws(1, "test/back", env.copies))["agents"]
    np.testing.assert_array_equal(read.acted, trained.policy.acted)


@pytest.mark.parametrize("name", ["PPO", "DQN", "TD3"])
def test_what_is_made_to_act_brings_no_optimiser_of_torchs_and_so_not_its_compiler(name):
    policy_kwargs = {"net_arch": [8], "optimizer_class": "SGD"}
    made = untrained(
        algorithm(f"sb3:{name}"), world(name).groups[0], {"policy_kwargs": policy_kwargs}
    )
    of_parts = (vars(part).get("optimizer") for part in made.policy.modules())
    (idle, *others) = (one for one in of_parts if one is not None)
    assert not any(isinstance(one, torch.optim.Optimizer) for one in (idle, *others))


def test_a_policy_carries_over_to_more_agents(folder):
    more = ring(num_agents=7, copies=2)
    first, again = (
        evaluate(more, load_policy(folder, more), episodes=4, seed=2).summary() for _ in range(2)
    )
    assert list(first["return_by_agent"]) == list(more.agents)
    assert first["length_mean"] == 6
    assert first == again


def test_nothing_is_unpickled(folder, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("unpickled")

    for module, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(module, name, refuse)
    load_policy(folder, ring())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ring(cells=9), r"for observations .*\[13\].*has .*\[9\].*settings it was trained"),
        (Teams, "acts for a group 'agents', and teams-v0 has none"),
    ],
    ids=["shape", "group"],
)
def test_other_spaces_are_refused(folder, make, says):
    with pytest.raises(UnreadableFile, match=says):
        load_policy(folder, make())


def test_actions_of_another_kind_are_refused(folder):
    env = Match(num_agents=3)
    env.groups = (env.groups[0]._replace(observation_space=ring().groups[0].observation_space),)
    with pytest.raises(UnreadableFile, match="for actions"):
        load_policy(folder, env)


@pytest.mark.parametrize("file", ["agent.json", "policy.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise"])
def test_damaged_files_are_refused(folder, file, damage):
    path = folder / file
    whole = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(
            {"empty": b"", "cut": whole[: len(whole) // 2], "noise": b"\x80" * 99}[damage]
        )
    with pytest.raises(UnreadableFile, match=file):
        load_policy(folder, ring())


@pytest.mark.parametrize(
    "change",
    [
        {"format": "rallypoint-sb3-9"},
        {"agent": "sb3:DQN"},
        {"settings": {"policy_kwargs": {"net_arch": [9]}}},
        {"settings": 3},
        {"spaces": {}},
        {"group": "others"},
    ],
    ids=["format", "agent", "net", "settings", "spaces", "group"],
)
def test_files_that_tell_something_else_are_refused(folder, change):
    path = folder / "agent.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UnreadableFile):
        load_policy(folder, ring())


def test_parameters_that_are_no_numbers_are_refused(folder):
    path = folder / "policy.safetensors"
    parameters = load_file(path)
    parameters["action_net.bias"][1] = np.nan
    save_file(parameters, path)
    with pytest.raises(UnreadableFile, match=r"action_net.bias has entries that are no finite"):
        load_policy(folder, ring())
