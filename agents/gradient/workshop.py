"""Where policy gradients are computed: fragments are played, and looked at piece by piece."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment, Rollout
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.agents.rounds.work import Filtered, Found, Lived, Task
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.config import from_dict
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidUpdates
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, combined
from rallypoint.snapshots import as_array, as_text

Integers = NDArray[np.int64]


class GradientWorkshop:
    """Computes the policy gradients of some contributors, each as if it were alone.

    It remembers where the last fragment ended, and goes on from there unless it is told a start.
    """

    def __init__(
        self,
        rollout: Rollout,
        architecture: Architecture,
        estimator: Estimator,
        contributors: Contributors,
        riding: Riding,
        *,
        steps: int,
        seeds: Sequence[int],
        weights: Parameters,
        whom: Sequence[int] | None = None,
        of: int | None = None,
        world_seed: int | None = None,
        keeps_digests: bool = False,
    ) -> None:
        """Put the parts together.

        Args:
            rollout: the world of these contributors' copies.
            architecture: of the policy.
            estimator: how updates are estimated.
            contributors: whose rows are whose, of those who are here.
            riding: what rides along with the weights.
            steps: of a fragment, unless the estimator wants whole episodes.
            seeds: of each run.
            weights: (R, d) before the first round.
            whom: which of a run's contributors are here, one after another; all if not given.
            of: how many a run has in all.
            world_seed: of the world; that of the first run if not given.
            keeps_digests: whether to hash what everybody lives.

        Raises:
            NotOffered, InvalidConfig: a world, copies or riders that the estimator cannot use.
        """
        copies, agents = rollout.env.num_copies, len(rollout.group.agents)
        contributors.check(copies, agents)
        estimator.check(rollout.env, contributors.share(copies), riding.riders)
        if estimator.filtering is not None:
            lanes = agents if contributors.who == "workers" else 1
            estimator.filtering.check(contributors.share(copies) * lanes)
        self.rollout = rollout
        self._architecture = architecture
        self._networks = ActorCritic(architecture)
        self._estimator = estimator
        self._contributors = contributors
        self._riding = riding
        self._steps = steps
        self._seeds = tuple(seeds)
        self._world_seed = self._seeds[0] if world_seed is None else world_seed
        self._of = contributors.count if of is None else of
        self._keeps_digests = keeps_digests
        self._memory = estimator.memory(weights, contributors.count)
        self._ridden = riding.memories(copies, agents, contributors)
        # Keyed by the run's own seed, so that no run's numbers depend on which others there are.
        here = np.arange(contributors.count) if whom is None else np.asarray(whom)
        of_each = np.add.outer(np.array(self._seeds) * self._of, here)
        self._draws = Draws(0, "gradient/shuffle", of_each.ravel())
        self._so_far = np.zeros((2, copies, agents))  # returns and steps, since the resets
        self._has_begun = False
        self._before: tuple[Receipt, ...] = ()
        self._open: _Opened | None = None

    @property
    def starts_anew(self) -> bool:
        """Whether every fragment starts the world anew.

        Whole episodes always do: a copy that has ended is played on until the last one ends, of
        whichever run, so what came next would depend on who else is there.
        """
        return self._estimator.whole_episodes or not self.rollout.goes_on

    @property
    def memory(self) -> Snapshot:
        """What the estimator remembers."""
        return self._memory

    @property
    def ridden(self) -> Mapping[str, Snapshot]:
        """What contributors remember for each rider."""
        return self._ridden

    def compute(self, task: Task, start: Snapshot | None = None) -> Found:
        """Compute everybody's update, R n of them; see ``rounds.work.Workshop``."""
        if start is not None:
            self.restore(start)
        opened = self._open
        if opened is None or opened.round_number != task.round_number:
            opened = self._open = self._play(task)
        piece, more = opened.piece(task.piece)
        updates, self._memory = self._estimator.estimate(
            self._networks, task.parameters, piece, self._memory
        )
        wanted = (*piece.weights.shape[:2], self._architecture.size)
        if updates.shape != wanted:
            raise InvalidUpdates(
                f"updates are as long as the weights, (runs, contributors, d) = {wanted}, and "
                f"{type(self._estimator).__name__} estimates {updates.shape}"
            )
        present: Mask = np.any(piece.weights > 0, axis=2)
        if self._riding.size:
            said = opened.said if task.piece == 0 else np.zeros_like(opened.said)  # once a round
            updates = np.concatenate([updates, said], axis=2)
        flat = updates.reshape(-1, updates.shape[2])
        return Found(flat, present.ravel(), opened.lived, more)

    def snapshot(self) -> Snapshot:
        """Return where the last fragment ended: everything needed to go on, bit for bit."""
        own: Snapshot = {"so_far": self._so_far.copy(), "has_begun": np.array(self._has_begun)}
        if not self.rollout.goes_on:  # else the world's own snapshot has them
            told = [receipt.to_dict() for receipt in self.receipts()]
            own["receipts"] = as_array(json.dumps(told))
        own |= nested("memory", _copied(self._memory))
        if self._has_begun:
            own |= nested("rollout", self.rollout.snapshot())
        for rider, kept in self._ridden.items():
            own |= nested(f"ridden/{rider}", _copied(kept))
        return own

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a workshop that was put together alike.

        Where the world cannot be snapshot, receipts add up only in one that has not played yet.
        """
        self._has_begun = bool(snapshot["has_begun"])
        if not self.rollout.goes_on:
            told = json.loads(as_text(snapshot["receipts"]) or "[]")
            self._before = tuple(from_dict(Receipt, receipt) for receipt in told)
        if self._has_begun:
            self.rollout.restore(part_of(snapshot, "rollout"))
        self._memory = _copied(part_of(snapshot, "memory"))
        self._ridden = {r: _copied(part_of(snapshot, f"ridden/{r}")) for r in self._ridden}
        self._so_far = snapshot["so_far"].copy()
        self._open = None

    def receipts(self) -> tuple[Receipt, ...]:
        """Return what threats to the world did, up to a snapshot and since then."""
        env = self.rollout.env
        here = env.receipts() if isinstance(env, Threatened) else ()
        if not self._before:
            return here
        return tuple(combined(parts) for parts in zip(self._before, here, strict=True))

    def _play(self, task: Task) -> "_Opened":
        """Play a fragment, and make of it what updates are made of."""
        self._memory = self._estimator.begin(self._memory, self._seeds, task.round_number)
        weights = self._riding.folded(self._architecture, task.opening)
        policy = GradientPolicy(self._architecture, weights, self.rollout.group)
        fragment = self._fragment(policy, task.round_number)
        self._has_begun = True
        said, self._ridden = self._riding.said(
            task.opening, fragment, self._contributors, self._ridden
        )
        shown = self._riding.shown(task.opening, fragment)
        batch, filtered = self._learned_from(task.opening, shown)
        self._draws.begin_episode(episode=task.round_number)
        passes = self._estimator.passes(batch, self._draws, self._of)
        return _Opened(task.round_number, passes, said, self._lived(fragment, filtered))

    def _learned_from(
        self, parameters: Parameters, shown: Fragment
    ) -> tuple[Batch, tuple[Filtered, ...]]:
        """Make a batch of a fragment, and say how much of it was left out."""
        estimator, filtering = self._estimator, self._estimator.filtering
        if filtering is None:
            return estimator.prepare(self._networks, parameters, shown, self._contributors), ()
        return filtering.prepare(estimator, self._networks, parameters, shown, self._contributors)

    def _fragment(self, policy: GradientPolicy, round_number: int) -> Fragment:
        seed = self._seed_of(round_number)
        if not self._estimator.whole_episodes:
            return self.rollout.steps(policy, self._steps, seed=seed)
        copies, episodes = None, self._memory.get("episodes")
        if episodes is not None:
            total = self.rollout.env.num_copies
            copies = self._contributors.first_copies(total, episodes)
        return self.rollout.episodes(policy, seed=seed, copies=copies)

    def _seed_of(self, round_number: int) -> int | None:
        """Return what starts the world anew in this round, if anything is to."""
        if not self.starts_anew:
            return None if self._has_begun else self._world_seed
        return int(stream(self._world_seed, "gradient/round", round_number).integers(1 << 62))

    def _lived(self, fragment: Fragment, filtered: tuple[Filtered, ...]) -> Lived:
        """Return what the fragment brought each contributor."""
        total = np.zeros(self._contributors.runs * self._contributors.count)
        number, lengths = np.zeros((2, len(total)), dtype=np.int64)
        if fragment.is_fresh:
            self._so_far[:] = 0
        for rewards, acting, ends in zip(
            fragment.rewards, fragment.acting, fragment.terminated | fragment.truncated, strict=True
        ):
            self._so_far[0] += np.where(acting, rewards, 0)
            self._so_far[1] += acting
            if ends.any():
                whole = np.where(ends, self._so_far, 0)
                total += self._of_each(whole[:1]).sum(axis=1)
                lengths += self._of_each(whole[1:]).sum(axis=1).astype(np.int64)
                number += self._of_each(ends[None]).sum(axis=1)
                self._so_far[:, ends] = 0
        steps = np.count_nonzero(self._of_each(fragment.acting), axis=1)
        digests = self._digests(fragment) if self._keeps_digests else ()
        return Lived(total, number, lengths, steps, digests, filtered)

    def _of_each(self, of_steps: NDArray[Any]) -> NDArray[Any]:
        """Deal out (T, E, n_agents, …): (R n, b, …)."""
        dealt = self._contributors.rows(of_steps)
        return dealt.reshape(-1, *dealt.shape[2:])

    def _digests(self, fragment: Fragment) -> tuple[str, ...]:
        """Hash what each contributor saw, did and was told, in the rows in which it acted."""
        acting = self._of_each(fragment.acting)
        parts = [
            self._of_each(part)
            for part in (
                fragment.seen,
                fragment.actions,
                fragment.rewards,
                fragment.terminated,
                fragment.truncated,
            )
        ]
        return tuple(
            blake2b(b"".join(part[i][mine].tobytes() for part in parts), digest_size=16).hexdigest()
            for i, mine in enumerate(acting)
        )


class _Opened:
    """A round's fragment, as batches that are made one after another."""

    def __init__(
        self, round_number: int, passes: Iterator[Batch], said: Floats, lived: Lived
    ) -> None:
        """Take what the fragment brought."""
        self.round_number = round_number
        self.said = said  # (R, n, size) for the riders
        self.lived = lived
        self._passes = passes
        self._next: Batch | None = next(passes)
        self._current: Batch | None = None
        self._place = -1  # of the current one

    def piece(self, place: int) -> tuple[Batch, bool]:
        """Return a piece, the one before last asked for or a later one, and whether more follow."""
        while self._place < place:
            self._current, self._next = self._next, next(self._passes, None)
            self._place += 1
        assert self._current is not None, "there are so many pieces"
        return self._current, self._next is not None


def _copied(snapshot: Snapshot) -> Snapshot:
    return {name: part.copy() for name, part in snapshot.items()}
