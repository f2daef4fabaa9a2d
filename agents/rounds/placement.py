"""Where rounds are computed when they are computed on a Ray cluster, and with what."""

import dataclasses
import itertools
import math
from dataclasses import dataclass

from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from rallypoint.agents.rounds.ray_variables import check_variables
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig

LOCAL = "local"
STORE = 256 * 1024**2  # bytes


@dataclass(frozen=True, kw_only=True)
class Placement(Config):
    """Actors on a Ray cluster; no number that is learned depends on any of this."""

    address: str = LOCAL  # "local" starts a Ray here, "auto" finds the one that runs, or host:port
    actors: int | None = None  # as many as the cluster has CPUs for, if not given
    blocks: int | None = None  # contributors computed together; one for each actor, if not given
    cpus: float = 1.0  # of each actor
    gpus: float = 0.0
    object_store: int | None = None  # bytes, of a Ray that is started here; 256 MiB if not given
    source: str = "auto"  # "ship" ours to the nodes, "installed" there; auto: ship if it differs
    start_seconds: float = 60.0  # in which an actor must have started
    patience: float | None = 60.0  # seconds until whoever is late is asked elsewhere as well
    deadline: float | None = 600.0  # seconds after which who is not there is missing, against f

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, here or in variables that Ray reads.

        Raises:
            InvalidConfig: says what must hold.
        """
        for name in ("actors", "blocks", "object_store"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidConfig(f"{name} is a number >= 1, got {value}")
        if not (0 <= self.cpus < math.inf and 0 <= self.gpus < math.inf):
            raise InvalidConfig(
                f"an actor has 0 or more CPUs and GPUs, got {self.cpus}, {self.gpus}"
            )
        if self.source not in ("auto", "ship", "installed"):
            raise InvalidConfig(f"source is 'auto', 'ship' or 'installed', got {self.source!r}")
        _ = self.protocol  # refuses its own
        if not self.start_seconds > 0:
            raise InvalidConfig(f"start_seconds is a number > 0, got {self.start_seconds}")
        if self.address.startswith("ray://"):
            raise InvalidConfig(
                f"{self.address} is Ray's client, which cannot hold rounds together; run on a node "
                "of the cluster with --ray auto, or through `ray job submit`"
            )
        if self.object_store is not None and self.address != LOCAL:
            raise InvalidConfig(
                "a cluster's object store is set where it is started, with `ray start "
                f"--object-store-memory BYTES`: leave out object_store={self.object_store}, which "
                "is of a Ray that is started here"
            )
        check_variables()

    @property
    def protocol(self) -> Synchronous:
        """Who is waited for, and how long."""
        return Synchronous(patience=self.patience, deadline=self.deadline)

    def among(self, count: int) -> "Placement":
        """Return where n contributors are computed: no Ray is started for more actors than that."""
        if self.address != LOCAL or self.actors is None:
            return self
        return dataclasses.replace(self, actors=min(self.actors, count))

    def num_actors(self, count: int, cpus: float) -> int:
        """Return how many actors n contributors get on a cluster of so many CPUs."""
        room = int(cpus // self.cpus) if self.cpus else count
        return max(1, min(count, self.actors or room, self.blocks or count))

    def deal(self, count: int, actors: int) -> list[list[int]]:
        """Deal n contributors out to blocks, as evenly as can be, in order."""
        blocks = min(count, self.blocks or actors)
        ends = [count * block // blocks for block in range(blocks + 1)]
        return [list(range(a, b)) for a, b in itertools.pairwise(ends)]
