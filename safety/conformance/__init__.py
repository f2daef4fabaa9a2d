"""Does a threat keep the contract? ``assert_is_threat`` says, for anybody's."""

from rallypoint.safety.conformance.suite import assert_is_threat

__all__ = ["assert_is_threat"]
