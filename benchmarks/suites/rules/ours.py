"""Our rules, on NumPy arrays."""

from functools import partial
from typing import Any

from suites.rules import Call, Library, Rule

COORDINATE = ("median", "trimmed_mean", "meamed", "phocas", "sign_vote")
BULYAN = ("bulyan", "bulyan_multi_krum")
_ANCHORED = ("aksel", "centered_clipping", "fltrust", "monna", "zeno", "expert_rank")
SPAN = (
    "geometric_median",
    "krum",
    "multi_krum",
    "mda",
    "caf",
    "cge",
    "dnc",
    "filter",
    "que",
    *_ANCHORED,
)
AFTER_NNM = ("geometric_median", "krum", "multi_krum", "mda", "caf", "cge", "filter", "que")
_SETTINGS: dict[str, dict[str, Any]] = {"centered_clipping": {"tau": 1.0}}
_TRUSTED = {"monna": [0]}  # as its peers have it; of the others, one more than may lie


def _aggregated(name: str, updates: Any, f: int) -> Call:
    import numpy as np

    from rallypoint.safety.aggregation import Context, aggregate

    context = Context(
        rng=np.random.default_rng(0),
        trusted=_TRUSTED.get(name, list(range(f + 1))),
        root=updates[0],
        previous=np.zeros(updates.shape[1], np.float32),
        counts=np.ones(len(updates), np.int64),
        scores=np.arange(len(updates), 0, -1.0),
    )
    settings = _SETTINGS.get(name, {})
    return lambda: aggregate(name, updates, f=f, context=context, **settings)


_CHAINS = [f"nnm+{rule}" for rule in (*AFTER_NNM, "median", "trimmed_mean")]
_NAMES = ("mean", *COORDINATE, *SPAN, *BULYAN, "smea", *_CHAINS)
_RULES: dict[str, Rule] = {name: partial(_aggregated, name) for name in _NAMES}

LIBRARY = Library(name="ours", rules=_RULES, packages=("rallypoint", "numpy"), enumerates=("smea",))
SUITE = LIBRARY.suite
