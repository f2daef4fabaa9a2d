"""Philox4x64-10 in loops that numba compiles: the numbers of NumPy's Philox, sooner.

All loops go over counters, or over rows, so that they become loops over vectors of eight.
"""

import numpy as np
from numpy.typing import NDArray

from rallypoint.acceleration import compiled, inlined

Words = NDArray[np.uint64]
Key = tuple[np.uint64, np.uint64]
Four = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
Counter = tuple[np.uint64, np.uint64, np.uint64]  # place, episode, copy
Halves = Four

# Salmon, Moraes, Dror & Shaw (2011), "Parallel Random Numbers: As Easy as 1, 2, 3", SC.
_FIRST = np.uint64(0xD2E7470EE14C6C93)  # multipliers
_SECOND = np.uint64(0xCA5A826395121157)
_FIRST_STEP = np.uint64(0x9E3779B97F4A7C15)  # of the key, from round to round
_SECOND_STEP = np.uint64(0xBB67AE8584CAA73B)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_NONE = np.uint64(0)
_SPARE = np.uint64(11)  # bits that a float64 in [0, 1) has no room for
_UNIT = 2.0**-53
_LANES = 8  # of the widest vectors there are
_HALF_OF_ROWS = 32
_ROWS = 2 * _HALF_OF_ROWS  # at a time: what is made of them stays in cache

# Of the multipliers. The loops get them as arguments: of constants LLVM knows that together they
# multiply to 128 bits, which it does number by number, in twice the time.
HALVES = (_FIRST & _LOW, _FIRST >> _HALF, _SECOND & _LOW, _SECOND >> _HALF)


@inlined
def high(one: np.uint64, low_half: np.uint64, high_half: np.uint64) -> np.uint64:
    """Return the upper half of a product of 128 bits."""
    a, b = one & _LOW, one >> _HALF
    c, d = low_half & _LOW, high_half & _LOW  # so that LLVM sees that nothing is above
    middle = b * c + ((a * c) >> _HALF)
    carried = a * d + (middle & _LOW)
    return b * d + (middle >> _HALF) + (carried >> _HALF)


@inlined
def mixed(four: Four, key: Key, halves: Halves) -> Four:
    """Return what a round makes of four words."""
    a, b, c, d = four
    above, other_above = high(a, halves[0], halves[1]), high(c, halves[2], halves[3])
    return other_above ^ b ^ key[0], _SECOND * c, above ^ d ^ key[1], _FIRST * a


@inlined
def stepped(key: Key) -> Key:
    """Return the key of the round after."""
    return key[0] + _FIRST_STEP, key[1] + _SECOND_STEP


