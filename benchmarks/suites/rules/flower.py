"""Flower's rules on NumPy arrays, as its strategies call them."""

from collections.abc import Callable
from typing import Any

from suites.rules import Call, Library, Rule


def _rule(call: Callable[[Any, Any, int], Any]) -> Rule:
    def rule(updates: Any, f: int) -> Call:
        from flwr.server.strategy import aggregate  # type: ignore[import-not-found]  # .venv-peers

        replies = [([update], 1) for update in updates]  # layers, number of samples
        return lambda: call(aggregate, list(replies), f)[0]

    return rule


LIBRARY = Library(
    name="flwr",
    rules={
        "mean": _rule(lambda flwr, replies, _: flwr.aggregate(replies)),
        "median": _rule(lambda flwr, replies, _: flwr.aggregate_median(replies)),
        "trimmed_mean": _rule(
            # It takes a share, and rounds down: a little more keeps f whole.
            lambda flwr, replies, f: flwr.aggregate_trimmed_avg(replies, (f + 0.5) / len(replies))
        ),
        "krum": _rule(lambda flwr, replies, f: flwr.aggregate_krum(replies, f, 0)),
        "multi_krum": _rule(
            lambda flwr, replies, f: flwr.aggregate_krum(replies, f, len(replies) - f - 2)
        ),
        "bulyan": _rule(
            lambda flwr, replies, f: flwr.aggregate_bulyan(
                replies, f, flwr.aggregate_krum, to_keep=0
            )
        ),
    },
    packages=("flwr", "numpy"),
    needs="flwr",
)
SUITE = LIBRARY.suite
