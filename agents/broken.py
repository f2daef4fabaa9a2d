"""What policies of which neurons or synapses are broken have in common, ours and SB3's."""

from typing import NoReturn

from rallypoint.batch_env import Observations
from rallypoint.errors import NotOffered
from rallypoint.policies import Objective


class NotFollowed:
    """A policy that acts, and is not followed back from what it does to what it saw."""

    def value_and_gradient(self, observations: Observations, objective: Objective) -> NoReturn:
        """Refuse: what broken neurons send does not depend on what is seen.

        Raises:
            NotOffered: always.
        """
        del observations, objective
        raise NotOffered(
            "a network with broken neurons is not followed back to what it saw; attack the "
            "undamaged policy, and let the broken one see the result"
        )
