"""FedPG-BR: each round another number of episodes; its server looks around before it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp
from rallypoint.batch_env import Snapshot
from rallypoint.config import check_least
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig


@dataclass(frozen=True, kw_only=True)
class FedPgBr(Gpomdp):
    """GPOMDP on so many episodes as the server draws for the round, the same for everybody.

    It belongs together with the aggregator ``fedpg_filter``, which is told the number, and with the
    server's own ``Scsg`` descent.

    Source: Fan, Ma, Dai, Jing, Tan & Low (2021), "Fault-Tolerant Federated Reinforcement Learning
    with Theoretical Guarantee", NeurIPS, arXiv:2110.14074; numbers as for cart-pole.
    """

    whiten: str = "episode"
    fewest: int = 12  # episodes of each contributor in a round
    most: int = 20
    own_batch: int = 4  # episodes that the server plays before each further step

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        super().__post_init__()
        if not 1 <= self.fewest <= self.most:
            raise InvalidConfig(
                f"fewest is a number >= 1 and most one >= fewest, got {self.fewest} and {self.most}"
            )
        check_least(self, 1, "own_batch")

    @property
    def most_episodes(self) -> int:
        """How many whole episodes a contributor plays in a round at most."""
        return self.most

    def begin(self, memory: Snapshot, seeds: Sequence[int], round_number: int) -> Snapshot:
        """Draw how many episodes each run's contributors play, by the run's seed."""
        drawn = [
            stream(seed, "gradient/episodes", round_number).integers(self.fewest, self.most + 1)
            for seed in seeds
        ]
        return memory | {"episodes": np.array(drawn, dtype=np.int64)}
