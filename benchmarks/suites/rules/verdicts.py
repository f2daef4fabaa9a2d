"""Whether a library's answers are right."""

from collections.abc import Callable
from typing import Any

from suites.rules.definitions import RIGHT, Definition, definitions_of

NOT_COMPARED = "not compared: it draws, may break ties otherwise, or nobody else has it"
_SHAPES = ((11, 2), (12, 2), (13, 2))
_TOLERANCE = 1e-4  # of float32 answers of about one
_MEAN, _NOISE, _SEEDS = 1000, 0.1, 20


def is_right(verdict: str) -> bool:
    """Say whether answers are right everywhere."""
    return verdict.startswith(RIGHT) and ", but" not in verdict


def verdict(rule: str, call: Callable[[Any, int], Any]) -> str:
    """Say whether a library's rule is right, or what it is instead.

    Args:
        rule: its name among ours.
        call: aggregates updates (n, d) of which up to f are lies.
    """
    definitions = definitions_of(rule)
    if not definitions:
        return NOT_COMPARED
    tried = list(_updates())
    answers = [_answer(call, x, f) for x, f in tried]
    off = []
    for said, definition in definitions:
        expected = [definition(x.astype(float), f) for x, f in tried]
        off.append(max(abs(a - e).max() for a, e in zip(answers, expected, strict=True)))
        if off[-1] < _TOLERANCE:
            # Of 30, there are too many subsets to walk through.
            return said if "mda" in rule else said + _far_from_the_origin(call, definition)
    again = [_answer(call, x, f) for x, f in tried]
    if any((a != b).any() for a, b in zip(answers, again, strict=True)):
        return f"wrong: another answer each time, off by up to {off[0]:.2g}"
    return f"wrong: off by up to {off[0]:.2g}"


def _updates() -> Any:
    import numpy as np

    for n, f in _SHAPES:
        for shift in (0, 5):
            x = np.random.default_rng(n).standard_normal((n, 40), dtype=np.float32)
            x[n - f :] += shift
            yield x, f


def _answer(call: Callable[[Any, int], Any], x: Any, f: int) -> Any:
    import numpy as np

    return np.asarray(call(x.copy(), f), dtype=float)


def _far_from_the_origin(call: Callable[[Any, int], Any], definition: Definition) -> str:
    """Try updates that share a large mean: there, products of float32 lose every digit."""
    import numpy as np

    wrong = 0
    for seed in range(_SEEDS):
        noise = _NOISE * np.random.default_rng(seed).standard_normal((30, 200))
        x = (_MEAN + noise).astype(np.float32)
        off = abs(_answer(call, x, 6) - definition(x.astype(float), 6)).max()
        wrong += not off < 0.2 * _NOISE
    return f", but not about a mean of {_MEAN} ({wrong} of {_SEEDS})" if wrong else ""
