"""Compiled loops: decisions are NumPy's to the bit; products, which are not, must be asked for."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, SearchTooLong, Unavailable
from rallypoint.safety.aggregation import Context, aggregate, compiling, explain
from rallypoint.safety.aggregation.compiling import Compiled
from rallypoint.safety.aggregation.fermat import fermat_point
from rallypoint.safety.aggregation.least_norm import capped_least_norm
from rallypoint.safety.aggregation.rules import mda
from rallypoint.safety.aggregation.vertex_cover import Branches

RULES = (
    *("geometric_median", "nnm+geometric_median", "caf", "nnm+caf", "max_min_mix", "expert_rank"),
    *("nnm+krum", "multi_krum", "arc+nnm+mean", "filter", "filter(scale=1.0)"),
)


def cases():
    """Yield updates (n, d) of many kinds, and how many of them may lie."""
    for number in range(48):
        rng = np.random.default_rng(number)
        n, d = int(rng.integers(5, 40)) if number else compiling.MOST, int(rng.integers(1, 200))
        f = int(rng.integers(0, (n - 1) // 2))
        updates = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-8, 9)
        match number % 8:
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
            case 6:
                updates[:, 1:] *= 10.0 ** rng.uniform(-4, 0) / np.sqrt(d)  # nearly
            case 7:
                updates[: n // 3] = 1e-4 * updates[: n // 3] + 5 * np.abs(updates).max()  # close
        kind = np.float64 if number // 8 % 2 else np.float32
        yield pytest.param(updates.astype(kind), f, id=f"{number}-n{n}-f{f}-d{d}")


@pytest.fixture
def switched(monkeypatch):
    """Return what switches compiled decisions on and off; products are BLAS's either way."""
    monkeypatch.setattr(compiling.PRODUCTS, "loops", lambda _: None)

    def switch(is_on):
        monkeypatch.setenv("RALLYPOINT_FAST", str(int(is_on)))
        for each in (compiling.SOLVERS, compiling.SEARCH, compiling.DISTANCES):
            monkeypatch.setattr(each, "_asked", 0)
            monkeypatch.setattr(each, "_module", None)

    return switch


@pytest.fixture
def products(monkeypatch):
    """Switch compiled products on, and return them."""
    monkeypatch.setenv("RALLYPOINT_FAST", "1")
    monkeypatch.setattr(compiling.PRODUCTS, "_asked", 0)
    return compiling.PRODUCTS.loops(1).products


def both(switched, decide):
    """Return what is decided without compiled loops, and with them."""
    answers = []
    for is_on in (False, True):
        switched(is_on)
        answers.append(decide())
        assert (compiling.SOLVERS.loops(compiling.MOST) is not None) is is_on
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


def test_points_whose_squares_overflow_have_no_shortest_combination(switched):
    def refused():
        with np.errstate(all="ignore"), pytest.raises(SearchTooLong) as refusal:
            capped_least_norm(np.diag([np.inf] * 3), 2)
        return str(refusal.value)

    slow, fast = both(switched, refused)
    assert slow == fast


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


@pytest.mark.parametrize("seed", range(10))
def test_they_take_the_same_branches(seed, switched):
    points = np.random.default_rng(seed).standard_normal((30, 50))
    squared = np.square(points[:, None] - points).sum(axis=2)

    def taken():
        branches = Branches(100_000)
        return mda.tightest(squared, 9, branches).tolist(), branches.taken

    slow, fast = both(switched, taken)
    assert slow == fast
    assert slow[1] > 1


def test_they_are_loaded_once_they_pay(monkeypatch):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    solvers = Compiled("compiled_solvers", pays=5)
    for n in (compiling.MOST + 1, 3, 3, 3, 3, compiling.MOST + 1):
        assert solvers.loops(n) is None
    assert solvers.loops(3) is not None
    assert solvers.loops(compiling.MOST + 1) is None


@pytest.mark.parametrize("name", ["compiled_products", "of_no_file"])
def test_what_is_refused_once_is_refused_again(name, monkeypatch):
    asked = Compiled(name, pays=None)
    # A module that does not exist stands for a numba that cannot be used.
    monkeypatch.setenv("RALLYPOINT_FAST", "1" if name == "of_no_file" else "yes")
    for _ in range(3):
        with pytest.raises((InvalidConfig, Unavailable)):
            asked.loops(3)


def test_products_never_come_in_on_their_own(monkeypatch):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    asked = Compiled("compiled_products", pays=None)
    assert [asked.loops(3) for _ in range(20)] == [None] * 20


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 10, 11, 20, 64])
@pytest.mark.parametrize("b", [1, 3, 100, 4096])
def test_products_are_as_exact_as_those_of_blas(n, b, products, rng):
    wide = rng.standard_normal((n, 3 * b + 5)).astype(np.float32)
    stack = wide[:, 2 : 2 + 3 * b].reshape(n, 3, b).swapaxes(0, 1)
    found = np.empty((3, n, n), np.float32)
    products(stack, found)
    exact = stack.astype(np.float64) @ stack.swapaxes(1, 2).astype(np.float64)
    sizes = np.abs(stack).astype(np.float64) @ np.abs(stack).swapaxes(1, 2).astype(np.float64)
    assert (np.abs(found - exact) <= 8 * np.finfo(np.float32).eps * sizes).all()
    assert (found == found.swapaxes(1, 2)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_not_finite_stays_so_and_with_its_own(bad, products, rng):
    stack = rng.standard_normal((1, 11, 50)).astype(np.float32)
    stack[0, 3, 17] = bad
    found = np.empty((1, 11, 11), np.float32)
    products(stack, found)
    assert not np.isfinite(found[0, 3, 3])
    others = np.delete(np.arange(11), 3)
    assert np.isfinite(found[0][np.ix_(others, others)]).all()


@pytest.mark.parametrize("rule", ["geometric_median", "nnm+caf", "max_min_mix", "clipping+krum"])
@pytest.mark.parametrize("shared", [0, 30])
def test_products_do_not_depend_on_how_columns_come(rule, shared, products, rng):
    updates = shared + rng.standard_normal((11, 20_000)).astype(np.float32)
    blocks = [updates[:, start : start + 3000] for start in range(0, 20_000, 3000)]
    assert aggregate(rule, updates, 2).tobytes() == aggregate(rule, blocks, 2).tobytes()
    weights = explain(rule, updates, 2).weights
    for other in (np.asfortranarray(updates), np.ascontiguousarray(updates[::-1])[::-1]):
        assert (explain(rule, other, 2).weights == weights).all()


@pytest.mark.parametrize("rule", RULES)
def test_aggregates_differ_by_rounding_alone(rule, products, monkeypatch, rng):
    updates = rng.standard_normal((20, 5000)).astype(np.float32)
    fast = aggregate(rule, updates, 4, context=Context(trusted=[0]))
    monkeypatch.setattr(compiling.PRODUCTS, "loops", lambda _: None)
    slow = aggregate(rule, updates, 4, context=Context(trusted=[0]))
    assert np.allclose(fast, slow, atol=1e-4 * np.abs(slow).max(), rtol=0)
