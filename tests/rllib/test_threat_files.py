"""The worked threat files with RLlib; see ``tests/safety/threat_files`` for the other paths."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray.rllib.env.multi_agent_env", reason="needs RLlib: make test-rllib")

import ray
from ray.rllib.algorithms.ppo import PPOConfig

import rallypoint
from rallypoint.envs.views import rllib
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel

pytestmark = pytest.mark.filterwarnings("default")  # RLlib's own
FILES = sorted((Path(__file__).parents[2] / "docs" / "threat-files").glob("*.toml"))
TEAM = {"num_agents": 4, "max_cycles": 30}
WORLD = "torus-small-v0"


@pytest.fixture
def made(monkeypatch):
    """Return what RLlib makes in an environment runner when it is told of a world so."""
    kept = {}
    monkeypatch.setattr(rllib, "register_env", kept.__setitem__)

    def make(**how):
        class Config(dict):
            worker_index, vector_index = 2, 1

        return kept[rllib.register(WORLD, **how, **TEAM)](Config())

    return make


def played(*views):
    """Play an episode in several views at once; yield what each tells of each step."""
    yield [view.reset(seed=3)[0] for view in views]
    while views[0].agents:
        yield [view.step(dict.fromkeys(view.agents, 1))[:2] for view in views]


def the_same(one, other):
    if isinstance(one, dict):
        return list(one) == list(other) and all(the_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return all(the_same(*pair) for pair in zip(one, other, strict=True))
    return np.array_equal(one, other)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_threats_to_a_world_act_in_it_and_leave_receipts(file, made):
    threats = ThreatModel.from_toml(file).in_world()
    world = Threatened(rallypoint.make(WORLD, copies=[2001], **TEAM), threats)
    view = made(around=partial(Threatened, threats=threats))
    assert all(the_same(*told) for told in played(ParallelView(world), view))
    receipts = view.batch_env.receipts()
    assert receipts == world.receipts()
    assert [receipt.kind for receipt in receipts] == [threat.kind for threat in threats.threats]
    assert any(receipt.applications for receipt in receipts)
    assert disagreements(threats, receipts) == []


def test_a_file_without_threats_changes_nothing(made):
    null = made(around=partial(Threatened, threats=ThreatModel()))
    assert all(the_same(*told) for told in played(made(), null))


def test_threats_to_updates_are_refused_in_a_world_that_sends_none(made):
    together = ThreatModel.from_toml(FILES[0].with_name("together.toml"))
    with pytest.raises(ValueError, match=r"sign_flip.*in_world\(\)"):
        made(around=partial(Threatened, threats=together))


def test_ppo_of_rllib_learns_under_all_of_them():
    ray.init(
        address="local", num_cpus=2, object_store_memory=200 * 1024**2, include_dashboard=False
    )
    try:
        threats = ThreatModel.from_toml(FILES[0].with_name("together.toml")).in_world()
        name = rllib.register(WORLD, around=partial(Threatened, threats=threats), **TEAM)
        algorithm = (
            PPOConfig()
            .environment(name)
            .env_runners(num_env_runners=1, num_envs_per_env_runner=1)
            .multi_agent(policies={"shared"}, policy_mapping_fn=lambda *_, **__: "shared")
            .training(train_batch_size=120, minibatch_size=120, num_epochs=1)
            .build_algo()
        )
        assert algorithm.train()["env_runners"]["num_env_steps_sampled"] >= 120
        [receipts] = algorithm.env_runner_group.foreach_env_runner(
            receipts_of, local_env_runner=False
        )
        assert [receipt.kind for receipt in receipts] == [t.kind for t in threats.threats]
        assert all(receipt.opportunities for receipt in receipts)
        algorithm.stop()
    finally:
        ray.shutdown()


def receipts_of(runner):
    """Ask an environment runner, where it is, what the threats have done in its world."""
    return runner.env.envs[0].unwrapped.batch_env.receipts()
