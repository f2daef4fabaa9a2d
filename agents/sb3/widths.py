"""How many weights networks of SB3 have at least, by their settings: asked before any is made."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space, flatdim
from stable_baselines3.common.preprocessing import is_image_space

from rallypoint.counts import check_weights

_FLAT = Box, Discrete, MultiBinary, MultiDiscrete
_OF_EXTRACTORS = "features_dim", "cnn_output_dim"  # numbers that layers see instead of pixels


def check_widths(agent: str, policy_kwargs: Mapping[str, Any], space: Space[Any]) -> None:
    """Refuse networks that fill memory, as far as their settings tell.

    Args:
        agent: whose they are.
        policy_kwargs: what networks are made with; what is no width is left to SB3 to refuse.
        space: of what is seen.

    Raises:
        InvalidConfig: says how many weights there may be.
    """
    given = policy_kwargs.get("features_extractor_kwargs")
    extractor = given if isinstance(given, Mapping) else {}
    is_flat = isinstance(space, _FLAT) and not is_image_space(space)
    seen = [flatdim(space) if is_flat else 1, *_widths([extractor.get(n) for n in _OF_EXTRACTORS])]
    # An LSTM has weights for what it sees, and for what it remembers.
    remembered = _widths([policy_kwargs.get("lstm_hidden_size")]) * 2
    returns = _widths([policy_kwargs.get("n_quantiles")]) or [1]
    told = policy_kwargs.get("net_arch")
    if isinstance(told, list | tuple) and told and isinstance(told[0], Mapping):
        told = told[0]  # as SB3 had it before 1.8, and reads it still
    nets = list(told.values()) if isinstance(told, Mapping) else [told]
    shared = [*seen, *remembered]  # by all nets, or more than that
    weights = [_weights([shared[-1], *_widths(net), *returns]) for net in nets or [None]]
    [critics] = _widths([policy_kwargs.get("n_critics")]) or [1]
    check_weights(_weights(shared) + sum(weights) + (critics - 1) * min(weights), whose=agent)


def _weights(widths: Sequence[int]) -> int:
    """Return how many weights and biases layers from one width to the next have."""
    return sum((inputs + 1) * units for inputs, units in pairwise(widths))


def _widths(told: Any) -> list[int]:
    """Return which of a list are numbers of units."""
    listed = told if isinstance(told, list | tuple) else []
    return [int(one) for one in listed if isinstance(one, Integral) and int(one) > 0]
