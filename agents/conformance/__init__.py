"""Does a learner keep the contract? ``assert_is_agent`` says, of anybody's."""

from rallypoint.agents.conformance.suite import assert_is_agent

__all__ = ["assert_is_agent"]
