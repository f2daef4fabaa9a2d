"""Trajectories that stand out among those of their contributor: it does not learn from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators import Estimator
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.rounds.work import Filtered
from rallypoint.batch_env import Mask
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig
from rallypoint.safety.defences.detection.detector import check_share
from rallypoint.safety.defences.detection.severing import fewest, sever

SEVER = "sever"
_PIECE = 32  # rows that are followed back together; a trajectory has as many pieces as it fills

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TrajectoryFilter(Config):
    """SEVER on the trajectories of each contributor, by itself, before it learns from them.

    A trajectory is what an agent of a copy lived from one reset to the next, as far as a fragment
    has it. Its gradient is what its contributor would send had it lived nothing else, at the
    parameters under which it was played: one backward for each, all in one batch. Those that stand
    out most are then as if nobody had lived them, in all passes over the fragment. Actor and critic
    are looked at together: a reward that is a lie is seen in what the critic would learn, too.

    It sees nothing but a contributor's own trajectories: lies that most of them tell are no
    exception, and one that lies always is caught by an aggregator, if at all. What rides along with
    the weights, such as statistics of observations, is of all that was lived.

    Source: see ``rallypoint.safety.defences.detection.sever``.
    """

    share: float  # of a contributor's trajectories, how many may be poisoned at most
    rounds: int = 4  # of filtering, half the share in each

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_share(self.share)
        if not 1 <= self.rounds < 2 / self.share:
            raise InvalidConfig(
                f"rounds is a number >= 1 after which something is left, below {2 / self.share:g} "
                f"where each removes half of {self.share:g}; got {self.rounds}"
            )

    def check(self, lanes: int) -> None:
        """Refuse contributors that live too few trajectories for one of them to stand out.

        Args:
            lanes: of each contributor, agents in all of its copies; each has a trajectory or more.

        Raises:
            InvalidConfig: says how many are needed.
        """
        least = fewest(self.share)
        if lanes < least:
            raise InvalidConfig(
                f"among {lanes} trajectories none can stand out as one of a share of "
                f"{self.share:g}, which takes {least}: give each contributor {least} copies or "
                "more, or a larger share"
            )

    def prepare(
        self,
        estimator: Estimator,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> tuple[Batch, tuple[Filtered, ...]]:
        """Make a batch of what is not left out, and say how much each of R n contributors left."""
        batch = estimator.prepare(networks, parameters, fragment, contributors)
        numbers = _numbered(fragment)
        of_rows, acting = contributors.rows(numbers), contributors.rows(fragment.acting)
        piece = _PIECE if estimator.whole_episodes else min(_PIECE, len(fragment.acting))
        leaving, told = [], []
        for run in range(contributors.runs):
            for one in range(contributors.count):
                mine = of_rows[run, one][acting[run, one]]  # (m,)
                if not len(mine):
                    told.append(Filtered(0, 0))
                    continue
                # Estimators keep the order of rows in which somebody acts, wherever they put them.
                own = _of(batch, run, one)
                names, laid = _by_trajectory(own, mine, piece)
                with np.errstate(over="ignore", invalid="ignore"):  # what is not finite goes
                    found = estimator.plain_gradient(networks, parameters[[run]], laid.batch)[0]
                out = self._left_out(laid.means(found))
                leaving.append(names[out])
                told.append(Filtered(int(out.sum()), len(names)))
        if any(filtered.left_out for filtered in told):
            gone: Mask = np.asarray(np.isin(numbers, np.concatenate(leaving)))
            rest = fragment._replace(acting=fragment.acting & ~gone)
            batch = estimator.prepare(networks, parameters, rest, contributors)
        return batch, tuple(told)

    def _left_out(self, gradients: Floats) -> Mask:
        """Say which of some trajectories, by their gradients (k, d), are left out."""
        finite: Mask = np.asarray(np.isfinite(gradients).all(axis=1))
        kept = finite.copy()
        if np.count_nonzero(finite) >= fewest(self.share):
            kept[finite] = sever(gradients[finite], self.share, rounds=self.rounds).kept
        return ~kept


class _Laid:
    """Rows of trajectories in pieces of one size, so that no sum depends on who has more rows."""

    def __init__(self, own: Batch, lengths: Integers, piece: int) -> None:
        """Lay rows (m, …) of so many trajectories, one after another, into pieces."""
        self._lengths = lengths
        pieces = -(-lengths // piece)
        self._firsts = np.cumsum(pieces) - pieces
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.repeat(self._firsts * piece, lengths) + within
        count = int(pieces.sum())

        def lay(part: NDArray[Any]) -> NDArray[Any]:
            room = np.zeros((count * piece, *part.shape[1:]), dtype=part.dtype)
            room[places] = part
            return room.reshape(1, count, piece, *part.shape[1:])

        self.batch = own.each(lay)  # each piece as if it were a contributor's

    def means(self, by_piece: Floats) -> Floats:
        """Return each trajectory's mean over rows, given the mean of each piece: (k, d)."""
        rows = np.count_nonzero(self.batch.weights[0] > 0, axis=1)
        sums: Floats = np.add.reduceat(by_piece * rows[:, None].astype(np.float32), self._firsts)
        sums /= self._lengths[:, None]
        return sums


def _by_trajectory(own: Batch, numbers: Integers, piece: int) -> tuple[Integers, _Laid]:
    """Return the numbers of trajectories, (k,), and their rows, which stand together."""
    begins = np.flatnonzero(np.diff(numbers, prepend=-1))
    lengths = np.diff(begins, append=len(numbers))
    return numbers[begins], _Laid(own, lengths, piece)


def _numbered(fragment: Fragment) -> Integers:
    """Return of which trajectory each row is: (T, E, n), no number twice."""
    steps, copies, agents = fragment.acting.shape
    ends = fragment.terminated | fragment.truncated
    before: Integers = np.cumsum(ends, axis=0) - ends  # how many have ended in this lane
    lanes = np.arange(copies * agents).reshape(copies, agents)
    numbers: Integers = lanes * (steps + 1) + before
    return numbers


def _of(batch: Batch, run: int, one: int) -> Batch:
    """Return the rows (m, …) of one contributor in which somebody acts."""
    acts = batch.weights[run, one] > 0
    return batch.each(lambda part: part[run, one][acts])
