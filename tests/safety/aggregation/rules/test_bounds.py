"""How many updates each part needs to tolerate f liars, and that it is refused with fewer."""

import numpy as np
import pytest

from rallypoint.errors import TooManyByzantine
from rallypoint.safety.aggregation import aggregate, aggregators
from rallypoint.safety.aggregation.parts import Context, Mixing

LEAST = {  # (a, b): n >= a f + b
    (0, 1): {"mean", "nan_mean", "per_layer"},
    (1, 1): {"bucketing", "clipping", "expert_rank", "fltrust", "zeno", "zeno_plus_plus"},
    (2, 1): {
        *("aksel", "arc", "caf", "centered_clipping", "cge", "dnc", "fedpg_filter", "filter"),
        *("geometric_median", "max_min_mix", "mda", "mean_of_directions", "monna", "nnm", "que"),
        *("meamed", "median", "nan_median", "nan_trimmed_mean", "phocas", "sign_vote", "smea"),
        "trimmed_mean",
    },
    (2, 3): {"krum", "multi_krum"},
    (4, 3): {"bulyan", "bulyan_multi_krum"},
}
BOUNDS = [(name, *bound) for bound, names in LEAST.items() for name in sorted(names)]


def test_every_part_has_its_bound_here():
    assert sorted(name for name, *_ in BOUNDS) == sorted(aggregators)


@pytest.mark.parametrize(("name", "a", "b"), BOUNDS)
def test_a_part_needs_as_many_updates_as_its_paper_says(name, a, b):
    kind = aggregators[name]
    assert [int(kind.least(kind(), f)) for f in range(6)] == [a * f + b for f in range(6)]


# Those that need but one honest update are refused like all where there is none.
@pytest.mark.parametrize(("name", "a", "b"), [bound for bound in BOUNDS if bound[1] > 1])
def test_with_fewer_it_is_refused_and_told_how_many(name, a, b, rng):
    chain = f"{name}+mean" if issubclass(aggregators[name], Mixing) else name
    for f in (1, 2, 3):
        n = a * f + b
        context = Context(
            rng=rng,
            trusted=list(range(f + 1)),
            root=np.ones(3),
            previous=np.ones(3),
            scores=np.arange(n, dtype=np.float64),
        )
        updates = rng.standard_normal((n, 3))
        aggregate(chain, updates, f, context=context)
        with pytest.raises(TooManyByzantine, match=rf"needs {n}, and gets n = {n - 1}; take f <="):
            aggregate(chain, updates[1:], f, context=context)
