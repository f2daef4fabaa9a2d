"""How a policy's network is built, and where each layer stands in its flat vector of parameters."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from rallypoint.batch_env import Group
from rallypoint.config import Config
from rallypoint.counts import check_weights
from rallypoint.errors import InvalidConfig
from rallypoint.networks import Layer

Kind = Literal["categorical", "normal"]
Parameters = NDArray[np.float32]  # (d,)

_ACTIVATIONS = ("tanh", "relu")
_GAINS = {"action_net.weight": 0.01, "value_net.weight": 1.0, "cost_net.weight": 1.0}


class Piece(NamedTuple):
    """A matrix or vector within the parameters, under the name that SB3 knows it by."""

    name: str
    shape: tuple[int, ...]
    at: slice


@dataclass(frozen=True, kw_only=True)
class Architecture(Config):
    """An actor and, beside it, a critic: two separate multi-layer perceptrons.

    Their parameters are one vector, in the order and the layout of the state dict of SB3's
    ``ActorCriticPolicy`` with an ``MlpPolicy``'s extractor, so that either loads the other's. A
    critic of costs, which sees what the critic sees, stands behind all that SB3 knows of.
    """

    inputs: int  # entries of an observation, flattened
    outputs: int  # logits, or means of a normal distribution
    kind: Kind
    policy: tuple[int, ...] = (64, 64)  # units of the actor's hidden layers
    value: tuple[int, ...] | None = (64, 64)  # likewise of the critic's; None: there is no critic
    value_inputs: int | None = None  # of a central critic, which sees the state instead
    cost: tuple[int, ...] | None = None  # units of the critic of costs, which SB3 does not have
    activation: Literal["tanh", "relu"] = "tanh"

    def __post_init__(self) -> None:
        """Refuse layers that cannot be, or fill memory.

        Raises:
            InvalidConfig: says what must hold.
        """
        if self.activation not in _ACTIVATIONS:
            raise InvalidConfig(f"an activation is one of {_ACTIVATIONS}, got {self.activation!r}")
        sizes = (self.inputs, self.outputs, *self.policy, *(self.value or ()), *(self.cost or ()))
        if min(sizes) < 1:
            raise InvalidConfig(f"a layer has at least one unit, got {sizes}")
        check_weights(self.size, whose="an actor and its critics")

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every piece, in the order of the vector."""
        shapes: list[tuple[str, tuple[int, ...]]] = []
        if self.kind == "normal":
            shapes.append(("log_std", (self.outputs,)))
        shapes += _hidden("policy_net", self.inputs, self.policy)
        if self.value is not None:
            shapes += _hidden("value_net", self.value_inputs or self.inputs, self.value)
        shapes += _layer("action_net", _last(self.inputs, self.policy), self.outputs)
        seen = self.value_inputs or self.inputs
        if self.value is not None:
            shapes += _layer("value_net", _last(seen, self.value), 1)
        if self.cost is not None:
            shapes += _hidden("cost_net", seen, self.cost)
            shapes += _layer("cost_net", _last(seen, self.cost), 1)
        pieces, first = [], 0
        for name, shape in shapes:
            size = math.prod(shape)
            pieces.append(Piece(name, shape, slice(first, first + size)))
            first += size
        return tuple(pieces)

    @property
    def size(self) -> int:
        """How many parameters there are: d."""
        size: int = self.pieces[-1].at.stop
        return size

    @cached_property
    def actor(self) -> tuple[tuple[Piece, Piece], ...]:
        """Weights and biases of the actor, layer by layer."""
        return self._net("mlp_extractor.policy_net", "action_net")

    @cached_property
    def critic(self) -> tuple[tuple[Piece, Piece], ...]:
        """Weights and biases of the critic, layer by layer; none if there is none."""
        return () if self.value is None else self._net("mlp_extractor.value_net", "value_net")

    @cached_property
    def cost_critic(self) -> tuple[tuple[Piece, Piece], ...]:
        """Weights and biases of the critic of costs, layer by layer; none if there is none."""
        return () if self.cost is None else self._net("mlp_extractor.cost_net", "cost_net")

    @cached_property
    def log_std(self) -> Piece | None:
        """Where the logarithms of the standard deviations stand, if there are any."""
        return self.pieces[0] if self.kind == "normal" else None

    def initial(self, rng: np.random.Generator, *, scheme: str = "orthogonal") -> Parameters:
        """Draw parameters to start from.

        Args:
            rng: the draws.
            scheme: "orthogonal" as SB3 does it (gain sqrt 2 inside, 0.01 at the actor's and 1 at
                the critic's end, biases 0), or "uniform" as torch does it (weights and biases
                within 1 / sqrt(inputs of the layer)).

        Raises:
            InvalidConfig: no such scheme.
        """
        if scheme not in {"orthogonal", "uniform"}:
            raise InvalidConfig(f'a scheme is "orthogonal" or "uniform", got {scheme!r}')
        parameters = np.zeros(self.size, dtype=np.float32)
        for weights, biases in (*self.actor, *self.critic, *self.cost_critic):
            bound = weights.shape[1] ** -0.5
            if scheme == "uniform":
                for piece in (weights, biases):
                    parameters[piece.at] = rng.uniform(
                        -bound, bound, piece.at.stop - piece.at.start
                    )
            else:
                gain = _GAINS.get(weights.name, 2**0.5)
                parameters[weights.at] = gain * _orthogonal(rng, weights.shape).ravel()
        return parameters

    def _net(self, hidden: str, end: str) -> tuple[tuple[Piece, Piece], ...]:
        mine = [p for p in self.pieces if p.name.startswith((f"{hidden}.", f"{end}."))]
        return tuple(zip(mine[::2], mine[1::2], strict=True))


