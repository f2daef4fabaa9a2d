"""What a lie is to bring about, as objectives of what a network puts out: larger is worse for it.

Each has the form of ``rallypoint.policies.Objective``: outputs (E, n, K) -> values (E, n) and
slopes (E, n, K). How outputs are read is said in ``rallypoint.policies.DifferentiablePolicy``.
"""

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.draws import Floats
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Objective

CHOICES = {"logits", "values"}  # one action of K is taken
_MEASURED = {"normal", "squashed"}  # means, then standard deviations
_PLAIN = {"scaled", "clipped"}  # the action itself
_TIE = np.float32(1e-12)  # keeps logarithms finite


def unlikely(reads: str, true: Array) -> Objective:
    """Make what would be done in truth unlikely: minus the log-probability of the likeliest action.

    Of actions that are numbers it is the squared change of the mean, as in ``apart``.

    Source: Goodfellow, Shlens & Szegedy (2015), "Explaining and Harnessing Adversarial Examples",
    ICLR; on policies Huang et al. (2017), "Adversarial Attacks on Neural Network Policies",
    arXiv:1702.02284.
    """
    if reads not in CHOICES:
        return apart(reads, true)
    likeliest = true.argmax(axis=-1)[..., None]

    def objective(outputs: Array) -> tuple[Array, Array]:
        logs = log_softmax(outputs)
        slopes = np.exp(logs)
        own = np.take_along_axis(logs, likeliest, axis=-1)[..., 0]
        places = np.take_along_axis(slopes, likeliest, axis=-1)
        np.put_along_axis(slopes, likeliest, places - 1, axis=-1)
        return -own, slopes

    return objective


def apart(reads: str, true: Array) -> Objective:
    """Move what is done away from what would be done in truth.

    It is the divergence KL(true, seen) of the actions' laws, or, of actions that are numbers, the
    squared change in standard deviations. Its gradient is 0 at the truth, so a climb starts beside
    it.

    Source: the maximal action difference of Zhang, Chen, Xiao, Li, Liu, Boning & Hsieh (2020),
    "Robust Deep Reinforcement Learning against Adversarial Perturbations on State Observations",
    NeurIPS, arXiv:2003.08938.

    Raises:
        InvalidConfig: actions are read in a way that has no such distance.
    """
    if reads in CHOICES:
        true_logs = log_softmax(true)
        law = np.exp(true_logs)

        def divergence(outputs: Array) -> tuple[Array, Array]:
            logs = log_softmax(outputs)
            return (law * (true_logs - logs)).sum(axis=-1), np.exp(logs) - law

        return divergence
    if reads not in _MEASURED | _PLAIN:
        raise InvalidConfig(
            f"there is no distance between actions that are read as {reads!r}; attacks that need "
            "none are critic and random_percept"
        )
    size = true.shape[-1] // 2 if reads in _MEASURED else true.shape[-1]
    spread = np.maximum(true[..., size:], _TIE) if reads in _MEASURED else np.float32(1)

    def squares(outputs: Array) -> tuple[Array, Array]:
        change = (outputs[..., :size] - true[..., :size]) / spread
        slopes = np.zeros_like(outputs)
        slopes[..., :size] = 2 * change / spread
        return (change * change).sum(axis=-1), slopes

    return squares


def worthless(outputs: Array) -> tuple[Array, Array]:
    """Let what is seen look as bad as can be to a critic, which puts out one number."""
    return -outputs[..., 0], -np.ones_like(outputs)


def costly(worths: Array) -> Objective:
    """Let actions be taken that are worth little, by their worths (E, n, K): one action of K.

    Source: the robust Sarsa attack of Zhang et al. (2020), arXiv:2003.08938.
    """

    def objective(outputs: Array) -> tuple[Array, Array]:
        law = np.exp(log_softmax(outputs))
        mean = (law * worths).sum(axis=-1, keepdims=True)
        return -mean[..., 0], -law * (worths - mean)

    return objective


def towards(reads: str, wanted: Array) -> Objective:
    """Move what is done along a direction (E, n, K): among choices, of their probabilities.

    Source: the actor's problem in PA-AD, Sun, Zheng, Liang & Huang (2022), "Who Is the Strongest
    Enemy? Towards Optimal and Efficient Evasion Attacks in Deep RL", ICLR, arXiv:2106.05087.
    """
    if reads in CHOICES:
        return costly(-wanted)

    def objective(outputs: Array) -> tuple[Array, Array]:
        slopes = np.zeros_like(outputs)
        slopes[..., : wanted.shape[-1]] = wanted
        return (slopes * outputs).sum(axis=-1), slopes

    return objective


def log_softmax(outputs: Array) -> Floats:
    """Return logarithms of the probabilities that logits (…, K) stand for."""
    top = outputs.max(axis=-1, keepdims=True)
    centred = outputs - top
    logs: Floats = centred - np.log(np.exp(centred).sum(axis=-1, keepdims=True))
    return logs
