"""What the networks of SB3's policies put out, and how it is to be read."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from gymnasium.spaces import Box, Discrete, MultiBinary
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from rallypoint.errors import InvalidConfig, NotOffered


class Head(NamedTuple):
    """The outputs of a policy for some observations: (rows, …) -> (rows, K)."""

    kind: str  # how decisions.py reads them
    outputs: Callable[[Tensor], Tensor]


def head(policy: BasePolicy) -> Head:
    """Find the outputs from which a policy chooses.

    Raises:
        InvalidConfig: it is of no kind that SB3 or sb3-contrib has.
    """
    network: Any = policy
    if hasattr(network, "get_distribution"):
        return Head(
            kind_of_choice(network), lambda seen: parameters(network.get_distribution(seen))
        )
    if hasattr(network, "q_net"):
        return Head("values", network.q_net)
    if hasattr(network, "quantile_net"):
        return Head("values", lambda seen: network.quantile_net(seen).mean(dim=1))
    if hasattr(network, "actor"):
        if hasattr(network.actor, "get_action_dist_params"):
            return Head("squashed", lambda seen: _soft(network.actor, seen))
        return Head("scaled", network.actor)
    if hasattr(network, "action_net"):
        return Head(_kind_of_search(network), lambda seen: _searched(network, seen))
    raise InvalidConfig(
        f"it is not known what a {type(policy).__name__} puts out; policies of SB3 and sb3-contrib "
        "are, and those derived from them"
    )


def critic_head(policy: BasePolicy) -> Head:
    """Find what tells how much an observation is worth: (rows, …) -> (rows, 1).

    Of networks with a value for each action it is the best one.

    Raises:
        NotOffered: it has no critic, or one that looks at more than the observation.
    """
    network: Any = policy
    if hasattr(network, "predict_values") and not hasattr(network, "lstm_actor"):
        return Head("values", network.predict_values)
    if hasattr(network, "q_net"):
        return Head("values", lambda seen: network.q_net(seen).max(dim=1, keepdim=True).values)
    raise NotOffered(
        f"a {type(policy).__name__} has no critic that looks at observations alone; attacks that "
        "go by its actions, such as mad and pgd, need none, and random_percept no network at all"
    )


def kind_of_choice(network: Any) -> str:
    """Name what an actor-critic policy's distribution is told by."""
    if isinstance(network.action_space, Box):
        return "squashed" if network.squash_output else "normal"
    if isinstance(network.action_space, Discrete):
        return "logits"
    return "binary" if isinstance(network.action_space, MultiBinary) else "several"


def parameters(distribution: Any) -> Tensor:
    """Return what one of SB3's distributions is told by: (rows, K)."""
    # sb3-contrib keeps several maskable ones in `distributions`, SB3 all in `distribution`.
    inner = getattr(distribution, "distributions", None) or distribution.distribution
    if isinstance(inner, torch.distributions.Normal):
        return torch.cat([inner.mean, inner.stddev], dim=1)
    if not isinstance(inner, list):
        return inner.logits  # type: ignore[no-any-return]  # torch leaves it untyped
    if type(distribution).__name__ == "MaskableBernoulliDistribution":  # of an optional package
        # A maskable bit is a choice of two; the logit of the bit is their difference.
        return torch.cat([part.logits[:, 1:] - part.logits[:, :1] for part in inner], dim=1)
    return torch.cat([part.logits for part in inner], dim=1)


def _soft(actor: Any, seen: Tensor) -> Tensor:
    mean, log_std, extra = actor.get_action_dist_params(seen)
    return parameters(actor.action_dist.proba_distribution(mean, log_std, **extra))


def _kind_of_search(network: Any) -> str:
    if isinstance(network.action_space, Discrete):
        return "values"
    return "scaled" if network.squash_output else "clipped"


def _searched(network: Any, seen: Tensor) -> Tensor:
    outputs: Tensor = network.action_net(network.extract_features(seen, network.features_extractor))
    return outputs
