"""Does an environment keep the contract? ``assert_is_env`` says, of anybody's."""

from rallypoint.envs.conformance.suite import assert_is_env

__all__ = ["assert_is_env"]
