"""Looking along a line for the lie that does most, within a declared number of questions."""

from collections.abc import Callable

import numpy as np

LOW, HIGH = 1e-2, 1e2  # of the scale: where the first questions begin and end
_GOLDEN = (np.sqrt(5) - 1) / 2


def strongest(
    harm: Callable[[float], float], *, scale: float, evaluations: int
) -> tuple[float, float]:
    """Return the factor of most harm among those asked about, and the harm.

    A rule's answer to a growing lie rises, breaks off where the lie is found out, and may rise
    again: no single start finds the best. So half of the questions are spread evenly, in ratio,
    from 0.01 to 100 times the scale, and the other half close in by golden section on the best of
    them, between its neighbours. Harm that is not a number counts for none at all.

    Args:
        harm: of a factor > 0.
        scale: a factor at which something should happen.
        evaluations: how often harm is asked for, exactly; at least 3.
    """
    asked: dict[float, float] = {}

    def ask(factor: float) -> float:
        value = harm(factor)
        asked[factor] = value if np.isfinite(value) else -np.inf
        return asked[factor]

    starts = scale * np.geomspace(LOW, HIGH, (evaluations + 1) // 2)
    values = [ask(float(start)) for start in starts]
    best = int(np.argmax(values))
    low = np.log(starts[max(best - 1, 0)])
    high = np.log(starts[min(best + 1, len(starts) - 1)])
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    found: list[float | None] = [None, None]
    for _ in range(evaluations - len(starts)):
        side = 0 if found[0] is None else 1
        found[side] = ask(float(np.exp(inner[side])))
        left, right = found
        if left is None or right is None:
            continue
        if left >= right:
            high, inner[1], found = inner[1], inner[0], [None, left]
            inner[0] = high - _GOLDEN * (high - low)
        else:
            low, inner[0], found = inner[0], inner[1], [right, None]
            inner[1] = low + _GOLDEN * (high - low)
    factor = max(asked, key=asked.__getitem__)
    return factor, asked[factor]
