"""Rounds: play, estimate, lie, aggregate, move; for R runs side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment, Rollout
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.server import Received, Server
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig
from rallypoint.safety.updates import UpdateThreats


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a contributor does with its gradient before it sends it."""

    momentum: float = 0.0  # m <- momentum m + (1 - momentum) gradient, and m is sent
    max_norm: float | None = None  # a longer gradient is shortened to this

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        if not 0 <= self.momentum < 1:
            raise InvalidConfig(f"momentum lies in [0, 1), got {self.momentum}")
        if self.max_norm is not None and self.max_norm <= 0:
            raise InvalidConfig(f"max_norm is a number > 0, or none, got {self.max_norm}")


class Report(NamedTuple):
    """What a round brought, run by run."""

    returns: Floats  # (R,) mean return of the episodes that ended, of the honest; NaN if none did
    episodes: NDArray[np.int64]  # (R,) how many these were
    steps: int  # agent-steps played in each run
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
        """
        contributors.check(rollout.env.num_copies, len(rollout.group.agents))
        self.server = server
        self.round = 0
        self._rollout = rollout
        self._architecture = architecture
        self._networks = ActorCritic(architecture)
        self._estimator = estimator
        self._contributors = contributors
        self._steps = steps
        self._seeds = tuple(seeds)
        self._contribution = contribution or Contribution()
        self._threats = tuple(threats or [None] * contributors.runs)
        shape = (contributors.runs, contributors.count, architecture.size)
        self._momenta = np.zeros(shape, dtype=np.float32)
        # Keyed by the run's own seed, so that no run's numbers depend on which others there are.
        of_each = np.add.outer(
            np.array(self._seeds) * contributors.count, np.arange(contributors.count)
        )
        self._draws = Draws(0, "gradient/shuffle", of_each.ravel())
        self._so_far = np.zeros(
            (rollout.env.num_copies, len(rollout.group.agents)), dtype=np.float64
        )

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
        group = self._rollout.group
        policy = GradientPolicy(self._architecture, self.server.parameters, group)
        fragment = self._play(policy)
        batch = self._estimator.prepare(
            self._networks, self.server.parameters, fragment, self._contributors
        )
        self._draws.begin_episode(episode=self.round)
        told: list[tuple[Floats, Floats, Floats]] = []
        for number, piece in enumerate(self._estimator.passes(batch, self._draws)):
            updates = self._estimator.gradient(self._networks, self.server.parameters, piece)
            present: Mask = np.any(piece.weights > 0, axis=2)
            told.append(self._learn(updates, present, first=number == 0))
        returns, episodes = self._returns(fragment)
        self.round += 1
        ratio, cosine, believed = told[0]
        return Report(returns, episodes, fragment.acting.shape[0], ratio, cosine, believed)

    def run(self, count: int) -> Iterator[Report]:
        """Yield the reports of so many rounds."""
        for _ in range(count):
            yield self.train_round()

    def _play(self, policy: GradientPolicy) -> Fragment:
        seed = self._seeds[0] if self.round == 0 else None
        if self._estimator.whole_episodes:
            return self._rollout.episodes(policy, seed=seed)
        return self._rollout.steps(policy, self._steps, seed=seed)

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
            answer = self.server.aggregate(run, received, rows, explain=first)
            aggregates[run] = answer.aggregate
            if first:
                honest = sent[run, rows][self.honest[run][rows]]
                ratio[run], cosine[run] = spread_and_agreement(honest, answer)
                if answer.explanation is not None:
                    believed[run, rows] = answer.explanation.weights
        self.server.move(aggregates)
        return ratio, cosine, believed

    def _sent(self, updates: Floats, present: Mask) -> Floats:
        """Return what contributors send if nobody lies, and remember momenta: (R, n, d)."""
        limit = self._contribution.max_norm
        if limit is not None:
            norms = np.sqrt(np.einsum("rnd,rnd->rn", updates, updates))
            updates = updates * np.minimum(1, limit / np.maximum(norms, limit))[..., None]
        momentum = np.float32(self._contribution.momentum)
        if not momentum:
            return updates
        moved = momentum * self._momenta + (1 - momentum) * updates
        self._momenta = np.where(present[..., None], moved, self._momenta)
        return self._momenta

    def _received(self, run: int, sent: Floats, rows: NDArray[np.int64]) -> Floats:
        """Let the liars of a run lie."""
        threats = self._threats[run]
        if threats is None:
            return sent
        rule = self.server.asked(run, rows)
        delivery = threats.apply(sent, round_number=self.server.time, members=rows, aggregator=rule)
        received: Floats = delivery.updates.astype(np.float32, copy=False)
        return received

    def _returns(self, fragment: Fragment) -> tuple[Floats, NDArray[np.int64]]:
        """Return the mean return of the episodes that ended, of the honest, and their number."""
        runs = self._contributors.runs
        copies, agents = self._so_far.shape
        counted = self._contributors.of_copies(copies, agents, self.honest)
        total, number = np.zeros(runs), np.zeros(runs, dtype=np.int64)
        if self._estimator.whole_episodes:
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
        """Return everything needed to go on from here, bit for bit.

        Raises:
            NotOffered: the world cannot be snapshot, and fragments go on from one another.
        """
        own: Snapshot = {
            "round": np.array(self.round),
            "momenta": self._momenta.copy(),
            "so_far": self._so_far.copy(),
        }
        own |= {f"server/{name}": part for name, part in self.server.snapshot().items()}
        own |= {f"rollout/{name}": part for name, part in self._rollout.snapshot().items()}
        for run, threats in enumerate(self._threats):
            if threats is not None:
                own |= {f"threats/{run}/{name}": p for name, p in threats.snapshot().items()}
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of rounds that were put together alike."""
        parts: dict[str, Snapshot] = {"server": {}, "rollout": {}}
        of_threats: list[Snapshot] = [{} for _ in self._threats]
        for name, part in snapshot.items():
            head, _, rest = name.partition("/")
            if head in parts:
                parts[head][rest] = part
            elif head == "threats":
                run, _, inner = rest.partition("/")
                of_threats[int(run)][inner] = part
        self.server.restore(parts["server"])
        self._rollout.restore(parts["rollout"])
        for threats, found in zip(self._threats, of_threats, strict=True):
            if threats is not None:
                threats.restore(found)
        self.round = int(snapshot["round"])
        self._momenta = snapshot["momenta"].copy()
        self._so_far = snapshot["so_far"].copy()


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
