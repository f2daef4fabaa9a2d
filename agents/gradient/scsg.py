"""The inner loop of a server that plays for itself: variance-reduced steps about an aggregate."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.actors import Actor, Actors
from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import shares
from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp, log_probabilities, summed_slopes
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.server import Server
from rallypoint.batch_env import BatchEnv, Mask
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig

Integers = NDArray[np.int64]

_NEAR = (0.995, 1.005)  # mean ratios of probabilities at which corrections still mean something


class Inner(NamedTuple):
    """What an inner loop did, run by run."""

    steps: Integers  # (R,) taken
    drawn: Integers  # (R,) that were to be taken
    episodes: Integers  # (R,) that the server played


class Scsg:
    """Takes a geometric number of steps along the aggregate, each corrected by the server's own.

    From weights w_0, where the aggregate mu was found, to w_n, the server descends along

        g(w_n) - g'(w_0) + mu,

    both of the same few episodes, which it plays under w_n in its own world; in g' each row counts
    by the ratio of its action's probability under w_0 to that under w_n. As soon as the mean ratio
    of these rows leaves [0.995, 1.005] the loop ends, before the step. The first step is along mu
    alone, for which nothing need be played. Where the aggregator believed nobody (mu = 0) the
    server descends along g(w_n), all steps. Where there are several groups, each one's actor is
    corrected by what was played as it, and the loop ends as soon as one of them has gone too far.

    The server is trusted: nobody lies in its world. What it plays is a function of the run, the
    round and the step, so nothing of it need be kept for a snapshot.

    Source: Fan et al. (2021), arXiv:2110.14074, Algorithm 1, and its code, which has ratios by row
    and not by episode; Lei & Jordan (2017), "Less than a Single Pass: Stochastically Controlled
    Stochastic Gradient", arXiv:1609.03261.
    """

    def __init__(
        self,
        env: BatchEnv,
        actors: Architecture | Actors,
        estimator: Gpomdp,
        *,
        batch: int,
        seed: int | None = None,
    ) -> None:
        """Get ready.

        Args:
            env: a world of the server's own, with ``batch`` copies for each run in turn.
            actors: of the groups; the architecture of the weights, where there is one group.
            estimator: how g is estimated.
            batch: episodes of the server before a step.
            seed: of what it plays; that of the server's first run if not given.

        Raises:
            InvalidConfig: copies that make no batches.
        """
        runs = env.num_copies // batch
        if not runs or env.num_copies % batch:
            raise InvalidConfig(
                f"a server that plays {batch} episodes in every run needs a world of as many "
                f"copies for each, got {env.num_copies}"
            )
        self.last = Inner(*np.zeros((3, runs), dtype=np.int64))
        self._env = env
        self._given = actors
        self._estimator = estimator
        self._batch = batch
        self._seed = seed
        self._one = Contributors(count=1, runs=runs)

    def __call__(
        self, server: Server, aggregates: Floats, *, episodes: Integers | None, round_number: int
    ) -> None:
        """Descend."""
        if episodes is None:
            raise InvalidConfig(
                "the server's inner loop needs to know how many episodes are behind an update: "
                "take an estimator that decides it, as FedPgBr does"
            )
        if len(episodes) != self._one.runs:
            raise InvalidConfig(
                f"the server's own world is of {self._one.runs} runs, and it learns "
                f"{len(episodes)}: give it {self._batch * len(episodes)} copies"
            )
        drawn = self._drawn(server, episodes, round_number)
        start = server.parameters
        actors = Actors.of(self._given, self._env.groups, server.riding.riders).each
        heard: Mask = np.stack(
            [np.any(aggregates[:, actor.weights] != 0, axis=1) for actor in actors], axis=1
        )
        taken, played = np.zeros((2, len(drawn)), dtype=np.int64)
        going: Mask = np.ones(len(drawn), dtype=bool)
        for step in range(int(drawn.max())):
            going = going & (step < drawn)
            alone = going[:, None] & ~heard  # (R, actors)
            along = aggregates.copy()
            # At first g and g' are the same.
            asked: Mask = going if step else np.asarray(alone.any(axis=1))
            if asked.any():
                batches = self._play(actors, server, asked, (round_number, step))
                played += self._batch * asked
                for actor, batch, hears, is_alone in zip(
                    actors, batches, heard.T, alone.T, strict=True
                ):
                    points = (actor.part.of(server.parameters), actor.part.of(start))
                    own, others, ratios = self._look(actor, *points, batch)
                    near: Mask = (ratios >= _NEAR[0]) & (ratios <= _NEAR[1])
                    going = going & (~hears | ~asked | near)
                    steps = along[:, actor.weights]
                    steps[asked & hears] += (own - others)[asked & hears]
                    steps[is_alone] = own[is_alone]
            if not going.any():
                break
            rows = np.flatnonzero(going)
            server.step(along[rows], rows)
            taken += going
        self.last = Inner(taken, drawn, played)

    def _drawn(self, server: Server, episodes: Integers, round_number: int) -> Integers:
        """Draw how many steps each run is to take, 1 + episodes / batch in the mean."""
        ends = self._batch / (self._batch + episodes)  # the chance that a step is the last
        return np.array(
            [
                stream(seed, "gradient/inner", round_number).geometric(chance)
                for seed, chance in zip(server.rules.seeds, ends.tolist(), strict=True)
            ]
        )

    def _play(
        self, actors: Sequence[Actor], server: Server, runs: Mask, when: tuple[int, int]
    ) -> list[Batch]:
        """Play as all groups; return what the server saw as each."""
        # A world and draws begun anew: how often others have played does not matter.
        first = server.rules.seeds[0] if self._seed is None else self._seed
        seed = int(stream(first, "gradient/server", *when).integers(1 << 62))
        rollout = Rollout(self._env, Draws(seed, "gradient/server-act", self._env.copies))
        points = [actor.part.of(server.parameters) for actor in actors]
        policies = [
            GradientPolicy(made.networks, made.riding.folded(made.networks, at), made.group)
            for made, at in zip(actors, points, strict=True)
        ]
        copies = np.repeat(runs, self._batch)
        fragments = rollout.episodes_of_all(policies, seed=seed, copies=copies)
        return [
            self._estimator.prepare(
                ActorCritic(made.networks), at, made.riding.shown(at, fragment), self._one
            )
            for made, at, fragment in zip(actors, points, fragments, strict=True)
        ]

    def _look(
        self, actor: Actor, parameters: Parameters, start: Parameters, batch: Batch
    ) -> tuple[Floats, Floats, NDArray[np.float64]]:
        """Return g at these parameters and g' at the first (R, d), and mean ratios (R,)."""
        networks, portions = ActorCritic(actor.networks), shares(batch.weights)
        by_log = -batch.gains * portions
        here, there = (log_probabilities(networks, at, batch) for at in (parameters, start))
        ratios = np.exp(there - here)
        own = summed_slopes(networks, parameters, batch, by_log)[:, 0]
        others = summed_slopes(networks, start, batch, by_log * ratios)[:, 0]
        met: Mask = np.any(portions > 0, axis=(1, 2))
        mean = np.einsum("rnb,rnb->r", portions, ratios, dtype=np.float64)
        return own, others, np.where(met, mean, 1.0)  # of whom it did not meet nothing has moved
