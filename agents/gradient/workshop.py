"""Where policy gradients are computed: fragments are played, and looked at piece by piece."""

import json
from collections.abc import Sequence
from functools import reduce
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.apart import within
from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.desk import Desk, Opened, speaks_of
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment, Rollout
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.live import live_in
from rallypoint.agents.rounds.work import Found, Lived, Task
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.config import from_dict
from rallypoint.draws import Draws, stream
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.frame import Threatened
from rallypoint.safety.receipts import Receipt, combined
from rallypoint.snapshots import as_array, as_text

Integers = NDArray[np.int64]


class GradientWorkshop:
    """Computes the policy gradients of some contributors, each as if it were alone.

    It remembers where the last fragment ended, and goes on from there unless it is told a start.
    All groups play together, and each actor has a desk of its own.
    """

    def __init__(
        self,
        rollout: Rollout,
        actors: Actors,
        estimator: Estimator,
        contributors: Contributors,
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
            actors: who acts there, and learns.
            estimator: how updates are estimated.
            contributors: whose rows are whose, of those who are here.
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
        copies = rollout.env.num_copies
        contributors.check(copies, rollout.env.num_agents)
        here = np.arange(contributors.count) if whom is None else np.asarray(whom)
        self.rollout = rollout
        self._actors = actors
        self._estimator = estimator
        self._contributors = contributors
        self._steps = steps
        self._seeds = tuple(seeds)
        self._world_seed = self._seeds[0] if world_seed is None else world_seed
        self._of = contributors.count if of is None else of
        self._keeps_digests = keeps_digests
        self._has_begun = False
        self._before: tuple[Receipt, ...] = ()
        self._open: _Opened | None = None
        self.desks: list[Desk] = []
        for number, actor in enumerate(actors.each):
            own = actor.learned_by(contributors)
            estimator.check(rollout.env, own.share(copies), actor.riding.riders)
            if estimator.filtering is not None:
                lanes = len(actor.group.agents) if own.who == "workers" else 1
                estimator.filtering.check(own.share(copies) * lanes)
            # Keyed by the run's own seed, so that no run's numbers depend on which others there
            # are.
            of_each = np.add.outer(np.array(self._seeds) * self._of, here[actor.rows(contributors)])
            draws = Draws(0, "gradient/shuffle", of_each.ravel(), index=number)
            self.desks.append(
                Desk(actor, estimator, own, draws, copies=copies, weights=weights[:, actor.weights])
            )

    @property
    def starts_anew(self) -> bool:
        """Whether every fragment starts the world anew.

        Whole episodes always do: a copy that has ended is played on until the last one ends, of
        whichever run, so what came next would depend on who else is there.
        """
        return self._estimator.whole_episodes or not self.rollout.goes_on

    def compute(self, task: Task, start: Snapshot | None = None) -> Found:
        """Compute everybody's update, R n of them; see ``rounds.work.Workshop``."""
        if start is not None:
            self.restore(start)
        opened = self._open
        if opened is None or opened.round_number != task.round_number:
            opened = self._open = self._play(task)
        pieces, more = opened.pieces(task.piece)
        runs, count = self._contributors.runs, self._contributors.count
        whole = (runs, count, task.parameters.shape[1])
        speaks = np.zeros((runs, count, len(self.desks)), dtype=bool)
        updates: Floats | None = None
        for number, (desk, piece) in enumerate(zip(self.desks, pieces, strict=True)):
            part, rows = desk.actor.part, desk.actor.rows(self._contributors)
            said = opened.of_desks[number].said
            # Of riders they speak once a round.
            said = said if task.piece == 0 else np.zeros_like(said)
            found = desk.updates(part.of(task.parameters), piece, said)
            speaks[:, rows, number] = speaks_of(piece)
            if found.shape == whole:
                updates = found  # all that there is
                continue
            updates = np.zeros(whole, dtype=np.float32) if updates is None else updates
            part.put(updates[:, rows], found)
        assert updates is not None, "there is a group"
        of_each = speaks.reshape(-1, len(self.desks))
        anybody: Mask = np.logical_or.reduce(of_each, axis=1)
        return Found(updates.reshape(-1, whole[2]), anybody, opened.lived, more, of_each)

    def snapshot(self) -> Snapshot:
        """Return where the last fragment ended: everything needed to go on, bit for bit."""
        own: Snapshot = {"has_begun": np.array(self._has_begun)}
        if not self.rollout.goes_on:  # else the world's own snapshot has them
            told = [receipt.to_dict() for receipt in self.receipts()]
            own["receipts"] = as_array(json.dumps(told))
        for desk in self.desks:
            own |= desk.snapshot()
        if self._has_begun:
            own |= nested("rollout", self.rollout.snapshot())
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
        for desk in self.desks:
            desk.restore(snapshot)
        self._open = None

    def receipts(self) -> tuple[Receipt, ...]:
        """Return what threats to the world did, up to a snapshot and since then."""
        env = within(self.rollout.env)
        here = env.receipts() if isinstance(env, Threatened) else ()
        if not self._before:
            return here
        return tuple(combined(parts) for parts in zip(self._before, here, strict=True))

    def _play(self, task: Task) -> "_Opened":
        """Play a fragment, and make of it what updates are made of."""
        openings = [desk.actor.part.of(task.opening) for desk in self.desks]
        policies = [
            desk.begin(opening, self._seeds, task.round_number)
            for desk, opening in zip(self.desks, openings, strict=True)
        ]
        self._show(policies[0])
        fragments = self._fragments(policies, task.round_number)
        self._has_begun = True
        of_desks = [
            desk.learn_from(opening, fragment)
            for desk, opening, fragment in zip(self.desks, openings, fragments, strict=True)
        ]
        return _Opened(
            task.round_number, self.desks, of_desks, self._lived(fragments, of_desks), self._of
        )

    def _show(self, policy: GradientPolicy) -> None:
        """Let threats that know the policy know how it acts in this round."""
        if (live := live_in(self.rollout.env)) is None:
            return
        env = self.rollout.env
        masks = env.action_mask if "action_mask" in env.offers else None
        live.become(policy if policy.runs > 1 else policy.of_run(0, masks))

    def _fragments(
        self, policies: Sequence[GradientPolicy], round_number: int
    ) -> tuple[Fragment, ...]:
        seed = self._seed_of(round_number)
        if not self._estimator.whole_episodes:
            return self.rollout.steps_of_all(policies, self._steps, seed=seed)
        # Decided by the run's seed and the round, so for all groups alike.
        copies, episodes = None, self.desks[0].memory.get("episodes")
        if episodes is not None:
            total = self.rollout.env.num_copies
            copies = self._contributors.first_copies(total, episodes)
        return self.rollout.episodes_of_all(policies, seed=seed, copies=copies)

    def _seed_of(self, round_number: int) -> int | None:
        """Return what starts the world anew in this round, if anything is to."""
        if not self.starts_anew:
            return None if self._has_begun else self._world_seed
        return int(stream(self._world_seed, "gradient/round", round_number).integers(1 << 62))

    def _lived(self, fragments: Sequence[Fragment], opened: Sequence[Opened]) -> Lived:
        """Return what the fragments brought each contributor, as all groups together."""
        runs, count = self._contributors.runs, self._contributors.count
        of_actors = []
        for desk, fragment, own in zip(self.desks, fragments, opened, strict=True):
            told = desk.lived(fragment, own.filtered)
            rows = np.arange(runs * count).reshape(runs, count)
            whose = rows[:, desk.actor.rows(self._contributors)].ravel()
            of_actors.append(told.among(runs * count, whose))
        digests = self._digests(fragments) if self._keeps_digests else ()
        whole = reduce(Lived.plus, of_actors)
        several = tuple(of_actors) if len(of_actors) > 1 else ()
        return whole._replace(digests=digests, of_actors=several)

    def _digests(self, fragments: Sequence[Fragment]) -> tuple[str, ...]:
        """Hash what each contributor saw, did and was told, as all groups."""
        runs, count = self._contributors.runs, self._contributors.count
        traces = [[b""] * count for _ in range(runs)]
        for desk, fragment in zip(self.desks, fragments, strict=True):
            told = iter(desk.traces(fragment))
            for of_run in traces:
                for one in range(count)[desk.actor.rows(self._contributors)]:
                    of_run[one] += next(told)
        return tuple(
            blake2b(trace, digest_size=16).hexdigest() for of_run in traces for trace in of_run
        )


class _Opened:
    """A round's fragments, as batches that are made one after another."""

    def __init__(
        self,
        round_number: int,
        desks: Sequence[Desk],
        of_desks: Sequence[Opened],
        lived: Lived,
        count: int,
    ) -> None:
        """Take what the fragments brought; count is of all contributors of a run."""
        self.round_number = round_number
        self.of_desks = of_desks
        self.lived = lived
        # What a contributor has of every actor is looked at in as many pieces.
        is_team = desks[0].contributors.who == "team"
        rows = [opened.batch.weights.shape[2] for opened in of_desks]
        self._passes = zip(
            *(
                desk.passes(opened, count, [own] if is_team else rows)
                for desk, opened, own in zip(desks, of_desks, rows, strict=True)
            ),
            strict=True,
        )
        self._next: tuple[Batch, ...] | None = next(self._passes)
        self._current: tuple[Batch, ...] | None = None
        self._place = -1  # of the current one

    def pieces(self, place: int) -> tuple[tuple[Batch, ...], bool]:
        """Return a piece of every actor's, and whether more follow.

        The place is that before last asked for, or a later one.
        """
        while self._place < place:
            self._current, self._next = self._next, next(self._passes, None)
            self._place += 1
        assert self._current is not None, "there are so many pieces"
        return self._current, self._next is not None
