"""Learners of tables by their names, into a folder and back."""

import numpy as np
import pytest

from rallypoint.agents import agents
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.saved import load_policies, read_saved
from rallypoint.agents.tabular.encoding import Index
from rallypoint.agents.tabular.tables import load_tables
from rallypoint.agents.train import Training, check, train
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.registration import make
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.interruption import Interruption

TABULAR = ["joint_q_learning", "q_learning", "tabular_reinforce", "safe_sarsa", "sarsa"]


def training(agent, env="two-car-road-v0", **more):
    return Training(env=env, agent=agent, **({"steps": 2000} | more))


@pytest.mark.parametrize("name", TABULAR)
def test_a_learner_is_trained_saved_and_acts_from_what_was_saved(tmp_path, name):
    settings = {"mini_episodes": 4} if name == "tabular_reinforce" else {}
    metrics = train(training(name, settings=settings), tmp_path).metrics
    assert metrics["steps"] >= 2000
    tables, encoding = load_tables(tmp_path / "tables.safetensors")
    env = make("two-car-road-v0", copies=4)
    counts = [group.action_space.n for group in env.groups for _ in group.agents]
    assert tables.shape == (2, encoding.num_states, max(counts))
    assert np.isfinite(tables[0]).all(axis=0).sum() == counts[0]
    policies = load_policies(tmp_path, env)
    assert read_saved(tmp_path).softmax is (name == "tabular_reinforce")
    for policy in policies.values():
        assert np.isfinite(evaluate(env, policy, episodes=4, seed=0).returns).all()


def test_every_tabular_learner_is_registered_with_its_source():
    for name in [*TABULAR, "traced_q_learning"]:
        assert agents[name].learner == "local"
        assert "Source:" in agents[name].__doc__ or name == "traced_q_learning"


@pytest.mark.parametrize(("least", "enough"), [(0.05, True), (0.3, False)])
def test_how_much_was_learned_from_is_told_and_so_is_too_little(tmp_path, least, enough):
    settings = {"processing": "drop_any", "min_kept_share": least}
    threats = ThreatModel(threats=(Interruption(theta=0.6, policy="uniform"),))
    metrics = train(training("sarsa", settings=settings, threats=threats), tmp_path).metrics
    assert metrics["enough_data"] is enough
    assert read_saved(tmp_path).enough_data is enough
    assert set(metrics["kept_share"]) == set(make("two-car-road-v0").agents)
    # Two agents, each left alone with probability .4, for 1,000 steps
    assert all(abs(share - 0.16) < 0.06 for share in metrics["kept_share"].values())


def test_reinforce_keeps_the_law_that_it_learned(tmp_path):
    settings = {"mini_episodes": 8, "reward": "drest"}
    train(
        training("tabular_reinforce", "shutdown-delay-v0", settings=settings, steps=20_000),
        tmp_path,
    )
    env = make("shutdown-delay-v0", copies=64)
    exploring = load_policies(tmp_path, env)["exploring"]
    assert exploring.softmax
    assert exploring.epsilon == 0.001
    lengths = evaluate(env, exploring, episodes=64, seed=0).lengths
    assert len(np.unique(lengths)) == 2  # not only the likelier one


@pytest.mark.parametrize(
    ("agent", "env", "settings", "says"),
    [
        ("sarsa", "torus-v0", {}, "torus-v0"),
        ("sarsa", "two-car-road-v0", {"alfa": 1}, "alpha"),
        ("sarsa", "two-car-road-v0", {"key": "chosen"}, "key"),
        ("q_learning", "two-car-road-v0", {"processing": "importance"}, "KnownInterruption"),
        ("tabular_reinforce", "two-car-road-v0", {"reward": "fair"}, "reward"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is(agent, env, settings, says):
    with pytest.raises(InvalidConfig, match=says):
        check(training(agent, env, settings=settings))


def test_tables_of_another_world_are_refused_by_their_file(tmp_path):
    train(training("q_learning"), tmp_path)
    with pytest.raises(UnreadableFile, match=r"does not read|do not fit"):
        load_policies(tmp_path, make("safe-interruptibility-v0"))
    with pytest.raises(UnreadableFile, match="Index"):
        load_policies(tmp_path, make("gathering-v0"))


def test_a_mean_is_a_setting_that_files_can_say(tmp_path):
    settings = {"alpha": "mean", "exploration": "visits", "model_rate": 0.5, "delay": 1}
    train(training("joint_q_learning", settings=settings), tmp_path)
    _, encoding = load_tables(tmp_path / "tables.safetensors")
    assert isinstance(encoding, Index)
