"""Where the updates of one actor are computed, by those contributors who live as its group."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.actors import Actor
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.rounds.work import Filtered, Lived
from rallypoint.batch_env import Mask, Snapshot
from rallypoint.draws import Draws
from rallypoint.errors import InvalidUpdates
from rallypoint.safety.enforcement.nested import nested, part_of


class Opened(NamedTuple):
    """A fragment as one actor's contributors learn from it."""

    batch: Batch
    said: Floats  # (R, n, size) for the riders
    filtered: tuple[Filtered, ...]  # R n of them, where trajectories are filtered


class Desk:
    """Computes one actor's updates, (R, n, D) of its n contributors, each as if it were alone."""

    def __init__(
        self,
        actor: Actor,
        estimator: Estimator,
        contributors: Contributors,
        draws: Draws,
        *,
        copies: int,
        weights: Parameters,
    ) -> None:
        """Put the parts together.

        Args:
            actor: whose updates.
            estimator: how they are estimated.
            contributors: those who learn it.
            draws: with one copy for each of them.
            copies: of the world.
            weights: (R, d) of the actor before the first round.
        """
        self.actor = actor
        self.contributors = contributors
        self.memory = estimator.memory(weights, contributors.count)
        agents = len(actor.group.agents)
        self.ridden = actor.riding.memories(copies, agents, contributors)
        self._networks = ActorCritic(actor.networks)
        self._estimator = estimator
        self._draws = draws
        self._so_far = np.zeros((2, copies, agents))  # returns and steps, since the resets

    def begin(self, opening: Parameters, seeds: Sequence[int], round_number: int) -> GradientPolicy:
        """Begin a round at parameters (R, D); return how the group acts in it."""
        self.memory = self._estimator.begin(self.memory, seeds, round_number)
        self._draws.begin_episode(episode=round_number)
        actor = self.actor
        return GradientPolicy(
            actor.networks, actor.riding.folded(actor.networks, opening), actor.group
        )

    def learn_from(self, opening: Parameters, fragment: Fragment) -> Opened:
        """Make of a fragment what updates are made of."""
        riding, contributors = self.actor.riding, self.contributors
        said, self.ridden = riding.said(opening, fragment, contributors, self.ridden)
        shown = riding.shown(opening, fragment)
        estimator, filtering = self._estimator, self._estimator.filtering
        if filtering is None:
            batch = estimator.prepare(self._networks, opening, shown, contributors)
            return Opened(batch, said, ())
        batch, filtered = filtering.prepare(estimator, self._networks, opening, shown, contributors)
        return Opened(batch, said, filtered)

    def passes(self, opened: Opened, count: int, lengths: Sequence[int]) -> Iterator[Batch]:
        """Yield the pieces of a fragment; see ``Estimator.passes``."""
        return self._estimator.passes(opened.batch, self._draws, count, lengths)

    def updates(self, parameters: Parameters, piece: Batch, said: Floats) -> Floats:
        """Return the updates at parameters (R, D): (R, n, D).

        Raises:
            InvalidUpdates: the estimator's are not as long as the weights.
        """
        found, self.memory = self._estimator.estimate(
            self._networks, parameters, piece, self.memory
        )
        wanted = (*piece.weights.shape[:2], self.actor.networks.size)
        if found.shape != wanted:
            raise InvalidUpdates(
                f"updates are as long as the weights, (runs, contributors, d) = {wanted}, and "
                f"{type(self._estimator).__name__} estimates {found.shape}"
            )
        return np.concatenate([found, said], axis=2) if said.shape[2] else found

    def lived(self, fragment: Fragment, filtered: tuple[Filtered, ...]) -> Lived:
        """Return what a fragment brought each contributor."""
        total = np.zeros(self.contributors.runs * self.contributors.count)
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
        return Lived(total, number, lengths, steps, filtered=filtered)

    def traces(self, fragment: Fragment) -> list[bytes]:
        """Return what each contributor saw, did and was told, in the rows in which it acted."""
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
        return [
            b"".join(part[i][mine].tobytes() for part in parts) for i, mine in enumerate(acting)
        ]

    def snapshot(self) -> Snapshot:
        """Return what is remembered from round to round."""
        own: Snapshot = {"so_far": self._so_far.copy()}
        own |= nested("memory", _copied(self.memory))
        for rider, kept in self.ridden.items():
            own |= nested(f"ridden/{rider}", _copied(kept))
        return {f"{self.actor.key}{name}": part for name, part in own.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a workshop of such desks."""
        key = self.actor.key
        own = {k.removeprefix(key): v for k, v in snapshot.items() if k.startswith(key)}
        self.memory = _copied(part_of(own, "memory"))
        self.ridden = {r: _copied(part_of(own, f"ridden/{r}")) for r in self.ridden}
        self._so_far = own["so_far"].copy()

    def _of_each(self, of_steps: NDArray[Any]) -> NDArray[Any]:
        """Deal out (T, E, n_agents, …): (R n, b, …)."""
        dealt = self.contributors.rows(of_steps)
        return dealt.reshape(-1, *dealt.shape[2:])


def speaks_of(piece: Batch) -> Mask:
    """Return who has any row of a piece: (R, n)."""
    found: Mask = np.any(piece.weights > 0, axis=2)
    return found


def _copied(snapshot: Snapshot) -> Snapshot:
    return {name: part.copy() for name, part in snapshot.items()}
