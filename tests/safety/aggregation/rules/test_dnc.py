"""DnC."""

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Context, aggregate, explain
from rallypoint.safety.aggregation.rules.dnc import Dnc
from rallypoint.safety.aggregation.span import Span


def context(seed=0):
    return Context(rng=np.random.default_rng(seed))


def reference(updates, dropped, columns):
    """Drop in each set of columns, by singular vectors; average those dropped least often."""
    times = np.zeros(len(updates))
    for some in columns:
        offsets = updates[:, some] - updates[:, some].mean(axis=0)
        away = (offsets @ np.linalg.svd(offsets)[2][0]) ** 2
        times[np.argsort(away)[len(updates) - dropped :]] += 1
    return updates[times == times.min()].mean(axis=0)


def asked_for(updates, columns, span_of):
    """Return a span whose samples are the given columns in turn, and what was asked of it."""
    spans, asked = iter([span_of(updates[:, some]) for some in columns]), []
    whole = span_of(updates)
    sampled = lambda rng, number: asked.append(number) or next(spans)  # noqa: E731
    return Span(whole.gram, whole.n, {}, sampled), asked


def test_one_round_on_all_columns(case, answer):
    updates, f, _ = case
    found = answer(Dnc(), updates, f, context())
    assert np.allclose(found, reference(updates, f, [slice(None)]))


@pytest.mark.parametrize("seed", range(20))
def test_several_rounds_on_some_columns(seed, span_of):
    rng = np.random.default_rng(seed)
    updates = rng.standard_normal((14, 12))
    updates[:3] += 2
    columns = [rng.choice(12, 5, replace=False) for _ in range(3)]
    span, asked = asked_for(updates, columns, span_of)
    weights = Dnc(rounds=3, columns=5).weights(span, 3, context())
    assert np.allclose(weights @ updates, reference(updates, 3, columns))
    assert asked == [5, 5, 5]


def test_where_all_were_dropped_those_dropped_least_often_are_averaged(span_of):
    # Round one drops updates 0 and 1, round two 2 and 3, round three 0 and 2: all but 4 and 5
    # once or twice; then round four 4 and 5.
    far = [[0, 1], [2, 3], [0, 2], [4, 5]]
    updates = np.zeros((6, 4))
    for column, rows in enumerate(far):
        updates[rows, column] = 9, -9
    span, _ = asked_for(updates, [[0], [1], [2], [3]], span_of)
    weights = Dnc(rounds=4, columns=1).weights(span, 2, context())
    assert np.allclose(weights, [0, 0.25, 0, 0.25, 0.25, 0.25])


@pytest.mark.parametrize(("removed", "f", "dropped"), [(1.5, 2, 3), (1.3, 2, 3), (0.1, 3, 0)])
def test_how_many_are_dropped(removed, f, dropped, span_of, rng):
    updates = rng.standard_normal((12, 3))
    weights = Dnc(removed=removed).weights(span_of(updates), f, context())
    assert np.count_nonzero(weights) == 12 - dropped


def test_of_equal_offsets_the_later_are_dropped(span_of):
    updates = np.array([[1.0], [-1], [1], [-1], [0]])
    assert np.flatnonzero(Dnc().weights(span_of(updates), 2, context())).tolist() == [0, 1, 4]


def test_liars_that_stand_apart_in_one_direction_are_dropped(answer, rng):
    updates = rng.standard_normal((20, 200))
    updates[[2, 5, 11, 17]] += 1.5
    found = answer(Dnc(rounds=3, columns=100), updates, 4, context())
    honest = np.delete(updates, [2, 5, 11, 17], axis=0)
    assert np.linalg.norm(found - honest.mean(axis=0)) < 0.5 * np.linalg.norm(updates.mean(axis=0))


@pytest.mark.parametrize("rounds", [1, 5])
def test_a_far_liar_in_the_middle_of_the_widest_direction_stays(rounds, answer, rng):
    updates = rng.standard_normal((9, 3))
    updates[2] = [9e12, 0, 0]
    updates[5] = [1e12, 1e9, 0]
    found = answer(Dnc(rounds=rounds), updates, 2, context())
    assert found[0] > 1e11


def test_the_columns_are_the_generators(rng):
    updates = rng.standard_normal((20, 300))
    chosen = [
        explain("dnc", updates, f=4, columns=20, context=context(seed)).weights.tobytes()
        for seed in (0, 0, 1, 2, 3)
    ]
    assert chosen[0] == chosen[1]
    assert len(set(chosen)) > 1


def test_nothing_to_drop_makes_it_the_mean(answer, rng):
    updates = rng.standard_normal((6, 3))
    assert np.allclose(answer(Dnc(), updates, 0, context()), updates.mean(axis=0))
    assert np.allclose(answer(Dnc(), updates[:1], 0, context()), updates[0])


@pytest.mark.parametrize("columns", [100, 10_000])
def test_a_shared_mean_costs_no_digits(columns):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        updates = (1000 + 0.1 * rng.standard_normal((11, 300))).astype(np.float32)
        updates[:3] += 0.3
        given = {"f": 3, "columns": columns}
        exact = explain("dnc", updates.astype(np.float64), context=context(), **given).weights
        assert (explain("dnc", updates, context=context(), **given).weights == exact).all()
        assert not exact[:3].any()


def test_what_leaves_no_update_is_refused(rng):
    with pytest.raises(InvalidConfig, match=r"removed=3\.0 times f=2 drops 6 of n=5"):
        aggregate("dnc", rng.standard_normal((5, 3)), f=2, removed=3.0, context=context())


@pytest.mark.parametrize(
    "settings", [{"rounds": 0}, {"columns": 0}, {"removed": 0}, {"removed": float("inf")}]
)
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(InvalidConfig, match=next(iter(settings))):
        Dnc(**settings)
