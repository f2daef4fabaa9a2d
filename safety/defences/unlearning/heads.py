"""Heads whose loss is strongly convex: a linear map of features, and a ridge on it.

The loss of sample i is l_i(theta) = a smooth loss of x_i . theta and y_i, plus mu/2 |theta|^2; the
loss of a set is the mean of its samples'. So every set has the same mu, whatever its size.
"""

import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rallypoint.declared import check_declared
from rallypoint.errors import Diverged, InvalidConfig
from rallypoint.safety.defences.numbers import as_numbers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_STEPS, _SMALL = 100, 1e-10  # of Newton's method; the norm of the gradient it comes to


class Head(ABC):
    """Data, and the loss of parameters on them."""

    def __init__(self, features: ArrayLike, targets: ArrayLike, *, mu: float) -> None:
        """Hold data.

        Args:
            features: x (n, d), finite.
            targets: y (n,), finite.
            mu: the ridge, by which the loss is strongly convex, > 0.

        Raises:
            InvalidConfig: the loss would not be strongly convex, or the data cannot be meant.
        """
        self.x, self.y = as_numbers(features, "features"), as_numbers(targets, "targets")
        if self.x.ndim != 2 or self.y.shape != self.x.shape[:1] or not self.x.size:
            raise InvalidConfig(
                f"features are numbers (n, d) and targets (n,), at least one of each, got "
                f"{self.x.shape} and {self.y.shape}"
            )
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise InvalidConfig("features and targets are finite; drop the rows that are not")
        with np.errstate(over="ignore"):
            is_summed = np.isfinite((self.x**2).sum()) and np.isfinite((self.y**2).sum())
        if not is_summed:
            raise InvalidConfig(
                "the squares of features or targets are too large to be summed; bring them to a "
                "smaller scale"
            )
        check_declared({"mu": mu}, {"mu": float})
        if not (math.isfinite(mu) and mu > 0):
            raise InvalidConfig(
                f"unlearning needs a strongly convex loss: a ridge mu > 0, got {mu!r}"
            )
        self.mu = float(mu)

    def only(self, rows: Mask) -> "Head":
        """Return the same head with some rows (n,) of the data."""
        return type(self)(self.x[rows], self.y[rows], mu=self.mu)

    def checked(self, optimum: ArrayLike) -> Floats:
        """Return parameters (d,) that somebody takes for the optimum, in float64.

        Raises:
            InvalidConfig: they are no parameters of this head.
        """
        theta = as_numbers(optimum, "the optimum")
        if theta.shape != (size := self.x.shape[1:]) or not np.isfinite(theta).all():
            raise InvalidConfig(
                f"the optimum is finite numbers {size}, one for each feature, got {theta.shape}; "
                "head.optimum() finds it"
            )
        return theta

    @property
    @abstractmethod
    def curvature(self) -> float:
        """The most that the smooth loss can curve, per squared length of features."""

    @abstractmethod
    def _slopes(self, scores: Floats, targets: Floats) -> Floats:
        """Return the derivatives of the smooth losses by scores: (k,)."""

    @abstractmethod
    def _curvatures(self, scores: Floats) -> Floats:
        """Return their second derivatives: (k,)."""

    @property
    def smoothness(self) -> float:
        """Lip: how fast the gradient of any sample can change."""
        return self.curvature * float((self.x**2).sum(axis=1).max()) + self.mu

    def gradient(self, theta: Floats, rows: Mask | None = None) -> Floats:
        """Return the mean gradient over some rows (n,), or over all: (d,)."""
        x, y = (self.x, self.y) if rows is None else (self.x[rows], self.y[rows])
        mean: Floats = x.T @ self._slopes(x @ theta, y) / len(x) + self.mu * theta
        return mean

    def gradient_of(self, theta: Floats, row: int) -> Floats:
        """Return the gradient of one sample: (d,)."""
        x = self.x[row]
        slope = self._slopes(np.atleast_1d(x @ theta), self.y[row : row + 1])[0]
        of_one: Floats = slope * x + self.mu * theta
        return of_one

    def optimum(self) -> Floats:
        """Return what minimises the loss, by Newton's method, to a gradient of 1e-10: (d,).

        Raises:
            Diverged: it did not come that near, as with features of very different sizes.
        """
        theta = np.zeros(self.x.shape[1])
        eye = self.mu * np.eye(len(theta))
        for _ in range(_STEPS):
            slope = self.gradient(theta)
            if np.linalg.norm(slope) <= _SMALL:
                return theta
            weights = self._curvatures(self.x @ theta)[:, None]
            step: Floats = np.asarray(
                np.linalg.solve((weights * self.x).T @ self.x / len(self.x) + eye, slope)
            )
            theta = theta - self._within(theta, step, slope)
        raise Diverged(
            f"the optimum was not found to {_SMALL:g} in {_STEPS} steps: the gradient is still "
            f"{np.linalg.norm(self.gradient(theta)):.3g}; bring the features to one scale"
        )

    def _within(self, theta: Floats, step: Floats, slope: Floats) -> Floats:
        """Shorten a step until the gradient does not grow."""
        before = np.linalg.norm(slope)
        while np.linalg.norm(self.gradient(theta - step)) > before and np.abs(step).max() > 1e-15:
            step = step / 2
        return step


class Ridge(Head):
    """Least squares, (x . theta - y)^2 / 2."""

    @property
    def curvature(self) -> float:
        """1."""
        return 1.0

    def _slopes(self, scores: Floats, targets: Floats) -> Floats:
        return scores - targets

    def _curvatures(self, scores: Floats) -> Floats:
        return np.ones_like(scores)


class Logistic(Head):
    """Logistic loss, log(1 + exp(-y x . theta)), y = -1 or 1."""

    def __init__(self, features: ArrayLike, targets: ArrayLike, *, mu: float) -> None:
        """Hold data; see ``Head``; targets are -1 or 1."""
        super().__init__(features, targets, mu=mu)
        if not np.isin(self.y, (-1, 1)).all():
            raise InvalidConfig(f"targets are -1 or 1, got {np.unique(self.y)[:5].tolist()}")

    @property
    def curvature(self) -> float:
        """1/4."""
        return 0.25

    def _slopes(self, scores: Floats, targets: Floats) -> Floats:
        from scipy.special import expit

        slopes: Floats = -targets * expit(-targets * scores)
        return slopes

    def _curvatures(self, scores: Floats) -> Floats:
        from scipy.special import expit

        chances = expit(scores)
        curvatures: Floats = chances * (1 - chances)
        return curvatures
