"""Networks of SB3 as chains of layers, and acting by one of which something is broken."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, NoReturn

import torch
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor, nn

from rallypoint.agents.sb3.heads import parameters
from rallypoint.errors import NotOffered
from rallypoint.networks import Array, Layer
from rallypoint.safety.neurons.activations import activation

_NAMES: dict[type[nn.Module], str] = {
    nn.Identity: "identity",
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}


class Link(NamedTuple):
    """A layer, in torch."""

    name: str
    sums: nn.Linear
    activation: nn.Module


class Chain(NamedTuple):
    """How an actor, or a network of values, gets from observations to what it puts out."""

    first: Callable[[Tensor], Tensor]  # observations as SB3 prepares them -> (rows, inputs)
    links: tuple[Link, ...]
    last: Callable[[Tensor], Tensor]  # (rows, K) -> what the head puts out

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers as arrays."""
        return tuple(
            Layer(
                link.name,
                link.sums.weight.detach().cpu().numpy().copy(),
                link.sums.bias.detach().cpu().numpy().copy(),
                _NAMES[type(link.activation)],
            )
            for link in self.links
        )

    def signals(self, seen: Tensor) -> list[Array]:
        """Return what every layer sends: (rows, …) -> (rows, N) each."""
        made, found = self.first(seen), []
        for link in self.links:
            made = link.activation(link.sums(made))
            found.append(made.numpy(force=True))
        return found

    def finished(self, ends: Array) -> Array:
        """Return what the head puts out for what the last layer sends: (rows, K)."""
        return self.last(torch.from_numpy(ends).to(self.device)).numpy(force=True)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.links[-1].sums.weight.device


class Chunked:
    """The layers of a chain for whole batches, multiplied chunk by chunk as the policy does it."""

    def __init__(self, of: Chain, size: int) -> None:
        """Take chunks of so many rows."""
        self._links = of.links
        self._size = size
        self._device = of.device

    def sums(self, signals: Array, index: int, *, intact: bool = False) -> Array:
        """Return what a layer's neurons sum up; see ``rallypoint.safety.neurons.passing``."""
        del intact  # every answer is a new array
        linear = self._links[index].sums
        return self._by_chunk(signals, linear, partial(torch.addmm, linear.bias))

    def weighed(self, signals: Array, index: int) -> Array:
        """Return the same without biases."""
        return self._by_chunk(signals, self._links[index].sums, torch.mm)

    def bent(self, sums: Array, index: int, *, intact: bool = False) -> Array:
        """Return the signals of neurons that sum up so much."""
        bends = self._links[index].activation
        if intact:  # as SB3 does to rounding, and faster
            return activation(_NAMES[type(bends)]).values(sums)
        bent: Tensor = bends(torch.from_numpy(sums).to(self._device))
        return bent.numpy(force=True)

    def _by_chunk(self, signals: Array, linear: nn.Linear, product: Callable[..., Tensor]) -> Array:
        rows = torch.from_numpy(signals).to(self._device)
        weights = linear.weight.t()
        if len(rows) == self._size:
            return product(rows, weights).numpy(force=True)
        made = rows.new_empty(len(rows), linear.out_features)
        for first in range(0, len(rows), self._size):
            chunk = slice(first, first + self._size)
            product(rows[chunk], weights, out=made[chunk])
        return made.numpy(force=True)


def chain(policy: BasePolicy) -> Chain:
    """Open a policy.

    Raises:
        NotOffered: it is no chain of fully connected layers; says what it is.
    """
    network: Any = policy
    if hasattr(network, "mlp_extractor") and not hasattr(network, "lstm_actor"):
        if isinstance(network.action_dist, StateDependentNoiseDistribution):
            _refuse(policy, "its noise depends on what its last hidden layer sends")
        links = _links(policy, "mlp_extractor.policy_net", network.mlp_extractor.policy_net)
        links += _links(policy, "action_net", [network.action_net])
        return Chain(_first(policy, "pi_features_extractor"), links, _last_of(network))
    if isinstance(getattr(network, "q_net", None), nn.Module):
        q_net: Any = network.q_net
        return Chain(
            _first(q_net, "features_extractor"), _links(policy, "q_net.q_net", q_net.q_net), _same
        )
    actor: Any = getattr(network, "actor", None)
    if not isinstance(getattr(actor, "mu", None), nn.Sequential):
        _refuse(policy, "it is neither an actor-critic, a network of values nor an actor alone")
    return Chain(_first(actor, "features_extractor"), _links(policy, "actor.mu", actor.mu), _same)


def _last_of(network: Any) -> Callable[[Tensor], Tensor]:
    def last(ends: Tensor) -> Tensor:
        spread = (network.log_std,) if hasattr(network, "log_std") else ()
        return parameters(network.action_dist.proba_distribution(ends, *spread))

    return last


def _same(ends: Tensor) -> Tensor:
    return ends


def _first(network: Any, name: str) -> Callable[[Tensor], Tensor]:
    extractor = getattr(network, name)
    if any(True for _ in extractor.parameters()):
        _refuse(network, f"what it sees goes through a {type(extractor).__name__} first")

    def first(seen: Tensor) -> Tensor:
        features: Tensor = BasePolicy.extract_features(network, seen, extractor)
        return features

    return first


def _links(policy: BasePolicy, name: str, modules: Any) -> tuple[Link, ...]:
    found: list[Link] = []
    for place, module in enumerate(modules):
        if isinstance(module, nn.Linear) and module.bias is not None:
            called = name if isinstance(modules, list) else f"{name}.{place}"
            found.append(Link(called, module, nn.Identity()))
        elif type(module) in _NAMES and found and isinstance(found[-1].activation, nn.Identity):
            found[-1] = found[-1]._replace(activation=module)
        else:
            _refuse(policy, f"{name} has a {type(module).__name__} in it")
    return tuple(found)


def _refuse(network: Any, why: str) -> NoReturn:
    raise NotOffered(
        f"a {type(network).__name__} is no chain of fully connected layers with "
        f"{', '.join(sorted(_NAMES.values()))} between them: {why}; those of A2C, "
        "PPO, MaskablePPO, TRPO, DQN, TD3 and DDPG with an MlpPolicy are"
    )
