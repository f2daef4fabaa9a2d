"""Decisions by compiled loops: NumPy's to the bit, and only where loading them pays."""

import numpy as np
import pytest

from rallypoint.errors import SearchTooLong
from rallypoint.safety.aggregation import Context, aggregate, compiling
from rallypoint.safety.aggregation.compiling import Compiled
from rallypoint.safety.aggregation.fermat import fermat_point
from rallypoint.safety.aggregation.least_norm import capped_least_norm

RULES = ("geometric_median", "nnm+geometric_median", "caf", "nnm+caf", "max_min_mix", "expert_rank")


def cases():
    """Yield updates (n, d) of many kinds, and how many of them may lie."""
    for number in range(36):
        rng = np.random.default_rng(number)
        n, d = int(rng.integers(5, 40)) if number else compiling.MOST, int(rng.integers(1, 200))
        f = int(rng.integers(0, (n - 1) // 2))
        updates = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-8, 9)
        match number % 6:
            case 1:
                updates += 50 * np.abs(updates).max()
            case 2:
                updates[:f] *= 1e12
            case 3:
                updates = np.round(updates / np.abs(updates).max() * 2)  # many at equal distances
            case 4:
                updates = updates[rng.integers(0, n, n)]  # some of them equal
            case 5:
                updates[:, 1:] = 0  # on a line
        kind = np.float64 if number % 4 else np.float32
        yield pytest.param(updates.astype(kind), f, id=f"{number}-n{n}-f{f}-d{d}")


@pytest.fixture
def switched(monkeypatch):
    """Return what switches compiled loops on and off."""

    def switch(is_on):
        monkeypatch.setenv("RALLYPOINT_FAST", str(int(is_on)))
        for each in (compiling.SOLVERS, compiling.SEARCH):
            monkeypatch.setattr(each, "_asked", 0)
            monkeypatch.setattr(each, "_module", None)

    return switch


def both(switched, decide):
    """Return what is decided without compiled loops, and with them."""
    answers = []
    for is_on in (False, True):
        switched(is_on)
        answers.append(decide())
        assert (compiling.SOLVERS.loops(1) is not None) is is_on
    return answers


@pytest.mark.parametrize(("updates", "f"), list(cases()))
def test_aggregates_are_the_same_to_the_bit(updates, f, switched):
    context = Context(trusted=[len(updates) - 1])
    slow, fast = both(
        switched, lambda: [aggregate(rule, updates, f, context=context) for rule in RULES]
    )
    for rule, one, other in zip(RULES, slow, fast, strict=True):
        assert one.tobytes() == other.tobytes(), rule


@pytest.mark.parametrize(("updates", "f"), list(cases()))
def test_so_are_points_by_mass_and_shortest_combinations(updates, f, switched):
    points = updates.astype(np.float64)
    gram, masses = points @ points.T, np.random.default_rng(f).uniform(0.1, 3, len(points))
    slow, fast = both(
        switched,
        lambda: (
            fermat_point(gram, masses, tolerance=1e-6, rounds=5),
            capped_least_norm(gram, len(points) - f),
        ),
    )
    assert [each.tobytes() for each in slow] == [each.tobytes() for each in fast]


@pytest.mark.parametrize(("updates", "f"), list(cases()))
def test_the_tightest_take_the_same_search(updates, f, switched):
    def found(branches):
        try:
            return aggregate("mda", updates, min(f, 8), branches=branches).tobytes()
        except SearchTooLong as refusal:
            return str(refusal)

    for branches in (1, 3, 9, 27, 300):  # as many as are enough, and too few
        slow, fast = both(switched, lambda most=branches: found(most))
        assert slow == fast


def test_they_are_loaded_once_they_pay(monkeypatch):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    monkeypatch.setattr(compiling, "_PAYS", 5)
    solvers = Compiled("compiled_solvers")
    for n in (compiling.MOST + 1, 3, 3, 3, 3, compiling.MOST + 1):
        assert solvers.loops(n) is None
    assert solvers.loops(3) is not None
    assert solvers.loops(compiling.MOST + 1) is None
