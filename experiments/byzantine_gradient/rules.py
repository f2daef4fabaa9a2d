"""The rules that compete, by the names under which they are reported."""

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

    That is where the aggregate is known to go along the mean; None where nothing is known.

    >>> round(limit("krum", Setting()), 2), round(limit("median", Setting()), 2)
    (0.11, 0.87)
    """
    chain = Aggregator.parse(aggregator(rule, setting))
    return chain.largest_spread(setting.contributors, setting.tolerated)
