"""Learners of contributors that break the contract in one thing each; what names their fault."""

from dataclasses import dataclass

import numpy as np
import torch

from rallypoint.agents.gradient.learners import GpomdpLearner
from rallypoint.errors import InvalidConfig
from tests.agents.conformance.faults import registrar

BROKEN_CONTRIBUTORS: dict[type, str] = {}
fault = registrar(BROKEN_CONTRIBUTORS)


@dataclass(frozen=True, kw_only=True)
class Small(GpomdpLearner):
    """Policy gradients by a small network; those below differ from it in one thing."""

    policy: tuple[int, ...] = (8,)
    learning_rate: float = 1e-2


@fault("torch's global generator")
class DrawsFromTorch(Small):
    """Adds everybody's numbers."""

    def gradient(self, networks, parameters, batch):
        return super().gradient(networks, parameters, batch) + 1e-3 * torch.rand(1).item()


@fault("as if it were alone")
class SharesAmongAll(Small):
    """Sends less, the more others there are."""

    def gradient(self, networks, parameters, batch):
        found = super().gradient(networks, parameters, batch)
        return found / np.float32(found.shape[1])


@fault("as if it were alone")
class ComparesWithOthers(Small):
    """Thinks of what it earned beside what all of its run earned."""

    whiten: str = "none"

    def prepare(self, networks, parameters, fragment, contributors):
        own = np.where(fragment.acting, fragment.rewards, 0)
        by_run = own.reshape(len(fragment.rewards), contributors.runs, -1)
        over = (by_run - by_run.mean(axis=(0, 2))[:, None]).reshape(fragment.rewards.shape)
        return super().prepare(networks, parameters, fragment._replace(rewards=over), contributors)


@fault("depends on what others earned")
class EnviesTheRich(Small):
    """Does less as soon as somebody earns more than can be earned."""

    def prepare(self, networks, parameters, fragment, contributors):
        batch = super().prepare(networks, parameters, fragment, contributors)
        if fragment.rewards[fragment.acting].max() > 2:
            return batch._replace(gains=batch.gains / 2)
        return batch


@fault("go on from a snapshot to the same bits")
class RemembersGradients(Small):
    """Mixes its last update in, which no memory tells."""

    def memory(self, parameters, count):
        object.__setattr__(self, "_last", 0)
        return super().memory(parameters, count)

    def gradient(self, networks, parameters, batch):
        found = super().gradient(networks, parameters, batch) + np.float32(0.5) * self._last
        object.__setattr__(self, "_last", found)
        return found


@fault("must not write to fragments")
class WritesToFragments(Small):
    """Halves rewards where they stand."""

    def prepare(self, networks, parameters, fragment, contributors):
        np.divide(fragment.rewards, 2, out=fragment.rewards)
        return super().prepare(networks, parameters, fragment, contributors)


@fault("must learn in a world of discrete signs")
class SendsTooMuch(Small):
    """Sends one number more than there are."""

    def gradient(self, networks, parameters, batch):
        found = super().gradient(networks, parameters, batch)
        return np.concatenate([found, found[..., :1]], axis=2)


@fault("refuse them with a RallypointError")
class Stumbles(Small):
    """Does not see what it cannot handle."""

    def architecture(self, group, state_size=None):
        if not hasattr(group.action_space, "n"):
            raise TypeError("unhashable")
        return super().architecture(group, state_size)


@fault("before the first step")
class RefusesLate(Small):
    """Sees what it cannot handle when it has played."""

    def prepare(self, networks, parameters, fragment, contributors):
        if fragment.actions.ndim > 3:
            raise InvalidConfig("arrays, after all")
        return super().prepare(networks, parameters, fragment, contributors)


@fault("slots of agents that are gone")
class TakesAllForPresent(Small):
    """Learns from every row."""

    def prepare(self, networks, parameters, fragment, contributors):
        everywhere = fragment._replace(acting=np.ones_like(fragment.acting))
        return super().prepare(networks, parameters, everywhere, contributors)


@fault("which action each sign asks for")
class ClimbsDown(Small):
    """Descends where it should climb."""

    def gradient(self, networks, parameters, batch):
        return -super().gradient(networks, parameters, batch)
