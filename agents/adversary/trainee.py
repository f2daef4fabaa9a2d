"""Several trainings of one learner, side by side, that can be stopped and gone on with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.live import LivePolicy
from rallypoint.batch_env import BatchEnv, Snapshot
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig
from rallypoint.safety.aggregation import Aggregator

_SIZE = 16  # bits of a copy's number within its run
_OF_ALL_RUNS = ("time", "rounds", "previous")  # of a server, which no run learns by


def copies_of(seeds: Sequence[int], each: int) -> list[int]:
    """Return the global ids of so many copies for each run, by its seed alone.

    >>> copies_of([0, 3], 2)
    [0, 1, 196608, 196609]
    """
    return [seed << _SIZE | copy for seed in seeds for copy in range(each)]


class _Rollout(Rollout):
    """Starts the world by its copies' ids alone, which tell runs apart, and by no run's seed."""

    def _begin(self, seed: int | None) -> None:
        super()._begin(None if seed is None else 0)


class Trainee:
    """R runs of a learner, one for each seed; the copies of its world are R equal blocks.

    What a run learns depends on its own seed and copies, not on which others there are.
    """

    def __init__(
        self,
        env: BatchEnv,
        learner: GradientLearner,
        seeds: Sequence[int],
        *,
        role: str = "agent",
        live: LivePolicy | None = None,
    ) -> None:
        """Begin with networks drawn for each seed.

        Args:
            env: the world, with one group; copies as ``copies_of`` numbers them.
            learner: with all its settings.
            seeds: of the runs.
            role: keys draws, so that an agent and its attacker differ.
            live: what is to follow what is learned.

        Raises:
            InvalidConfig: spaces that cannot be learned from, or copies that are no equal blocks.
        """
        if learner.whole_episodes:
            raise InvalidConfig(
                "runs are trained side by side on fragments of so many steps, and this learner "
                "takes whole episodes; ppo and a2c take fragments"
            )
        runs = len(seeds)
        rollout = _Rollout(env, Draws(0, f"adversary/{role}/act", env.copies))
        self.group = rollout.group
        self.architecture = learner.architecture(self.group)
        start = np.stack(
            [
                self.architecture.initial(stream(seed, f"adversary/{role}"), scheme=learner.initial)
                for seed in seeds
            ]
        )
        server = Server(
            start,
            [Aggregator.parse("mean")] * runs,
            f=0,
            seeds=list(seeds),
            optimiser=learner.server_optimiser,
            pace=learner.pace,
            layout=[piece.at.stop - piece.at.start for piece in self.architecture.pieces],
            riders=learner.riders(self.architecture),
        )
        self._rounds = Rounds(
            rollout,
            self.architecture,
            learner,
            Contributors(who="workers", count=1, runs=runs),
            server,
            steps=learner.steps,
            seeds=seeds,
            contribution=learner.contribution,
        )
        self.live = live or LivePolicy()
        self.live.become(self.policy(greedy=False))

    @property
    def weights(self) -> NDArray[np.float32]:
        """What was learned so far: (R, d)."""
        return self._rounds.weights

    @property
    def learned(self) -> Snapshot:
        """Everything that was learned so far, the optimiser's memory included: first axis R."""
        whole = self._rounds.server.snapshot()
        return {name: part for name, part in whole.items() if name not in _OF_ALL_RUNS}

    def go_on_from(self, learned: Snapshot) -> None:
        """Go on learning from what runs of the same networks have learned elsewhere.

        Raises:
            InvalidConfig: it was learned by other networks, or by other runs.
        """
        self._rounds.server.restore({**self._rounds.server.snapshot(), **learned})
        self.live.become(self.policy(greedy=False))

    def train(self, rounds: int) -> NDArray[Any]:
        """Learn so many rounds more; return the mean return of each run's episodes: (rounds, R).

        NaN where none ended in a round.
        """
        returns = []
        for _ in range(rounds):
            returns.append(self._rounds.train_round().returns)
            self.live.become(self.policy(greedy=False))
        return np.array(returns)

    def policy(self, *, greedy: bool = True) -> GradientPolicy:
        """Return what acts as it was learned, in copies that are R equal blocks."""
        return GradientPolicy(self.architecture, self.weights, self.group, greedy=greedy)
