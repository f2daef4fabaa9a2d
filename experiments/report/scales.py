"""From values to places in a drawing, and the round numbers between."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUND = (1, 2, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where values lie between two places of a drawing.

    >>> Scale(low=0.0, high=2.0, start=10.0, end=110.0)(0.5)
    35.0
    """

    low: float
    high: float
    start: float  # the place of low
    end: float  # the place of high
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return a value's place, to a tenth of a unit."""
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return about five round numbers between low and high.

        >>> Scale(low=0.0, high=1.0, start=0.0, end=1.0).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        if self.logarithmic:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers]
        rough = (self.high - self.low) / 5
        magnitude = 10.0 ** math.floor(math.log10(rough))
        step = next(r * magnitude for r in _ROUND if r * magnitude >= rough * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [
            round(place * step, 12 - math.floor(math.log10(step)))
            for place in range(first, last + 1)
        ]


def span(values: Sequence[float], *, margin: float) -> tuple[float, float]:
    """Return a range with all values in it and a margin around; shares stay within 0 and 1.

    >>> span([0.9, 1.0], margin=0.5)
    (0.85, 1.0)
    """
    low, high = min(values), max(values)
    width = high - low
    size = max(abs(low), abs(high))
    if width <= 1e-9 * size or width < 1e-99:  # one value: nothing says how far to look
        width = size if size >= 1e-99 else 1.0
    step = 10.0 ** (math.floor(math.log10(width)) - 1)  # ends that are short to say
    wider = (
        _tidy(math.floor((low - margin * width) / step) * step, step),
        _tidy(math.ceil((high + margin * width) / step) * step, step),
    )
    if low >= 0 and wider[0] < 0.1 * high:  # so near to nothing that it may as well begin there
        wider = 0.0, wider[1]
    return wider[0], min(1.0, wider[1]) if low >= 0 and high <= 1 else wider[1]


def _tidy(multiple: float, step: float) -> float:
    """Take the last bits away that multiplying by a step has left."""
    return round(multiple, min(300, 3 - math.floor(math.log10(step))))


def label(value: float) -> str:
    """Say a tick's number in a few letters.

    >>> label(1000.0), label(0.95), label(2e6)
    ('1,000', '0.95', '2e+06')
    """
    if 1000 <= abs(value) < 1e6 and value == int(value):
        return f"{int(value):,}"
    return f"{value:.4g}"
