"""How far each attack takes each rule from the honest mean, in honest standard deviations."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import Floats, stream
from rallypoint.errors import InvalidUpdates, SearchTooLong
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.breakdown.contestants import ATTACKS, Contestant
from rallypoint.safety.updates import attack

Updates = NDArray[np.float64]


def errors(
    config: BreakdownConfig, seed: int, d: int, f_real: int, rules: list[Contestant]
) -> Floats:
    """Return the error of every rule under every attack: (rules, attacks).

    Honest updates are normal, with mean ``length`` and variance 1 in each coordinate. An error is
    the distance of the aggregate from their mean, in units of their root mean squared distance
    from it. NaN where the rule refused to answer.
    """
    drawn = stream(seed, "breakdown/updates", d).standard_normal((config.contributors, d))
    drawn += config.length
    honest, own = np.split(drawn, [config.contributors - f_real])
    mean = honest.mean(axis=0)
    deviation = np.sqrt(np.square(honest - mean).sum(axis=1).mean())
    found = np.full((len(rules), len(ATTACKS)), np.nan)
    for row, rule in enumerate(rules):
        for column, label in enumerate(ATTACKS):
            answer = _answer(rule, label, honest, own, stream(seed, f"breakdown/{label}", d))
            found[row, column] = np.linalg.norm(answer - mean) / deviation
    return found


def _answer(
    rule: Contestant, label: str, honest: Updates, own: Updates, rng: np.random.Generator
) -> Any:
    kind, parameters = ATTACKS[label]
    f_real = len(own)
    combine = partial(rule.aggregator, f=rule.told(f_real))
    try:
        lies = attack(kind, honest, f_real, rng=rng, aggregator=combine, own=own, **parameters)
        return combine(np.concatenate([honest, lies]))
    except (InvalidUpdates, SearchTooLong):  # more that is not finite than it was told of
        return np.nan
