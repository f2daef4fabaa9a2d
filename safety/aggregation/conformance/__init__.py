"""Does an aggregator keep the contract? ``assert_is_aggregator`` says, of anybody's."""

from rallypoint.safety.aggregation.conformance.suite import assert_is_aggregator

__all__ = ["assert_is_aggregator"]
