"""A context that does not fit the updates is refused in words, and never misread."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from rallypoint.errors import InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import Context, aggregate, shards
from rallypoint.safety.aggregation.aggregator import Aggregator
from rallypoint.safety.aggregation.beside import fitting
from rallypoint.safety.aggregation.parts import SpanRule, mean_of

N, D = 9, 4
MASK = [False, True] * 4 + [False]


@pytest.fixture
def updates(rng):
    return rng.standard_normal((N, D))


@pytest.mark.parametrize(
    "trusted", [[9], [-1], MASK, np.array(MASK), [1.0], np.array([[1]]), "1", 1, [None], [[1]]]
)
@pytest.mark.parametrize("name", ["monna", "expert_rank"])
def test_whom_to_trust_is_told_by_indices_and_a_mask_is_not_taken_for_some(name, trusted, updates):
    with pytest.raises(InvalidConfig, match=r"indices of the 9 updates, 0 to 8, such as np\.flat"):
        aggregate(name, updates, f=1, context=Context(trusted=trusted))


@pytest.mark.parametrize("trusted", [(1, 3), np.flatnonzero([0, 1, 0, 1]), {1, 3}, range(1, 4, 2)])
@pytest.mark.parametrize("name", ["monna", "expert_rank"])
def test_indices_may_come_in_any_form(name, trusted, updates):
    answer = aggregate(name, updates, f=1, context=Context(trusted=trusted))
    assert (answer == aggregate(name, updates, f=1, context=Context(trusted=[1, 3]))).all()


@pytest.mark.parametrize(
    "scores",
    [np.ones(N - 1), np.ones((N, 1)), list("abcdefghi"), 1j * np.ones(N), [None] * N, 1.0],
)
def test_scores_are_one_number_for_each(scores, updates):
    with pytest.raises(InvalidConfig, match="scores must be one for each of 9 updates"):
        aggregate("zeno", updates, f=1, context=Context(scores=scores))
    with pytest.raises(InvalidConfig, match="counts must be one for each of 9 updates"):
        aggregate("mean", updates, f=1, context=Context(counts=scores))


@pytest.mark.parametrize(
    "vector",
    [
        np.ones(D - 1),
        np.ones(D + 1),  # of which the first would do
        np.ones((D, 1)),
        np.ones((1, D)),
        0.0,
        1j * np.ones(D),
        list("abcd"),
    ],
)
@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("fltrust", "root"),
        ("centered_clipping", "previous"),
        ("nan_median", "previous"),
        ("per_layer+nan_median", "previous"),
        ("per_layer+zeno_plus_plus", "root"),
    ],
)
def test_vectors_are_as_long_as_an_update_neither_shorter_nor_longer(name, which, vector, updates):
    for given in (updates, [updates[:, :3], updates[:, 3:]]):
        with pytest.raises(
            InvalidConfig, match=rf"{which} must be a vector \(d,\) .* of 4 numbers"
        ):
            aggregate(name, given, f=1, context=Context(**{which: vector}, layout=[1, 3]))


def test_what_is_not_read_does_not_matter(updates):
    assert aggregate("krum", updates, f=1, context=Context(previous=np.ones(7))).shape == (D,)


@pytest.mark.parametrize("as_given", [list, tuple, torch.tensor])
def test_vectors_and_scores_may_be_lists_and_tensors(as_given, updates):
    for name, which, values in (
        ("fltrust", "root", [1.0, 2.0, 3.0, 4.0]),
        ("zeno", "scores", [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0]),
        ("nan_median", "previous", [1.0, 2.0, 3.0, 4.0]),
    ):
        updates[:8, 0] = np.nan if name == "nan_median" else 0
        plain = aggregate(name, updates, f=1, context=Context(**{which: np.array(values)}))
        given = aggregate(name, updates, f=1, context=Context(**{which: as_given(values)}))
        assert (given == plain).all()


def test_a_root_that_is_no_number_or_an_aggregate_far_off_is_refused_by_its_name(updates):
    nothing, far = Context(root=np.full(D, np.nan)), Context(previous=np.full(D, 1e30))
    with pytest.raises(InvalidUpdates, match=r"must be finite, .* not so root; give one that is"):
        aggregate("fltrust", updates, f=1, context=nothing)
    with pytest.raises(InvalidUpdates, match=r"float32: not so previous; give updates of float64"):
        aggregate("centered_clipping", updates.astype(np.float32), f=1, context=far)


@pytest.mark.parametrize("layout", [[2.0, 2], "22", 4, [1, 2], [], [5, -1], [True, 3], [[4]]])
def test_a_layout_is_whole_numbers_that_sum_to_d(layout, updates):
    with pytest.raises(InvalidConfig, match=r"layout must be sizes .* sum to d = 4, got"):
        aggregate("per_layer+median", updates, f=1, context=Context(layout=layout))


def test_a_layout_may_be_an_array(updates):
    context = Context(layout=np.array([1, 3]))
    answer = aggregate("per_layer+median", updates, f=1, context=context)
    assert (answer == aggregate("median", updates, f=1)).all()


@pytest.mark.parametrize("rng_given", [0, "seed", np.zeros(3)])
def test_what_draws_is_a_generator(rng_given, updates):
    with pytest.raises(InvalidConfig, match=r"rng is a .*Generator, got"):
        aggregate("dnc", updates, f=1, context=Context(rng=rng_given))


@pytest.mark.parametrize("extra", [None, [16], {"batch": 0}, {"batch": "16"}, {"batch": True}])
def test_what_is_extra_is_a_dict_with_a_batch_of_some_episodes(extra, updates):
    with pytest.raises(InvalidConfig, match=r"extra.* got"):
        aggregate("fedpg_filter", updates, f=1, context=Context(extra=extra))


@pytest.mark.parametrize("context", [None, {}, {"trusted": [1]}])
def test_what_is_no_context_is_refused(context, updates):
    with pytest.raises(InvalidConfig, match=r"given as context=Context\(…\), got"):
        aggregate("krum", updates, f=1, context=context)


def test_nor_where_a_gram_matrix_is_all_there_is(updates):
    gram = shards.gram_of(updates, centre=0)
    with pytest.raises(InvalidConfig, match="trusted must be indices"):
        shards.decide_on("monna", gram, f=1, context=Context(trusted=MASK))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([torch.ones(N, 2), np.ones((N, 2))], "all blocks must be tensors like the first"),
        (lambda: 3, "returns an iterator over blocks"),
        (lambda: None, "returns an iterator over blocks"),
    ],
)
def test_what_are_no_blocks_is_refused(given, says):
    with pytest.raises(InvalidUpdates, match=says):
        aggregate("median", given, f=1)


@dataclass(frozen=True, kw_only=True)
class AsLong(SpanRule):
    """Somebody's: the mean, if the root gradient has a length."""

    name: ClassVar[str] = "as_long"
    bound: ClassVar[str] = "n >= 1"
    cost: ClassVar[str] = "one Gram"
    source: ClassVar[str] = "here"
    needs: ClassVar[frozenset] = frozenset({"root"})

    def weights(self, span, f, context):
        assert context.root @ context.root > 0
        return mean_of(span, np.arange(span.n))


@pytest.mark.parametrize("root", [[1.0] * D, torch.ones(D), np.ones(D)])
def test_a_rule_gets_vectors_that_it_needs_as_arrays_also_if_they_are_no_points(root, updates):
    rule = Aggregator("as_long", (AsLong(),))
    assert rule(updates, 0, context=Context(root=root)) == pytest.approx(updates.mean(axis=0))
    with pytest.raises(InvalidConfig, match="root must be a vector"):
        rule(updates, 0, context=Context(root=root[1:]))


def test_what_fits_is_not_made_anew():
    context = Context(counts=np.ones(N), scores=np.ones(N), trusted=[1, 2])
    assert fitting(context, N) is context
