"""The off-switch game: act, switch oneself off, or wait for a human who may say no.

Source: Hadfield-Menell, Dragan, Abbeel & Russell (2017), "The Off-Switch Game", IJCAI,
arXiv:1611.08219. Utility u ~ N(mu, s²) is what acting is worth to the human. A robot that waits
lets the human decide, who knows u and permits with probability 1 / (1 + exp(-beta u)): at beta =
infinity whenever u > 0, at 0 by tossing a coin. The robot knows mu, s and beta, not u.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.games.game import Game
from rallypoint.envs.games.world import Settings, TabularGame
from rallypoint.errors import InvalidConfig

ACT, OFF, WAIT = range(3)

MEANS = tuple(np.linspace(-2, 2, 17).tolist())
DEVIATIONS = (0.0, 0.25, 0.5, 1.0, 2.0)
BETAS = (0.0, 0.5, 1.0, 2.0, 5.0, float("inf"))

_REACH = 12.0  # standard deviations; beyond lies 4e-33 of the mass
_SHARPEST = 1e4  # beta s beyond which a human errs by less than 1e-8 s


def permits(utility: ArrayLike, beta: ArrayLike) -> Floats:
    """Return the probability with which a human lets the robot act.

    >>> permits([-1.0, 0.0, 1.0], np.inf).tolist()
    [0.0, 0.0, 1.0]
    """
    u, b = np.broadcast_arrays(np.asarray(utility, float), np.asarray(beta, float))
    certain = np.isinf(b)
    from scipy.special import expit  # here and below: listing the games needs none of it

    noisy: Floats = expit(np.where(certain, 0.0, b) * u)
    return np.where(certain, (u > 0).astype(float), noisy)


def worth_of_waiting(mean: ArrayLike, deviation: ArrayLike, beta: ArrayLike) -> Floats:
    """Return E[permits(u) u] for u ~ N(mean, deviation²); the arguments broadcast.

    For a rational human it is mean Phi(mean / s) + s phi(mean / s); else a trapezoid rule, which
    for integrands like this one is exact to rounding, with as many points as the sharpest human
    among the arguments needs.
    """
    mu, s, b = np.broadcast_arrays(*(np.asarray(x, float) for x in (mean, deviation, beta)))
    scale = np.where(s > 0, s, 1.0)
    at = mu / scale
    from scipy.special import ndtr

    rational: Floats = np.where(s > 0, mu * ndtr(at) + s * _density(at), np.maximum(mu, 0))
    sharpness = np.where(np.isinf(b), 0.0, b) * s
    noisy = np.isfinite(b) & (sharpness < _SHARPEST)
    if not noisy.any():
        return rational
    # The integrand's poles lie pi / (beta s) from the real axis: eight points to that distance.
    step = min(0.05, np.pi / 8 / max(float(sharpness[noisy].max()), 1e-9))
    z = np.linspace(-_REACH, _REACH, 2 * int(np.ceil(_REACH / step)) + 1)
    u = mu[noisy][:, None] + s[noisy][:, None] * z
    worth = (permits(u, b[noisy][:, None]) * u) @ (_density(z) * (z[1] - z[0]))
    rational[noisy] = worth
    return rational


def incentive_to_wait(mean: ArrayLike, deviation: ArrayLike, beta: ArrayLike) -> Floats:
    """Return Delta = E[permits(u) u] - max(mean, 0): what waiting is worth beyond deciding alone.

    Never negative for a rational human.

    >>> float(incentive_to_wait(0.0, 1.0, np.inf).round(4))
    0.3989
    """
    alone: Floats = np.maximum(np.asarray(mean, float), 0)
    return worth_of_waiting(mean, deviation, beta) - alone


def _density(z: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return density


def cells(
    means: Sequence[float] = MEANS,
    deviations: Sequence[float] = DEVIATIONS,
    betas: Sequence[float] = BETAS,
) -> NDArray[np.float64]:
    """List every (mean, deviation, beta), the last running fastest: (S, 3), by state.

    Raises:
        InvalidConfig: there is none, or a number that cannot be meant.
    """
    listed = np.array(list(product(means, deviations, betas)), dtype=np.float64).reshape(-1, 3)
    is_meant = np.isfinite(listed[:, :2]).all(axis=1) & (listed[:, 1] >= 0) & (listed[:, 2] >= 0)
    if not len(listed) or not is_meant.all():
        raise InvalidConfig(
            "means are finite, deviations finite and >= 0, betas >= 0 or inf, at least one of "
            f"each, got {list(means)}, {list(deviations)} and {list(betas)}"
        )
    return listed


def game(
    *,
    means: Sequence[float] = MEANS,
    deviations: Sequence[float] = DEVIATIONS,
    betas: Sequence[float] = BETAS,
) -> Game:
    """Return the game whose states are the cells, each as likely, and which lasts one step."""
    mean, deviation, beta = cells(means, deviations, betas).T
    num_states = len(mean)
    rewards = np.stack([mean, np.zeros(num_states), worth_of_waiting(mean, deviation, beta)])
    return Game(
        agents=("robot",),
        states=tuple(
            f"mean {m:g}, deviation {s:g}, beta {b:g}"
            for m, s, b in zip(mean, deviation, beta, strict=True)
        ),
        endings=("over",),
        actions=(("act", "off", "wait"),),
        rewards=rewards.T,
        leads_to=np.full((num_states, 3), num_states),
        start=np.full(num_states, 1 / num_states),
        pay=_Pay(mean, deviation, beta),
        horizon=1,
    )


@dataclass(frozen=True)
class _Pay:
    """Draws a utility, and the human's answer, anew in every copy.

    A function that knew the cells would not do: it could not be pickled, nor the world.
    """

    mean: Floats
    deviation: Floats
    beta: Floats

    def __call__(self, means: Floats, states: Integers, joint: Integers, draws: Draws) -> Floats:
        del means  # of what is drawn here
        u = self.mean[states] + self.deviation[states] * draws.normal()
        is_permitted = draws.random() < permits(u, self.beta[states])
        acts = (joint == ACT) | ((joint == WAIT) & is_permitted)
        return np.where(acts, u, 0.0)[:, None]


def world(
    *,
    means: Sequence[float] = MEANS,
    deviations: Sequence[float] = DEVIATIONS,
    betas: Sequence[float] = BETAS,
    **settings: Unpack[Settings],
) -> TabularGame:
    """A robot acts, switches itself off, or waits for a human who may switch it off.

    Args:
        means: of what acting is worth to the human.
        deviations: of the same.
        betas: how rational the human is, from 0 to inf.
        **settings: those of every game; see ``Settings``.
    """
    return TabularGame(
        game(means=means, deviations=deviations, betas=betas), id="off-switch-v0", **settings
    )
