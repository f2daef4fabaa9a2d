"""Ways to forget: exactly where that can be done, else by gradients of what is forgotten."""

import math
from typing import NamedTuple

import numpy as np

from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.unlearning.distances import distance_after, step_size
from rallypoint.safety.defences.unlearning.heads import Floats, Head, Mask, Ridge


class Forgotten(NamedTuple):
    """Parameters after forgetting, and what they rest on."""

    parameters: Floats  # (d,) with the noise
    before_noise: Floats  # (d,)
    radius: float  # of the ball round the old optimum that the new one lies in
    deviation: float  # of the noise; 0 for none
    gradients: int  # of single samples that were taken


def downdate(head: Ridge, forget: Mask) -> Floats:
    """Return the optimum without the rows to forget (n,), exactly, from the normal equations.

    Raises:
        InvalidConfig: nothing would be left; or the head is no ridge regression.
    """
    if not isinstance(head, Ridge):
        raise InvalidConfig("a downdate is exact for ridge regression only; use unlearn")
    _, kept = _split(head, forget)
    # Sums over all rows less those that go would keep what rounding left of large ones.
    x, y = head.x[kept], head.y[kept]
    ridge = head.mu * np.eye(x.shape[1])
    found: Floats = np.asarray(np.linalg.solve(x.T @ x / len(x) + ridge, x.T @ y / len(x)))
    return found


def radius(head: Head, forget: Mask, optimum: Floats, *, largest: float | None = None) -> float:
    """Return how far the optimum without some rows (n,) can be from that with them.

    At the optimum the rest's gradient is -r / (1 - r) times that of the rows to forget, r their
    share; by strong convexity the rest's own optimum is no further than its norm over mu. Where
    parameters are the optimum only nearly, what is left of the gradient there counts as well, so
    that the ball holds the rest's optimum wherever its centre is.

    Args:
        head: all the data.
        forget: (n,) which rows; where there are none, nothing moves.
        optimum: (d,) of all the data.
        largest: a bound on any sample's gradient that is known without the data. A formal guarantee
            must use one, since what the gradient really is depends on the data.

    Raises:
        InvalidConfig: rows, parameters or a bound that cannot be meant, or one that does not hold.
    """
    gone, kept = _split(head, forget)
    theta = head.checked(optimum)
    if largest is not None and not 0 <= largest < math.inf:
        raise InvalidConfig(f"largest is a finite bound on a gradient >= 0, got {largest}")
    if not gone.any():
        return 0.0
    left = head.gradient(theta) * len(gone)  # 0, at the optimum
    total = _total(head, theta, gone)
    if largest is None:
        most = float(np.linalg.norm(left - total))
    else:
        mean, bound = float(np.linalg.norm(total)) / gone.sum(), largest * (1 + 1e-12)
        if mean > bound:
            raise InvalidConfig(
                f"largest = {largest:g} bounds the gradient of any sample, and that of the rows to "
                f"forget is {mean:g} on average; give a bound that holds"
            )
        most = largest * float(gone.sum()) + float(np.linalg.norm(left))
    return most / float(kept.sum()) / head.mu


def unlearn(
    head: Head,
    forget: Mask,
    optimum: Floats,
    *,
    steps: int,
    rng: np.random.Generator,
    epsilon: float | None = None,
    delta: float = 1e-5,
    distance: float | None = None,
    largest: float | None = None,
    smoothness: float | None = None,
) -> Forgotten:
    """Forget rows (n,) by variance-reduced projected SGD on the rest, anchored at the optimum.

    The direction at sample i of the rest is grad l_i(theta) - grad l_i(optimum) plus the full
    gradient of the rest at the optimum, which the rows to forget tell by themselves. It is
    unbiased, and its variance is at most (Lip radius)^2. Every step is projected back into the ball
    of ``radius`` round the optimum, which at these rates none leaves but by rounding. With
    ``epsilon`` Gaussian noise is added at the end, calibrated to ``distance``.

    Source: in the setting of Van Waerebeke, Lorenzi, Scaman, El Mhamdi & Neglia (2026),
    "Variance-Reduced (epsilon, delta)-Unlearning using Forget Set Gradients", arXiv:2602.14938. Its
    body was not read: every line is ours, and each can be proved from its assumptions.

    Args:
        head: all the data.
        forget: (n,) which rows.
        optimum: (d,) of all the data, to a gradient of about 1e-10; what is left of it is corrected
            for, and widens the ball.
        steps: gradients of single samples.
        rng: which samples, and the noise.
        epsilon: of the guarantee, in (0, 1]; no noise if not given.
        delta: of the guarantee, in (0, 1).
        distance: a bound on how far the result is from training again, that holds with
            probability 1 - delta / 2; ``distance_after`` as many steps if not given, at most twice
            the radius, as both lie in the ball. Without epsilon there is no noise to hide it.
        largest: see ``radius``.
        smoothness: how fast the gradient of any sample can change; ``head.smoothness`` if not
            given, which for a formal guarantee must be known without the data, too.

    Raises:
        InvalidConfig: everything would be forgotten, or a setting cannot be meant.
    """
    _check_steps("gradients", steps, 1)
    if not 0 < delta < 1:
        raise InvalidConfig(f"delta lies in (0, 1), got {delta}")
    if epsilon is None and distance is not None:
        raise InvalidConfig(
            f"distance = {distance} is what noise hides, and without epsilon there is none; give "
            "epsilon, too, or neither"
        )
    gone, kept = _split(head, forget)
    optimum = head.checked(optimum)
    rho = radius(head, forget, optimum, largest=largest)
    whole = head.gradient(optimum) * len(kept)  # 0, but for what is left of it
    full = (whole - _total(head, optimum, gone)) / kept.sum()
    rows = rng.choice(np.flatnonzero(kept), size=steps)
    theta = optimum.copy()
    lip, mu = _smoothness(head, smoothness), head.mu
    for step, row in enumerate(rows.tolist()):
        direction = head.gradient_of(theta, row) - head.gradient_of(optimum, row) + full
        theta = _projected(theta - step_size(step, lip, mu) * direction, optimum, rho)
    deviation = 0.0
    if epsilon is not None:
        if distance is None:
            distance = distance_after(rho, smoothness=lip, mu=mu, steps=steps, delta=delta / 2)
        deviation = noise_deviation(distance, epsilon, delta / 2)
    noise = deviation * rng.normal(size=len(theta))
    return Forgotten(theta + noise, theta, rho, deviation, int(2 * steps + gone.sum()))


