"""The public face: what an aggregator says of itself, of an answer, and of bad input."""

from dataclasses import replace

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator, Context, aggregate, aggregators, explain
from tests.tree import python


def test_the_package_loads_no_torch_and_is_quick():
    script = (
        "import sys, time\n"
        "import rallypoint\n"
        "start = time.process_time()\n"
        "import rallypoint.safety.aggregation\n"
        "took = time.process_time() - start\n"
        "rallypoint.safety.aggregation.aggregate('krum', __import__('numpy').eye(7), f=1)\n"
        "print(took, 'torch' in sys.modules, 'scipy' in sys.modules)\n"
    )
    took, *loaded = python("-c", script).split()
    assert float(took) < 0.3
    assert loaded[0] == "False"


def test_it_says_what_is_known_of_the_whole():
    chain = Aggregator.parse("bucketing(size=2)+nnm+median")
    assert chain.needs == {"rng"}
    assert chain.bound == "n >= 1 f + 1 (bucketing), n >= 2 f + 1 (nnm), n >= 2 f + 1 (median)"
    assert "one coordinate pass (median)" in chain.cost
    assert chain.robustness(20, 2) is None  # nothing is known of bucketing


def test_the_bound_is_checked_on_what_comes_in():
    bucketing = Aggregator.parse("bucketing(size=2)+krum")
    bucketing.check(17, 3)  # 9 buckets
    with pytest.raises(TooManyByzantine, match="f = 3 it needs 9, and gets n = 8"):
        bucketing.check(16, 3)
    with pytest.raises(TooManyByzantine, match="krum needs"):
        bucketing(np.eye(16), 3, context=Context(rng=np.random.default_rng(0)))


def test_a_refusal_says_the_bound_and_what_would_do():
    message = (
        r"bulyan needs n >= 4 f \+ 3 updates: to tolerate f = 3 it needs 15, and gets n = 12; "
        r"take f <= 2, or more contributors"
    )
    with pytest.raises(TooManyByzantine, match=message):
        aggregate("bulyan", np.eye(12), f=3)
    with pytest.raises(TooManyByzantine, match="take another rule"):
        aggregate("bulyan", np.eye(2), f=0)


@pytest.mark.parametrize("f", [-1, 5, 1.0, "1", None, True, np.bool_(True)])
def test_no_number_of_contributors_is_refused(f):
    with pytest.raises(InvalidConfig, match=r"\bf (is|must)"):
        aggregate("mean", np.eye(5), f=f)


def test_numpys_integers_are_numbers():
    assert aggregate("krum", np.eye(5), f=np.int64(1)).shape == (5,)


@pytest.mark.parametrize(
    "updates",
    [
        np.zeros(3),
        np.zeros((2, 3, 4)),
        np.zeros((0, 3)),
        np.zeros((3, 0)),
        np.zeros((3, 3), dtype=int),
        np.zeros((3, 3), dtype=bool),
        np.zeros((3, 3), dtype=complex),
        np.zeros((3, 3), dtype=object),
        np.zeros((3, 3), dtype=np.longdouble),
        [[1.0, 2.0], [3.0]],
        [[1, 2], [3, 4]],
        "updates",
        None,
        3.0,
        [],
        pytest.param(iter([np.eye(3)]), id="an iterator"),
    ],
    ids=str,
)
def test_what_are_no_updates_is_refused(updates):
    with pytest.raises(InvalidUpdates):
        aggregate("median", updates, f=0)


@pytest.mark.parametrize("name", ["krum", "median", "geometric_median", "nnm+trimmed_mean"])
def test_other_kinds_of_arrays_are_arrays_unless_something_is_masked(name, rng):
    updates = rng.standard_normal((9, 4))
    expected = aggregate(name, updates, f=2)
    whole = np.ma.array(updates)
    for other in (updates.view(np.matrix), whole, [whole[:, :4]]):
        found = aggregate(name, other, f=2)
        assert type(found) is np.ndarray
        assert np.array_equal(found, expected)
    masked = np.ma.array(updates, mask=updates > 1)
    for lacking in (masked, [masked], list(masked)):
        with pytest.raises(InvalidUpdates, match="fill it with NaN"):
            aggregate(name, lacking, f=2)


def test_nested_lists_are_arrays():
    assert aggregate("median", [[1.0], [2.0], [9.0]], f=1).tolist() == [2]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["mean", "median", "krum", "nnm+trimmed_mean", "bulyan"])
