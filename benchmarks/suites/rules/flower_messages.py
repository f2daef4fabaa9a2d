"""Flower's rules on messages, as its newer strategies call them."""

from typing import Any

from suites.rules import Call, Library, Rule


def _krum(kept: Any) -> Rule:
    def rule(updates: Any, f: int) -> Call:
        from flwr.serverapp.strategy import multikrum  # type: ignore[import-not-found]  # .venv-peers
        from flwr.serverapp.strategy.strategy_utils import (  # type: ignore[import-not-found]
            aggregate_arrayrecords,
        )

        contents = _contents(updates)

        def call() -> Any:
            chosen = multikrum.select_multikrum(contents, f, kept(len(updates), f))
            return aggregate_arrayrecords(chosen, "samples").to_numpy_ndarrays()[0]

        return call

    return rule


def _bulyan(updates: Any, f: int) -> Call:
    import numpy as np
    from flwr.serverapp.strategy import bulyan, multikrum

    contents = _contents(updates)

    def call() -> Any:
        theta = len(updates) - 2 * f
        chosen = [
            content["arrays"].to_numpy_ndarrays()
            for content in multikrum.select_multikrum(contents, f, theta)
        ]
        middle = [np.median(arrays, axis=0) for arrays in zip(*chosen, strict=True)]
        return bulyan.aggregate_n_closest_weights(middle, chosen, theta - 2 * f)[0]

    return call


def _contents(updates: Any) -> list[Any]:
    from flwr.app import (  # type: ignore[import-not-found]  # lives in .venv-peers
        ArrayRecord,
        MetricRecord,
        RecordDict,
    )

    return [
        RecordDict({"arrays": ArrayRecord([update]), "metrics": MetricRecord({"samples": 1})})
        for update in updates
    ]


LIBRARY = Library(
    name="flwr, messages",
    rules={
        "krum": _krum(lambda _n, _f: 1),
        "multi_krum": _krum(lambda n, f: n - f - 2),
        "bulyan": _bulyan,
    },
    packages=("flwr", "numpy"),
    needs="flwr",
)
SUITE = LIBRARY.suite
