"""Philox4x64-10 in a loop that numba compiles: the numbers of NumPy's Philox, sooner."""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

# Salmon, Moraes, Dror & Shaw (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", SC.
_FIRST = np.uint64(0xD2E7470EE14C6C93)  # multipliers
_SECOND = np.uint64(0xCA5A826395121157)
_FIRST_STEP = np.uint64(0x9E3779B97F4A7C15)  # of the key, from round to round
_SECOND_STEP = np.uint64(0xBB67AE8584CAA73B)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_NONE, _ONE, _TWO, _FOUR = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(4)
_SPARE = np.uint64(11)  # bits that a float64 in [0, 1) has no room for
_UNIT = 2.0**-53


@inlined
def high(one: np.uint64, other: np.uint64) -> np.uint64:
    """Return the upper half of a product of 128 bits."""
    a, b = one & _LOW, one >> _HALF
    c, d = other & _LOW, other >> _HALF
    middle = b * c + ((a * c) >> _HALF)
    carried = a * d + (middle & _LOW)
    return b * d + (middle >> _HALF) + (carried >> _HALF)


@inlined
def four(
    place: np.uint64, episode: np.uint64, copy: np.uint64, key: tuple[np.uint64, np.uint64]
) -> tuple[float, float, float, float]:
    """Return the numbers in [0, 1) that a counter yields."""
    a, b, c, d = place, np.uint64(0), episode, copy
    seed, channel = key
    for _ in range(_ROUNDS):
        product, other = _FIRST * a, _SECOND * c
        above, other_above = high(_FIRST, a), high(_SECOND, c)
        a, b, c, d = other_above ^ b ^ seed, other, above ^ d ^ channel, product
        seed += _FIRST_STEP
        channel += _SECOND_STEP
    return (
        np.float64(a >> _SPARE) * _UNIT,
        np.float64(b >> _SPARE) * _UNIT,
        np.float64(c >> _SPARE) * _UNIT,
        np.float64(d >> _SPARE) * _UNIT,
    )


@compiled("void(float64[:, ::1], int64[::1], uint64[:, ::1], UniTuple(uint64, 2))")
def fill(
    buffer: NDArray[np.float64],
    rows: NDArray[np.int64],
    counters: NDArray[np.uint64],
    key: tuple[np.uint64, np.uint64],
) -> None:
    """Fill rows of a buffer, each from its own counter on; see ``philox.Philox.fill``."""
    for index in range(len(rows)):
        row = rows[index]
        place, episode, copy = counters[index, 0], counters[index, 1], counters[index, 2]
        for column in range(0, buffer.shape[1], 4):
            place += _ONE  # NumPy counts on before it draws
            first, second, third, fourth = four(place, episode, copy, key)
            buffer[row, column] = first
            buffer[row, column + 1] = second
            buffer[row, column + 2] = third
            buffer[row, column + 3] = fourth


@compiled("void(float64[:, ::1], uint64[:, ::1], UniTuple(uint64, 2))")
def fill_at(
    drawn: NDArray[np.float64], starts: NDArray[np.uint64], key: tuple[np.uint64, np.uint64]
) -> None:
    """Fill rows, each from its own place on; see ``philox.Philox.fill_at``."""
    if drawn.shape[1] == 1:  # apart, since this loop becomes one over several rows at once
        for row in range(len(drawn)):
            place = starts[row, 0]
            numbers = four(place // _FOUR + _ONE, starts[row, 1], starts[row, 2], key)
            lane = place % _FOUR
            low = numbers[0] if lane == _NONE else numbers[1]
            high_ones = numbers[2] if lane == _TWO else numbers[3]
            drawn[row, 0] = low if lane < _TWO else high_ones
        return
    for row in range(len(drawn)):
        place, episode, copy = starts[row, 0], starts[row, 1], starts[row, 2]
        counter = place // _FOUR + _ONE
        numbers = four(counter, episode, copy, key)
        lane = place % _FOUR
        for column in range(drawn.shape[1]):
            if lane == _FOUR:
                lane = _NONE
                counter += _ONE
                numbers = four(counter, episode, copy, key)
            drawn[row, column] = numbers[lane]
            lane += _ONE