def test_the_answer_keeps_the_dtype(name, dtype, rng):
    updates = (10 + rng.standard_normal((9, 50))).astype(dtype)
    updates.flags.writeable = False
    answer = aggregate(name, updates, f=1)
    assert answer.dtype == dtype
    exact = aggregate(name, updates.astype(np.float64), f=1)
    assert np.allclose(answer, exact, rtol=2 * np.finfo(dtype).eps * 9)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_memory_may_be_laid_out_in_any_way(layout, rng):
    updates = rng.standard_normal((9, 5000))
    for name in ("mean", "median", "multi_krum", "nnm+trimmed_mean"):
        answer = aggregate(name, layout(updates), f=2)
        assert np.allclose(answer, aggregate(name, updates, f=2), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "need"), [("bucketing+krum", "rng"), ("fltrust", "root"), ("monna", "trusted")]
)
def test_a_missing_need_is_named(name, need):
    for context in (Context(), Context(trusted=[])):
        with pytest.raises(InvalidConfig, match=rf"needs {need}: give context=Context\({need}=…\)"):
            aggregate(name, np.eye(9), f=1, context=context)


def test_what_is_known_of_updates_is_not_known_of_fewer_mixed_ones(rng):
    context = Context(rng=rng, trusted=[0])
    with pytest.raises(InvalidConfig, match=r"monna needs trusted: .* changes the number"):
        aggregate("bucketing+monna", rng.standard_normal((9, 4)), f=1, context=context)
    assert aggregate("nnm+monna", rng.standard_normal((9, 4)), f=1, context=context).shape == (4,)


def test_an_explanation_names_who_was_believed(rng):
    updates = rng.standard_normal((9, 6))
    updates[2], updates[5] = 500, np.nan
    told = explain("nnm+trimmed_mean", updates, f=2)
    assert told.left_out.tolist() == [5]
    assert told.dropped.tolist() == [2, 5]
    assert told.believed.tolist() == [0, 1, 3, 4, 6, 7, 8]
    assert told.mixing.shape == (8, 9)
    assert not told.mixing[:, 5].any()
    assert not told.is_exact
    assert told.weights.sum() == pytest.approx(1)


def test_an_explanation_tells_what_the_anchors_are(rng):
    updates, previous = rng.standard_normal((9, 6)), rng.standard_normal(6)
    context = Context(previous=previous)
    told = explain("centered_clipping(tau=0.1)", updates, f=2, context=context)
    answer = aggregate("centered_clipping(tau=0.1)", updates, f=2, context=context)
    assert told.is_exact
    assert 0.5 < told.anchors["previous"] < 1
    assert np.allclose(told.weights @ updates + told.anchors["previous"] * previous, answer)


def test_anchors_stay_where_they_are_when_updates_are_mixed(rng):
    updates, previous = rng.standard_normal((9, 6)), rng.standard_normal(6)
    context = Context(previous=previous)
    chain = "nnm+bucketing(size=2)+centered_clipping(tau=0.3)"
    told = explain(chain, updates, f=2, context=replace(context, rng=np.random.default_rng(0)))
    mixed = told.mixing @ updates
    expected = aggregate("centered_clipping(tau=0.3)", mixed, f=2, context=context)
    answer = aggregate(chain, updates, f=2, context=replace(context, rng=np.random.default_rng(0)))
    assert np.allclose(answer, expected)
    assert np.allclose(told.weights @ updates + told.anchors["previous"] * previous, answer)


def test_every_rule_of_the_field_is_there():
    wanted = (
        "mean median trimmed_mean geometric_median krum multi_krum bulyan bulyan_multi_krum mda "
        "smea meamed phocas cge aksel monna centered_clipping caf dnc filter que fltrust zeno "
        "expert_rank sign_vote nnm arc bucketing"
    )
    assert set(wanted.split()) <= set(aggregators)


def test_a_rule_that_samples_draws_from_the_context(rng):
    updates = rng.standard_normal((9, 300)).astype(np.float32)
    answers = {
        aggregate(
            "dnc(columns=20)", updates, f=2, context=Context(rng=np.random.default_rng(seed))
        ).tobytes()
        for seed in range(20)
    }
    assert len(answers) > 1


def test_what_is_not_looked_at_is_not_compared(monkeypatch, rng):
    from rallypoint.safety.aggregation import kernels

    monkeypatch.delattr(kernels, "gram")
    updates, context = rng.standard_normal((9, 5000)), Context(rng=rng)
    for name in ("mean", "median", "trimmed_mean", "bucketing+median", "sign_vote"):
        assert aggregate(name, updates, f=1, context=context).shape == (5000,)