def architecture_for(group: Group, **settings: Any) -> Architecture:
    """Return the architecture that fits a group's spaces.

    Raises:
        InvalidConfig: what is seen is no array of numbers, or what is done neither counts nor
            measures; says which.
    """
    seen, done = group.observation_space, group.action_space
    if not isinstance(seen, Box | Discrete):
        raise InvalidConfig(
            f"policy gradients need observations that are arrays or one of a few, group "
            f"{group.name!r} sees {seen}; flatten it in the world"
        )
    inputs = int(seen.n) if isinstance(seen, Discrete) else int(np.prod(seen.shape))
    if isinstance(done, Discrete):
        return Architecture(inputs=inputs, outputs=int(done.n), kind="categorical", **settings)
    if isinstance(done, Box):
        outputs = int(np.prod(done.shape))
        return Architecture(inputs=inputs, outputs=outputs, kind="normal", **settings)
    raise InvalidConfig(
        f"policy gradients need actions that are one of a few, or arrays of numbers; group "
        f"{group.name!r} does {done}; take an agent of Stable-Baselines3 instead"
    )


def layers_of(architecture: Architecture, parameters: Parameters) -> tuple[Layer, ...]:
    """Return the actor of parameters (d,) layer by layer, under the names that SB3 gives them."""
    last = len(architecture.actor) - 1
    return tuple(
        Layer(
            weights.name.removesuffix(".weight"),
            shaped(parameters, weights).copy(),
            shaped(parameters, biases).copy(),
            "identity" if place == last else architecture.activation,
        )
        for place, (weights, biases) in enumerate(architecture.actor)
    )


def shaped(parameters: Parameters, piece: Piece) -> Parameters:
    """Return a piece as it is: (*shape), or (R, 1, *shape) if runs have parameters of their own."""
    part = parameters[..., piece.at]
    if parameters.ndim == 1:
        return part.reshape(piece.shape)
    inner = piece.shape if len(piece.shape) == 2 else (1, *piece.shape)
    return part.reshape(len(part), 1, *inner)


def _hidden(name: str, inputs: int, units: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
    shapes = []
    for index, outputs in enumerate(units):
        # Every other one: SB3's sequence has the activations in between.
        shapes += _layer(f"mlp_extractor.{name}.{2 * index}", inputs, outputs)
        inputs = outputs
    return shapes


def _layer(name: str, inputs: int, outputs: int) -> list[tuple[str, tuple[int, ...]]]:
    return [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]


def _last(inputs: int, units: tuple[int, ...]) -> int:
    return units[-1] if units else inputs


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw a matrix whose rows or columns, whichever are fewer, are orthonormal."""
    rows, columns = shape
    found, triangle = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    found *= np.sign(np.diagonal(triangle))  # else the draw would not be uniform
    matrix: NDArray[np.float64] = found if rows >= columns else found.T
    return matrix
