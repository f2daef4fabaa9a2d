"""A learner behind each view finds out what is paid for."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from stable_baselines3 import PPO

from rallypoint.batch_env import Group
from rallypoint.envs.batch import World
from rallypoint.envs.views.aec import aec_view
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.envs.views.single import SingleView
from rallypoint.envs.views.vector import VectorView

PAID = 2  # the action that earns 1; the other two earn nothing


class Bandit(World):
    """Everybody sees nothing and is paid for one of three actions."""

    def __init__(self, *, copies=1, num_agents=2):
        agents = tuple(f"agent_{i}" for i in range(num_agents))
        group = Group("agents", agents, Box(-1, 1, (1,), np.float32), Discrete(3))
        super().__init__("test/bandit-v0", [group], copies=copies, time_limit=5)

    def _start(self, mask):
        pass

    def _advance(self, actions):
        paid = (actions["agents"] == PAID).astype(np.float64)
        return paid, np.zeros(paid.shape, dtype=bool), {}

    def _observe(self):
        return {"agents": np.zeros((self.num_copies, self.num_agents, 1), dtype=np.float32)}


class Averages:
    """Explores a third of the time and keeps the mean reward of each action."""

    def __init__(self, rng):
        self.rng, self.sums, self.counts = rng, np.zeros(3), np.ones(3)

    def choose(self, shape=()):
        best = int((self.sums / self.counts).argmax())
        explored = self.rng.integers(3, size=shape)
        return np.where(self.rng.random(shape) < 1 / 3, explored, best)

    def learn(self, actions, rewards):
        np.add.at(self.sums, actions, rewards)
        np.add.at(self.counts, actions, 1)


def learned(learner):
    return int((learner.sums / learner.counts).argmax())


def test_through_the_parallel_view(rng):
    env, learner = ParallelView(Bandit()), Averages(rng)
    for episode in range(6):
        env.reset(seed=episode)
        while env.agents:
            actions = {agent: int(learner.choose()) for agent in env.agents}
            rewards = env.step(actions)[1]
            learner.learn([actions[agent] for agent in rewards], list(rewards.values()))
    assert learned(learner) == PAID


def test_through_the_aec_view(rng):
    env, learner = aec_view(Bandit()), Averages(rng)
    for episode in range(6):
        env.reset(seed=episode)
        before = {}
        for agent in env.agent_iter():
            _, reward, terminated, truncated, _ = env.last()
            if agent in before:
                learner.learn([before[agent]], [reward])
            action = None if terminated or truncated else int(learner.choose())
            before[agent] = action
            env.step(action)
    assert learned(learner) == PAID


def test_through_the_vector_view(rng):
    env, learner = VectorView(Bandit(copies=4)), Averages(rng)
    env.reset(seed=0)
    for _ in range(12):
        actions = learner.choose((env.num_envs,))
        rewards = env.step(actions)[1]
        learner.learn(actions, rewards)
    assert learned(learner) == PAID


@pytest.mark.parametrize(
    "view",
    [lambda: SingleView(Bandit(num_agents=1)), lambda: Sb3View(Bandit(copies=4))],
    ids=["single", "sb3"],
)
def test_sb3_learns_through_the_single_and_the_sb3_view(view):
    model = PPO(
        "MlpPolicy", view(), n_steps=40, batch_size=40, learning_rate=0.02, seed=0, device="cpu"
    )
    model.learn(800)
    assert model.predict(np.zeros(1, dtype=np.float32), deterministic=True)[0] == PAID
