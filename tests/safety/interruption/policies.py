"""Policies and functions that threat files of the tests name."""

import numpy as np


class Contrary:
    """Walks against the side it sees itself on, on a coin; glides half-heartedly."""

    def act(self, observations, draws):
        actions = {}
        for name, seen in observations.items():
            coins = draws.random(seen.shape[1:2]) < 0.8
            if name == "walkers":
                actions[name] = np.where(coins, np.where(seen[..., 0] > 0, 2, 1), 0)
            else:
                actions[name] = np.where(coins[..., None], -seen[..., :2] / 99, 0.5)
                actions[name] = actions[name].astype(np.float32)
        return actions


class Illegal(Contrary):
    def act(self, observations, draws):
        actions = super().act(observations, draws)
        if "walkers" in actions:
            actions["walkers"] = np.full_like(actions["walkers"], 7)
        return actions


class IllegalLater(Contrary):
    """Acts well on zeros, which is what it is tried on, and badly on anything else."""

    def act(self, observations, draws):
        actions = super().act(observations, draws)
        if "walkers" in observations and observations["walkers"].any():
            actions["walkers"] = np.full_like(actions["walkers"], 7)
        return actions


class Shapeless(Contrary):
    def act(self, observations, draws):
        return {name: actions[0] for name, actions in super().act(observations, draws).items()}


class Silent(Contrary):
    def act(self, observations, draws):
        return {}


class Failing(Contrary):
    def act(self, observations, draws):
        raise RuntimeError("no idea")


class Remembering(Contrary):
    def begin_episode(self, mask):
        pass


class Idle:
    """No policy at all."""


contrary = Contrary()


def high(state):
    """Fire for agents on the positive side: (E, N) bool."""
    return state > 0


def half_where_agent_0_is_high(state):
    """Fire in half of the copies' steps in which agent 0 is on the positive side: (E,) chances."""
    return np.where(state[:, 0] > 0, 0.5, 0.0)


def flat_out(state):
    """Fire everywhere."""
    return np.ones(len(state), dtype=bool)


def too_few(state):
    return state[:-1] > 0


def one_column(state):
    return state[:, :2] > 0


def numbers(state):
    return (state > 0).astype(int)


def above_one(state):
    return np.full(len(state), 1.5)


def no_number(state):
    return np.full(len(state), np.nan)


def no_array(state):
    return [True] * len(state)


def clueless(array):
    return {}["high"] * array


def slow(counts):
    """Theta that follows counts: 0, 1/2, 2/3 …"""
    return 1 - 1 / counts


def reaches_one(counts):
    return np.where(counts < 3, 0.5, 1.0)


def flat(counts):
    return 0.5


def one_at_once(counts):
    return np.ones(len(counts))