@inlined
def words(one: Counter, other: Counter, key: Key, halves: Halves) -> tuple[Four, Four]:
    """Return the four words that each of two counters yields.

    In turns, round by round: each round waits for the one before, and meanwhile there is time for
    the other counter's.
    """
    # Ten rounds, written out: around another loop there would be none over vectors.
    first = mixed((one[0], _NONE, one[1], one[2]), key, halves)
    second = mixed((other[0], _NONE, other[1], other[2]), key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    first, second = mixed(first, key, halves), mixed(second, key, halves)
    key = stepped(key)
    return mixed(first, key, halves), mixed(second, key, halves)


@inlined
def uniform(word: np.uint64) -> float:
    """Return the number in [0, 1) that a word stands for."""
    return np.float64(word >> _SPARE) * _UNIT


@inlined
def put(numbers: NDArray[np.float64], counter: int, four: Four) -> None:
    """Put the numbers that a counter yields in their places of a row."""
    numbers[4 * counter] = uniform(four[0])
    numbers[4 * counter + 1] = uniform(four[1])
    numbers[4 * counter + 2] = uniform(four[2])
    numbers[4 * counter + 3] = uniform(four[3])


@inlined
def fall(coins: NDArray[np.bool_], counter: int, four: Four, chance: float) -> None:
    """Toss the coins that a counter yields, in their places of a row."""
    coins[4 * counter] = uniform(four[0]) < chance
    coins[4 * counter + 1] = uniform(four[1]) < chance
    coins[4 * counter + 2] = uniform(four[2]) < chance
    coins[4 * counter + 3] = uniform(four[3]) < chance


@compiled(
    "void(float64[:, ::1], int64[::1], uint64[:, ::1], UniTuple(uint64, 2), UniTuple(uint64, 4))"
)
def fill(
    buffer: NDArray[np.float64],
    rows: NDArray[np.int64],
    counters: Words,
    key: Key,
    halves: Halves,
) -> None:
    """Fill rows of a buffer, each from its own counter on; see ``philox.Philox.fill``."""
    for index in range(len(rows)):
        place, episode, copy = counters[index, 0], counters[index, 1], counters[index, 2]
        numbers = buffer[rows[index]]
        for counter in range(len(numbers) // 4):
            # NumPy counts on before it draws. A row may be too short to be drawn in halves.
            one = place + np.uint64(counter + 1), episode, copy
            four, _ = words(one, one, key, halves)
            put(numbers, counter, four)


@compiled(
    "void(float64[:, ::1], int64[::1], int64, int64[::1], int64[::1], uint64[::1], "
    "UniTuple(uint64, 2), UniTuple(uint64, 4))"
)
def fill_at(  # noqa: PLR0917 - compiled code has no keywords
    drawn: NDArray[np.float64],
    where: NDArray[np.int64],
    num_agents: int,
    places: NDArray[np.int64],
    episodes: NDArray[np.int64],
    copies: Words,
    key: Key,
    halves: Halves,
) -> None:
    """Fill rows with what falls to some cells; see ``philox.Philox.fill_at``."""
    each = drawn.shape[1]
    counters = (each + 6) // 4  # that the numbers of a row may come of, from any place on
    numbers = np.empty((4 * counters, _ROWS))
    begin = np.zeros((3, _ROWS), np.uint64)
    lanes = np.empty(_ROWS, np.int64)
    copy, end = 0, num_agents  # of the cells, and the first one beyond it
    for first in range(0, len(drawn), _ROWS):
        some = min(_ROWS, len(drawn) - first)
        for row in range(some):
            cell = where[first + row]
            while cell >= end:  # to divide would take longer
                copy, end = copy + 1, end + num_agents
            start = places[copy] + (cell + num_agents - end) * each
            begin[0, row] = start >> 2  # a counter yields four numbers
            begin[1, row] = episodes[copy]
            begin[2, row] = copies[copy]
            lanes[row] = start & 3
        for counter in range(counters):
            on = np.uint64(counter + 1)
            by_row = numbers[4 * counter : 4 * counter + 4]
            for row in range(-(-min(some, _HALF_OF_ROWS) // _LANES) * _LANES):
                last = row + _HALF_OF_ROWS
                one = begin[0, row] + on, begin[1, row], begin[2, row]
                other = begin[0, last] + on, begin[1, last], begin[2, last]
                four, other_four = words(one, other, key, halves)
                by_row[0, row], by_row[0, last] = uniform(four[0]), uniform(other_four[0])
                by_row[1, row], by_row[1, last] = uniform(four[1]), uniform(other_four[1])
                by_row[2, row], by_row[2, last] = uniform(four[2]), uniform(other_four[2])
                by_row[3, row], by_row[3, last] = uniform(four[3]), uniform(other_four[3])
        for row in range(some):
            for column in range(each):
                drawn[first + row, column] = numbers[lanes[row] + column, row]


@compiled(
    "void(float64[:, ::1], int64[::1], int64, int64[::1], int64[::1], uint64[::1], "
    "UniTuple(uint64, 2), UniTuple(uint64, 4))"
)
def fill_long_at(  # noqa: PLR0917 - compiled code has no keywords
    drawn: NDArray[np.float64],
    where: NDArray[np.int64],
    num_agents: int,
    places: NDArray[np.int64],
    episodes: NDArray[np.int64],
    copies: Words,
    key: Key,
    halves: Halves,
) -> None:
    """Do what ``fill_at`` does row by row: sooner, and in less memory, where rows are long."""
    each = drawn.shape[1]
    half = -(-((each + 6) // 4) // (2 * _LANES)) * _LANES  # of a row's counters
    numbers = np.empty(8 * half)
    copy, end = 0, num_agents
    for row in range(len(drawn)):
        while where[row] >= end:
            copy, end = copy + 1, end + num_agents
        start = places[copy] + (where[row] + num_agents - end) * each
        place, episode, number = np.uint64(start >> 2), np.uint64(episodes[copy]), copies[copy]
        for counter in range(half):
            on = place + np.uint64(counter + 1)
            one, other = (on, episode, number), (on + np.uint64(half), episode, number)
            four, other_four = words(one, other, key, halves)
            put(numbers, counter, four)
            put(numbers, counter + half, other_four)
        lane = start & 3
        told = drawn[row]
        for column in range(each):
            told[column] = numbers[lane + column]


@compiled(
    "void(boolean[:, ::1], float64, int64[::1], int64[::1], uint64[::1], UniTuple(uint64, 2), "
    "UniTuple(uint64, 4))"
)
def toss(  # noqa: PLR0917 - compiled code has no keywords
    tossed: NDArray[np.bool_],
    chance: float,
    places: NDArray[np.int64],
    episodes: NDArray[np.int64],
    copies: Words,
    key: Key,
    halves: Halves,
) -> None:
    """Toss coins for all copies, each from its own place on; see ``philox.Philox.toss``."""
    each = tossed.shape[1]
    half = -(-((each + 6) // 4) // (2 * _LANES)) * _LANES  # of a row's counters
    coins = np.empty(8 * half, np.bool_)
    for row in range(len(tossed)):
        place, episode, copy = np.uint64(places[row] >> 2), np.uint64(episodes[row]), copies[row]
        for counter in range(half):
            on = place + np.uint64(counter + 1)
            one, other = (on, episode, copy), (on + np.uint64(half), episode, copy)
            four, other_four = words(one, other, key, halves)
            fall(coins, counter, four, chance)
            fall(coins, counter + half, other_four, chance)
        lane = places[row] & 3
        told = tossed[row]
        for column in range(each):
            told[column] = coins[lane + column]
