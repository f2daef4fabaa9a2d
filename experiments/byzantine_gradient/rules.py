"""The rules that compete, by the names under which they are reported."""

import math

from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.safety.aggregation import Aggregator

OWN = ("mean_of_directions", "max_min_mix")
PROMISING = (*OWN, "median")  # those that P5 is about
FILTER = "fedpg_filter"
RULES = (
    *PROMISING,
    "mean",
    "trimmed_mean",
    "krum",
    "multi_krum",
    "geometric_median",
    "nnm+trimmed_mean",
    "caf",
    FILTER,
)
WITH_BULYAN = ("bulyan", "trimmed_mean", "median")

# Of the filter: how far honest updates are apart, which depends on what is learned from how much.
# Measured with ``calibrated_sigma`` on two unattacked runs of the mean (seeds 1000 and 1001, none
# of those reported), the largest over quarters of the training.
_SIGMAS = {
    "B8": 0.09,
    "B8-momentum": 0.03,
    "fedpg_br-B16": 0.1,
    "fedpg_br-K30": 0.085,
}


def aggregator(rule: str, setting: Setting) -> str:
    """Return the aggregator of a rule in a setting."""
    if rule != FILTER:
        return rule
    sigma = _SIGMAS[setting.name.removesuffix("-inner")]
    return f"{FILTER}(sigma={sigma}, batch={setting.episodes})"


def limit(rule: str, setting: Setting) -> float | None:
    """Return the ratio of honest spread to honest mean below which the rule's promise says much.

    That is where |F - mean| is known to be less than |mean|; None where no constant is known. For
    Krum it is 1 / eta(n, f) of Blanchard et al. (2017), for others 1 / sqrt(kappa).

    >>> round(limit("krum", Setting()), 2), round(limit("median", Setting()), 2)
    (0.11, 0.29)
    """
    n, f = setting.contributors, setting.tolerated
    if rule == "krum":
        away = (f * (n - f - 2) + f**2 * (n - f - 1)) / (n - 2 * f - 2)
        return 1 / math.sqrt(2 * (n - f + away))
    kappa = Aggregator.parse(aggregator(rule, setting)).robustness(n, f)
    return None if kappa is None or kappa <= 0 else 1 / math.sqrt(kappa)
