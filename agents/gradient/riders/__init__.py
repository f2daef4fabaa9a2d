"""Numbers of a model that are no weights, and ride along with them, one kind to a file.

They are extra coordinates behind the weights: in the parameters that everybody knows, and in every
update, where a contributor says how far they should *descend*, as with a gradient. So they go
through the same lies and the same aggregator, and their scale there is chosen so that they do not
drown the gradient. A contributor speaks of them once a round; in the updates of later minibatches
they are 0, which asks for nothing.

- ``initial`` and ``size``: what the model starts with.
- ``memory``: what contributors remember between rounds, as arrays.
- ``say``: what each contributor sends of a fragment.
- ``move``: what the server makes of the aggregate.
- ``shown`` and ``folded``: where they change what networks see.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.batch_env import Snapshot
from rallypoint.config import Config


class Said(NamedTuple):
    """What contributors send of a fragment, and what they remember."""

    update: Floats  # (R, n, size) by which the numbers should descend; 0 where nothing is known
    memory: Snapshot


class Rider(Config, ABC):
    """Numbers that ride along with the weights."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def size(self) -> int:
        """How many numbers they are."""

    @abstractmethod
    def initial(self) -> Parameters:
        """Return what they are at first: (size,)."""

    def memory(self, num_copies: int, num_agents: int, contributors: Contributors) -> Snapshot:
        """Return what contributors remember before the first round; nothing, here."""
        del num_copies, num_agents, contributors
        return {}

    @abstractmethod
    def say(
        self, own: Parameters, fragment: Fragment, contributors: Contributors, memory: Snapshot
    ) -> Said:
        """Return what each contributor sends of its rows, by its own alone.

        Args:
            own: (R, size) the numbers as they are.
            fragment: as it was played.
            contributors: whose rows are whose.
            memory: of the last round.
        """

    @abstractmethod
    def move(self, own: Parameters, aggregate: Floats, round_number: int) -> Parameters:
        """Return the numbers (R, size) after an aggregate (R, size) of a round, from 0."""

    def shown(self, own: Parameters, fragment: Fragment) -> Fragment:
        """Return a fragment as networks are to see it; unchanged, here."""
        del own
        return fragment

    def folded(
        self, own: Parameters, architecture: Architecture, weights: Parameters
    ) -> Parameters:
        """Return weights (R, D) that act alike on what is not ``shown``; unchanged, here."""
        del own, architecture
        return weights
