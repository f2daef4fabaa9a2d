"""Whether a threat need not be asked again: see ``Threat.is_steady``."""

from rallypoint.safety.threats import Threat


def is_steady(threat: Threat) -> bool:
    """Say whether a threat goes on with the same, and its own ``apply`` is what that is said of.

    One that is derived from a steady kind and does something else has not said so itself.
    """
    for kind in type(threat).__mro__:
        if "is_steady" in vars(kind):
            return threat.is_steady
        if "apply" in vars(kind):
            return False
    return False
