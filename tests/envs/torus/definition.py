"""The torus as it is defined, agent by agent: nothing here is meant to be fast.

Agents are (column, row), or None for one not in the world.
"""

from fractions import Fraction

STEPS = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]


def moved(agents, actions, width):
    """Move everybody at once."""
    return [
        at and ((at[0] + STEPS[action][0]) % width, (at[1] + STEPS[action][1]) % width)
        for at, action in zip(agents, actions, strict=True)
    ]


def offset(here, there, width):
    """Return the shortest way along an axis; it is the only one, since the width is odd."""
    (shortest,) = [d for d in range(-(width // 2), width // 2 + 1) if (here + d) % width == there]
    return shortest


def bin_of(distance, limits):
    """Return the bin of an offset along an axis, 0 … 4 from far- to far+; None if unseen."""
    centre, near, far = limits
    if abs(distance) <= centre:
        return 2
    if abs(distance) <= near:
        return 3 if distance > 0 else 1
    if abs(distance) <= far:
        return 4 if distance > 0 else 0
    return None


def seen(agents, observer, width, limits):
    """Return the share of the population in each of 25 pairs of bins, as fractions."""
    shares = [Fraction(0)] * 25
    population = sum(at is not None for at in agents)
    if agents[observer] is not None:
        x, y = agents[observer]
        for at in agents:
            if at is not None:
                i = bin_of(offset(x, at[0], width), limits)
                j = bin_of(offset(y, at[1], width), limits)
                if i is not None and j is not None:
                    shares[5 * i + j] += Fraction(1, population)
    return shares


def reward(agents, observer, width, limits, kind):
    """Return what an agent earns where everybody stands."""
    population = sum(at is not None for at in agents)
    central = seen(agents, observer, width, limits)[12]
    if agents[observer] is None:
        return 0
    others = Fraction(0)
    if population > 1:
        others = (central * population - 1) / (population - 1)
    is_gathered = central >= Fraction(4, 5)
    if kind == "share":
        return others
    if kind == "mix":
        return Fraction(1) if is_gathered else Fraction(1, 5) * others
    return Fraction(1) if is_gathered else -Fraction(1, 20) if central < Fraction(1, 5) else 0


def largest_group(agents, width):
    """Return the share of the living in the fullest 3 x 3 cells."""
    present = [at for at in agents if at is not None]
    windows = [
        sum(
            abs(offset(x, at[0], width)) <= 1 and abs(offset(y, at[1], width)) <= 1
            for at in present
        )
        for x in range(width)
        for y in range(width)
    ]
    return Fraction(max(windows), max(len(present), 1))


def mean_pair_distance(agents, width):
    """Return the mean number of steps between two of the living."""
    present = [at for at in agents if at is not None]
    steps = [
        abs(offset(a[0], b[0], width)) + abs(offset(a[1], b[1], width))
        for i, a in enumerate(present)
        for b in present[:i]
    ]
    return Fraction(sum(steps), max(len(steps), 1))
