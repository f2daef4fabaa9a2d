"""Policies of SB3 as the kernel's: they choose by draws, and the same bits in any batch."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from rallypoint.agents.sb3.decisions import decide
from rallypoint.agents.sb3.heads import critic_head, head
from rallypoint.agents.sb3.inspection import chain
from rallypoint.batch_env import Actions, Array, Group, Mask, Observations
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.networks import FaultPlan, Layer
from rallypoint.policies import Objective

# Every forward pass has so many rows, the last one padded: how a matrix product is summed, and so
# its last bits, may depend on its shape. A multiple of 16, so that no vector unit has a remainder.
CHUNK = 128

Masks = Callable[[], Mapping[str, Mask]]


class Sb3Policy:
    """Acts for one group by a network of SB3 that all its agents share.

    It draws from the distribution that the network puts out or, greedily, takes its mode. Networks
    that put out values or actions draw nothing.
    """

    def __init__(
        self, network: BasePolicy, group: Group, *, greedy: bool = False, masks: Masks | None = None
    ) -> None:
        """Act for a group.

        Args:
            network: whose spaces are those of the group.
            group: for whom.
            greedy: whether to take the likeliest action always.
            masks: says which actions are allowed now, such as a world's ``action_mask``.
        """
        self.network = network
        self.group = group
        self.greedy = greedy
        self._masks = masks
        self._first = getattr(group.observation_space, "start", 0)  # SB3 counts from 0
        self._prepare()

    def _prepare(self) -> None:
        self.head = head(self.network)

    @property
    def reads(self) -> str:
        """How outputs are read; see ``decisions``."""
        return self.head.kind

    def greedily(self) -> "Sb3Policy":
        """Return this policy as it acts greedily."""
        return type(self)(self.network, self.group, greedy=True, masks=self._masks)

    def critic(self) -> "Sb3Critic":
        """Return what the algorithm thinks an observation is worth.

        Raises:
            NotOffered: it has no critic of observations.
        """
        return Sb3Critic(self.network, self.group)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group."""
        masks = None if self._masks is None else self._masks().get(self.group.name)
        outputs = self.outputs(observations)
        drawn = None if self.greedy else draws
        return {
            self.group.name: decide(self.head.kind, outputs, self.group.action_space, drawn, masks)
        }

    def outputs(self, observations: Observations) -> Array:
        """Return what the network puts out for every agent: (E, n, K); see ``decisions``."""
        seen = observations[self.group.name]
        self.network.set_training_mode(False)
        with torch.no_grad():
            chunks = [self.head.outputs(chunk).cpu().numpy() for chunk in self._chunks(seen)]
        return _unchunked(chunks, seen.shape[:2])

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs back to what was seen.

        Raises:
            InvalidConfig: what is seen is not made of real numbers.
        """
        seen = observations[self.group.name]
        if seen.dtype.kind != "f":
            raise InvalidConfig(
                f"what group {self.group.name!r} sees is {seen.dtype}, and there is a gradient "
                "with respect to real numbers only"
            )
        self.network.set_training_mode(False)
        inputs = [chunk.requires_grad_() for chunk in self._chunks(seen)]
        with torch.enable_grad():  # some algorithms, such as ARS, play episodes without
            chunks = [self.head.outputs(chunk) for chunk in inputs]
        outputs = _unchunked([chunk.detach().cpu().numpy() for chunk in chunks], seen.shape[:2])
        values, slopes = objective(outputs)
        parts = _padded(slopes.reshape(-1, slopes.shape[-1]))
        by_chunk = [
            torch.as_tensor(part).to(chunk) for part, chunk in zip(parts, chunks, strict=True)
        ]
        gradients = torch.autograd.grad(chunks, inputs, by_chunk)
        found = _unchunked([gradient.cpu().numpy() for gradient in gradients], seen.shape[:2])
        return values, {self.group.name: found}

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers between what is seen and what is put out, as arrays.

        Raises:
            NotOffered: the network is no chain of fully connected layers.
        """
        return chain(self.network).layers()

    def features(self, observations: Observations) -> dict[str, Array]:
        """Return what every layer sends, by its name, the outputs last: (E, n, N) each.

        Raises:
            NotOffered: the network is no chain of fully connected layers.
        """
        seen = observations[self.group.name]
        by_chunk = self._signals(seen)
        by_layer = zip(self.layers(), zip(*by_chunk, strict=True), strict=True)
        return {layer.name: _unchunked(list(made), seen.shape[:2]) for layer, made in by_layer}

    def with_faults(self, plan: FaultPlan) -> "Sb3Policy":
        """Return this policy with what a plan says broken; it has no gradient.

        Raises:
            NotOffered: the network is no chain of fully connected layers.
            InvalidConfig: the plan breaks what is not there.
        """
        from rallypoint.agents.sb3.faulty import FaultySb3Policy  # a policy like this one

        return FaultySb3Policy(
            self.network, self.group, plan=plan, greedy=self.greedy, masks=self._masks
        )

    def _signals(self, seen: Array) -> list[list[Array]]:
        """Return what every layer sends, chunk by chunk."""
        links = chain(self.network)
        self.network.set_training_mode(False)
        with torch.no_grad():
            return [links.signals(chunk) for chunk in self._chunks(seen)]

    def _chunks(self, seen: Array) -> list[Tensor]:
        flat = seen.reshape(-1, *seen.shape[2:])
        if np.any(self._first):
            flat = flat - self._first
        return [self.network.obs_to_tensor(chunk)[0] for chunk in _padded(flat)]  # type: ignore[misc]  # no dicts


class Sb3Critic(Sb3Policy):
    """What an algorithm of SB3 thinks of what its policy sees; it chooses nothing."""

    def _prepare(self) -> None:
        self.head = critic_head(self.network)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Refuse: values are no actions."""
        del observations, draws
        raise NotOffered("a critic tells what is worth how much; its policy acts")


def _padded(rows: Array) -> list[Array]:
    """Cut rows into chunks of one size, zeros filling the last."""
    num_chunks = -(-len(rows) // CHUNK)
    padded = np.zeros((num_chunks * CHUNK, *rows.shape[1:]), rows.dtype)
    padded[: len(rows)] = rows
    return np.split(padded, num_chunks)


def _unchunked(chunks: list[Array], shape: tuple[int, ...]) -> Array:
    num_copies, num_agents = shape[:2]
    rows = np.concatenate(chunks)[: num_copies * num_agents]
    return rows.reshape(num_copies, num_agents, *rows.shape[1:])
