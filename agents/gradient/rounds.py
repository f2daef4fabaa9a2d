"""Rounds: play, estimate, lie, aggregate, move; for R runs side by side."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.descent import Descent, straight
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment, Rollout
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.server import Received, Server
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import Draws, stream
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.updates import UpdateThreats


class Report(NamedTuple):
    """What a round brought, run by run."""

    returns: Floats  # (R,) mean return of the episodes that ended, of the honest; NaN if none did
    episodes: NDArray[np.int64]  # (R,) how many these were
    steps: NDArray[np.int64]  # (R,) agent-steps played
    ratio: Floats  # (R,) sqrt of the honest updates' variance over the norm of their mean
    cosine: Floats  # (R,) of the aggregate with the honest mean
    believed: Floats  # (R, n) weights in the aggregate; 0 for the absent


class Rounds:
    """One group's shared policy, learned from n contributors in each of R runs."""

    def __init__(
        self,
        rollout: Rollout,
        architecture: Architecture,
        estimator: Estimator,
        contributors: Contributors,
        server: Server,
        *,
        steps: int,
        seeds: Sequence[int],
        contribution: Contribution | None = None,
        threats: Sequence[UpdateThreats | None] | None = None,
        descent: Descent = straight,
    ) -> None:
        """Put the parts together.

        Args:
            rollout: the world, with R times as many copies as one run has.
            architecture: of the policy.
            estimator: how updates are estimated.
            contributors: whose rows are whose.
            server: with the parameters to start from.
            steps: of a fragment, unless the estimator wants whole episodes.
            seeds: of each run.
            contribution: what contributors do with their gradients.
            threats: to the updates of each run.
            descent: what the server does with an aggregate.

        Raises:
            NotOffered, InvalidConfig: a world, copies or riders that the estimator cannot use.
        """
        copies, agents = rollout.env.num_copies, len(rollout.group.agents)
        contributors.check(copies, agents)
        estimator.check(rollout.env, contributors.share(copies), server.riding.riders)
        self.server = server
        self.round = 0
        self._rollout = rollout
        self.architecture = architecture
        self._networks = ActorCritic(architecture)
        self._estimator = estimator
        self._contributors = contributors
        self._steps = steps
        self._seeds = tuple(seeds)
        self._contribution = contribution or Contribution()
        self._threats = tuple(threats or [None] * contributors.runs)
        self._descent = descent
        self._memory = estimator.memory(server.weights, contributors.count)
        self._ridden = server.riding.memories(copies, agents, contributors)
        shape = (contributors.runs, contributors.count, architecture.size)
        self._momenta = np.zeros(shape, dtype=np.float32)
        # Keyed by the run's own seed, so that no run's numbers depend on which others there are.
        of_each = np.add.outer(
            np.array(self._seeds) * contributors.count, np.arange(contributors.count)
        )
        self._draws = Draws(0, "gradient/shuffle", of_each.ravel())
        self._so_far = np.zeros((copies, agents), dtype=np.float64)

    @property
    def weights(self) -> Floats:
        """The weights to act by, whatever rides behind them: (R, d)."""
        return self.server.riding.folded(self.architecture, self.server.parameters)

    @property
    def honest(self) -> Mask:
        """Who does not lie in its updates: (R, n)."""
        everybody = np.ones(self._contributors.count, dtype=bool)
        return np.stack([everybody if t is None else ~t.liars for t in self._threats])

    def train_round(self) -> Report:
        """Play one round and learn from it.

        Raises:
            TooManyByzantine, InvalidUpdates: an aggregator cannot answer.
            Diverged: parameters are not finite any more.
        """
        server, riding = self.server, self.server.riding
        self._memory = self._estimator.begin(self._memory, server.seeds, self.round)
        policy = GradientPolicy(self.architecture, self.weights, self._rollout.group)
        fragment = self._play(policy)
        said, self._ridden = riding.said(
            server.parameters, fragment, self._contributors, self._ridden
        )
        shown = riding.shown(server.parameters, fragment)
        batch = self._estimator.prepare(
            self._networks, server.parameters, shown, self._contributors
        )
        self._draws.begin_episode(episode=self.round)
        told: list[tuple[Floats, Floats, Floats]] = []
        for number, piece in enumerate(self._estimator.passes(batch, self._draws)):
            updates, self._memory = self._estimator.estimate(
                self._networks, server.parameters, piece, self._memory
            )
            present: Mask = np.any(piece.weights > 0, axis=2)
            if riding.size:
                updates = np.concatenate([updates, said], axis=2)
                said = np.zeros_like(said)  # once a round
            told.append(self._learn(updates, present, first=number == 0))
        returns, episodes = self._returns(fragment)
        self.round += 1
        ratio, cosine, believed = told[0]
        played = np.count_nonzero(fragment.acting, axis=(0, 2)).reshape(len(ratio), -1).sum(axis=1)
        return Report(returns, episodes, played, ratio, cosine, believed)

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    @property
    def _episodes(self) -> NDArray[np.int64] | None:
        """How many each contributor of a run plays in this round, where that is decided: (R,)."""
        return self._memory.get("episodes")

    def _play(self, policy: GradientPolicy) -> Fragment:
        seed = self._seed_of_round()
        if self._estimator.whole_episodes:
            copies = None
            if self._episodes is not None:
                total = self._rollout.env.num_copies
                copies = self._contributors.first_copies(total, self._episodes)
            return self._rollout.episodes(policy, seed=seed, copies=copies)
        return self._rollout.steps(policy, self._steps, seed=seed)

    def _seed_of_round(self) -> int | None:
        """Return what starts the world anew in this round, if anything is to.

        Whole episodes always start it anew: a copy that has ended is played on until the last one
        ends, of whichever run, so what came next would depend on who else is there.
        """
        if self._rollout.goes_on and not self._estimator.whole_episodes:
            return self._seeds[0] if self.round == 0 else None
        return int(stream(self._seeds[0], "gradient/round", self.round).integers(1 << 62))

    def _learn(
        self, updates: Floats, present: Mask, *, first: bool
    ) -> tuple[Floats, Floats, Floats]:
        """Send, aggregate and move once; return ratio, cosine and whom the rule believed."""
        sent = self._sent(updates, present)
        runs, count = present.shape
        aggregates = np.empty_like(self.server.parameters)
        ratio, cosine = np.full((2, runs), np.nan, dtype=np.float32)
        believed = np.zeros((runs, count), dtype=np.float32)
        for run in range(runs):
            rows = np.flatnonzero(present[run])
            received = self._received(run, sent[run, rows], rows)
            batch = None if self._episodes is None else int(self._episodes[run])
            answer = self.server.aggregate(run, received, rows, explain=first, batch=batch)
            aggregates[run] = answer.aggregate
            if first:
                honest = sent[run, rows][self.honest[run][rows]]
                ratio[run], cosine[run] = spread_and_agreement(honest, answer)
                if answer.explanation is not None:
                    believed[run, rows] = answer.explanation.weights
        self._descent(
            self.server,
            aggregates[:, : self.architecture.size],
            episodes=self._episodes,
            round_number=self.round,
        )
        self.server.close(aggregates, ride=first)
        return ratio, cosine, believed

    def _sent(self, updates: Floats, present: Mask) -> Floats:
        """Return what contributors send if nobody lies, and remember momenta: (R, n, D)."""
        size = self.architecture.size
        sent = self._contribution.of(updates[..., :size], self._momenta, present)
        if self._contribution.momentum:
            self._momenta = sent
        if updates.shape[2] == size:
            return sent
        return np.concatenate([sent, updates[..., size:]], axis=2)

    def _received(self, run: int, sent: Floats, rows: NDArray[np.int64]) -> Floats:
        """Let the liars of a run lie."""
        threats = self._threats[run]
        if threats is None:
            return sent
        batch = None if self._episodes is None else int(self._episodes[run])
        rule = self.server.asked(run, rows, batch=batch)
        delivery = threats.apply(sent, round_number=self.server.time, members=rows, aggregator=rule)
        received: Floats = delivery.updates.astype(np.float32, copy=False)
        return received

    def _returns(self, fragment: Fragment) -> tuple[Floats, NDArray[np.int64]]:
        """Return the mean return of the episodes that ended, of the honest, and their number."""
        runs = self._contributors.runs
        copies, agents = self._so_far.shape
        counted = self._contributors.of_copies(copies, agents, self.honest)
        total, number = np.zeros(runs), np.zeros(runs, dtype=np.int64)
        if fragment.is_fresh:
            self._so_far[:] = 0
        for rewards, acting, ends in zip(
            fragment.rewards, fragment.acting, fragment.terminated | fragment.truncated, strict=True
        ):
            self._so_far += np.where(acting, rewards, 0)
            if ends.any():
                mine = (ends & counted).reshape(runs, -1)
                total += np.where(mine, self._so_far.reshape(runs, -1), 0).sum(axis=1)
                number += mine.sum(axis=1)
                self._so_far[ends] = 0
        mean = np.divide(total, number, out=np.full(runs, np.nan), where=number > 0)
        return mean.astype(np.float32), number

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here, bit for bit."""
        own: Snapshot = {
            "round": np.array(self.round),
            "momenta": self._momenta.copy(),
            "so_far": self._so_far.copy(),
        }
        own |= nested("memory", _copied(self._memory)) | nested("server", self.server.snapshot())
        own |= nested("rollout", self._rollout.snapshot())
        for rider, kept in self._ridden.items():
            own |= nested(f"ridden/{rider}", _copied(kept))
        for run, threats in enumerate(self._threats):
            if threats is not None:
                own |= nested(f"threats/{run}", threats.snapshot())
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        self.server.restore(part_of(snapshot, "server"))
        self._rollout.restore(part_of(snapshot, "rollout"))
        for run, threats in enumerate(self._threats):
            if threats is not None:
                threats.restore(part_of(snapshot, f"threats/{run}"))
        self._memory = _copied(part_of(snapshot, "memory"))
        self._ridden = {r: _copied(part_of(snapshot, f"ridden/{r}")) for r in self._ridden}
        self.round = int(snapshot["round"])
        self._momenta = snapshot["momenta"].copy()
        self._so_far = snapshot["so_far"].copy()


def _copied(snapshot: Snapshot) -> Snapshot:
    return {name: part.copy() for name, part in snapshot.items()}


def spread_and_agreement(honest: Floats, answer: Received) -> tuple[float, float]:
    """Return how far honest updates (m, d) spread, for their mean's length, and what came of it.

    The first is the square root of their summed variance over the norm of their mean: resilience
    is proved for rules as long as it stays below a limit. The second is the cosine of the aggregate
    with that mean. Both are known only to whoever knows who is honest.
    """
    mean = honest.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if len(honest) < 2 or not length:
        return float("nan"), float("nan")
    variance = float(((honest - mean) ** 2).sum() / (len(honest) - 1))
    found = np.asarray(answer.aggregate, dtype=np.float64)
    scale = length * float(np.linalg.norm(found))
    return variance**0.5 / length, float(found @ mean) / scale if scale else float("nan")
