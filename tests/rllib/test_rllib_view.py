"""Our view for RLlib, and RLlib's own wrapper; they need RLlib, which has a .venv of its own.

`make test-rllib` runs them; where there is no RLlib they are skipped.
"""

import numpy as np
import pytest

pytest.importorskip("ray.rllib.env.multi_agent_env", reason="needs RLlib: make test-rllib")

import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune import register_env
from ray.tune.registry import ENV_CREATOR, _global_registry

import rallypoint
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.rllib import RllibView, register
from rallypoint.errors import UnknownName
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import ThreatModel
from tests.envs.harbour import Harbour

THREATS = {
    "byzantine": {"members": ["agent_2"]},
    "threats": [
        {"kind": "interruption", "theta": 0.4, "policy": "freeze"},
        {"kind": "lossy_sight", "loss": 0.3},
        {"kind": "anti_goal", "victims": "byzantine"},
    ],
}
pytestmark = pytest.mark.filterwarnings("default")  # RLlib's own


def harbour_of_mixed_ends(kind):
    """Return a harbour one step before some of it terminate and the others are truncated."""
    for seed in range(1000):
        view = ParallelView(Harbour(max_cycles=6))
        found = played(view, seed, 6)
        terminated, truncated = found[-1][2:4]
        if any(terminated.values()) and any(truncated.values()):
            env = kind(Harbour(max_cycles=6))
            played(env, seed, 5)
            return env
    raise AssertionError("in so many seeds a boat sinks at the end")


def actions_for(observations):
    return {
        agent: 0 if agent.startswith("boat") else np.zeros(2, dtype=np.float32)
        for agent in observations
    }


def played(env, seed, steps):
    observations, _ = env.reset(seed=seed)
    told, living = [], list(observations)
    for _ in range(steps):
        told.append(env.step(actions_for(living)))
        observations, _, terminated, truncated, _ = told[-1]
        living = [a for a in observations if not (terminated[a] or truncated[a])]
    return told


def living_in(env):
    return list(getattr(env, "par_env", env).agents)


def test_agents_stand_in_the_order_of_the_world():
    world = rallypoint.make("torus-v0", num_agents=12)
    view = RllibView(world)
    assert view.possible_agents == list(world.agents)  # agent_10 after agent_9
    assert list(view.observation_space.spaces) == list(world.agents)
    observations, _ = view.reset(seed=0)
    assert list(observations) == list(world.agents)


@pytest.mark.parametrize("model", [{}, THREATS], ids=["in peace", "under threats"])
def test_it_tells_what_the_parallel_view_tells(model):
    threats = ThreatModel.from_dict(model)
    worlds = [
        Recorder(Threatened(rallypoint.make("torus-v0", num_agents=3), threats)) for _ in range(2)
    ]
    views = [kind(world) for kind, world in zip((RllibView, ParallelView), worlds, strict=True)]
    ours, plain = (view.reset(seed=4)[0] for view in views)
    for _ in range(20):
        assert list(ours) == list(plain)
        assert all(np.array_equal(ours[agent], plain[agent]) for agent in ours)
        actions = dict.fromkeys(ours, 1)
        (ours, rewards, *_), (plain, expected, *_) = (view.step(actions) for view in views)
        assert rewards == expected
    assert [world.finish() for world in worlds] == [[], []]
    one, other = (world.parts[0] for world in worlds)
    for name in ("interrupted", "rewards", "true_rewards", "alive", "byzantine"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.executed["agents"].tobytes() == other.executed["agents"].tobytes()
    assert one.interrupted.any() == bool(model)


def test_an_episode_of_mixed_ends_is_over():
    env = harbour_of_mixed_ends(RllibView)
    *_, terminated, truncated, _ = env.step(actions_for(env.agents))
    assert truncated["__all__"]
    assert not terminated["__all__"]
    assert not env.agents
    assert {a: terminated[a] for a in terminated if terminated[a]}  # of each its own


def test_those_who_all_terminate_end_it_terminated():
    env = RllibView(rallypoint.make("cartpole-v1"))
    observations, _ = env.reset(seed=0)
    while True:
        observations, _, terminated, truncated, _ = env.step(dict.fromkeys(observations, 1))
        if not env.agents:
            break
        assert not (terminated["__all__"])
        assert not (truncated["__all__"])
    assert terminated["__all__"]
    assert not truncated["__all__"]


def test_rllibs_own_wrapper_goes_on_with_nobody_after_mixed_ends():
    """A limit of theirs that our view closes; should they mend it, this fails, and can go."""
    env = harbour_of_mixed_ends(lambda world: ParallelPettingZooEnv(ParallelView(world)))
    *_, terminated, truncated, _ = env.step(actions_for(living_in(env)))
    assert not terminated["__all__"]
    assert not truncated["__all__"]
    assert not living_in(env)


def test_one_world_is_known_by_several_names():
    names = register("torus-v0", num_agents=3), register("torus-v0", name="five", num_agents=5)
    made = [_global_registry.get(ENV_CREATOR, name)({}) for name in names]
    assert names == ("rallypoint/torus-v0", "five")
    assert [len(env.possible_agents) for env in made] == [3, 5]


def test_an_unknown_environment_is_refused_when_it_is_registered():
    with pytest.raises(UnknownName, match="torus-v0"):
        register("toru-v0")


@pytest.fixture(scope="module")
def a_ray():
    ray.init(
        address="local", num_cpus=2, object_store_memory=200 * 1024**2, include_dashboard=False
    )
    yield
    ray.shutdown()


@pytest.mark.usefixtures("a_ray")
@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_ppo_of_rllib_trains_in_it(whose):
    name = register("torus-v0", num_agents=3, max_cycles=20)
    if whose == "theirs":
        name = "stock"
        register_env(
            name,
            lambda _: ParallelPettingZooEnv(
                ParallelView(rallypoint.make("torus-v0", num_agents=3, max_cycles=20))
            ),
        )
    algorithm = (
        PPOConfig()
        .environment(name)
        .env_runners(num_env_runners=1, num_envs_per_env_runner=1)
        .multi_agent(policies={"shared"}, policy_mapping_fn=lambda *_, **__: "shared")
        .training(train_batch_size=200, minibatch_size=100, num_epochs=1)
        .build_algo()
    )
    try:
        runners = algorithm.train()["env_runners"]
        assert runners["num_env_steps_sampled"] >= 200
        assert np.isfinite(runners["episode_return_mean"])
    finally:
        algorithm.stop()
