"""Every algorithm, small and trained a little: what the tests of this folder look at."""

import functools

import numpy as np
from gymnasium.spaces import Box

from rallypoint.agents.sb3.training import train_sb3
from tests.envs.views.worlds import Match

DISCRETE = ["A2C", "ARS", "DQN", "MaskablePPO", "PPO", "QRDQN", "RecurrentPPO", "TRPO"]
CONTINUOUS = ["CrossQ", "DDPG", "SAC", "TD3", "TQC"]
SMALL = {
    "A2C": {},
    "ARS": {"n_delta": 2},
    "RecurrentPPO": {"policy_kwargs": {"net_arch": [8], "lstm_hidden_size": 8}, "n_steps": 8},
}
OFF_POLICY = {"learning_starts": 16, "buffer_size": 200, "batch_size": 8}


def world(name, **settings):
    actions = Box(-2.0, 6.0, (2,), np.float32) if name in CONTINUOUS else None
    return Match(**{"copies": 2, "max_cycles": 8, "actions": actions} | settings)


def small(name):
    settings = {"policy_kwargs": {"net_arch": [8]}} | SMALL.get(name, {})
    if name in {"DQN", "QRDQN", *CONTINUOUS}:
        settings |= OFF_POLICY
    elif name in {"PPO", "MaskablePPO", "TRPO"}:
        settings |= {"n_steps": 8}
    return settings


@functools.cache
def trained_once(name):
    return train_sb3(world(name), f"sb3:{name}", steps=64, settings=small(name))