def plain_sgd(
    head: Head, forget: Mask, optimum: Floats, *, steps: int, rng: np.random.Generator
) -> Floats:
    """Return what SGD on the rest makes of the old optimum, with the same step sizes: (d,).

    Raises:
        InvalidConfig: rows, parameters or steps that cannot be meant.
    """
    _check_steps("gradients", steps, 0)
    _, kept = _split(head, forget)
    theta, lip, mu = head.checked(optimum).copy(), head.smoothness, head.mu
    for step, row in enumerate(rng.choice(np.flatnonzero(kept), size=steps).tolist()):
        theta = theta - step_size(step, lip, mu) * head.gradient_of(theta, row)
    return theta


def descend_to_delete(
    head: Head,
    forget: Mask,
    optimum: Floats,
    *,
    steps: int,
    largest: float | None = None,
    smoothness: float | None = None,
) -> tuple[Floats, float]:
    """Forget by full gradients of the rest: parameters (d,), and a bound on their distance.

    The distance to training again is at most ((k - 1) / (k + 1))^steps times the radius, k the
    condition number: a bound that chance has no part in. With both ``largest`` and ``smoothness``,
    as in ``unlearn``, it does not depend on the data, and noise may be calibrated to it.

    Raises:
        InvalidConfig: rows, parameters or steps that cannot be meant.

    Source: Neel, Roth & Sharifi-Malvajerdi (2021), "Descent-to-Delete: Gradient-Based Methods for
    Machine Unlearning", ALT, arXiv:2007.02923.
    """
    _check_steps("full gradients", steps, 0)
    _, kept = _split(head, forget)
    rest = head.only(kept)
    lip, mu = rest.smoothness if smoothness is None else _smoothness(head, smoothness), rest.mu
    theta = head.checked(optimum).copy()
    for _ in range(steps):
        theta = theta - 2 / (lip + mu) * rest.gradient(theta)
    shrinks = (lip - mu) / (lip + mu)
    return theta, float(shrinks**steps * radius(head, forget, optimum, largest=largest))


def noise_deviation(distance: float, epsilon: float, delta: float) -> float:
    """Return the standard deviation that hides a distance: D sqrt(2 ln(1.25 / delta)) / epsilon.

    Source: the Gaussian mechanism, Dwork & Roth (2014), "The Algorithmic Foundations of
    Differential Privacy", Theorem A.1, which asks for epsilon <= 1.

    Raises:
        InvalidConfig: the guarantee cannot be meant.
    """
    if not (0 < epsilon <= 1 and 0 < delta < 1 and 0 <= distance < math.inf):
        raise InvalidConfig(
            "this noise is calibrated for epsilon in (0, 1], delta in (0, 1) and a finite distance "
            f">= 0, got {epsilon}, {delta} and {distance}"
        )
    return distance * math.sqrt(2 * math.log(1.25 / delta)) / epsilon


def _check_steps(what: str, steps: int, least: int) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < least:
        raise InvalidConfig(f"steps is a number of {what} >= {least}, got {steps!r}")


def _smoothness(head: Head, known: float | None) -> float:
    if known is None:
        return head.smoothness
    if not head.smoothness <= known * (1 + 1e-12) < math.inf:
        raise InvalidConfig(
            f"smoothness = {known:g} bounds how fast the gradient of any sample can change, and "
            f"one of these changes as fast as {head.smoothness:g}; give a bound that holds"
        )
    return float(known)


def _total(head: Head, theta: Floats, rows: Mask) -> Floats:
    """Return the sum of some rows' gradients; 0 for none: (d,)."""
    return head.gradient(theta, rows) * rows.sum() if rows.any() else np.zeros_like(theta)


def _projected(theta: Floats, centre: Floats, rho: float) -> Floats:
    away = theta - centre
    norm = float(np.linalg.norm(away))
    return theta if norm <= rho else centre + away * (rho / norm)


def _split(head: Head, forget: Mask) -> tuple[Mask, Mask]:
    gone = np.asarray(forget)
    if gone.dtype != bool or gone.shape != head.y.shape:
        raise InvalidConfig(
            f"what to forget is a bool array {head.y.shape}, got {gone.dtype} {gone.shape}"
        )
    if gone.all():
        raise InvalidConfig(
            "everything is to be forgotten, and nothing would be left to learn from"
        )
    return gone, ~gone
