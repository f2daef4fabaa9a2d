"""What a round brought, and what came of its updates."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.gradient.parts import Judged
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.agents.rounds.work import Filtered, Lived
from rallypoint.batch_env import Mask

_LEFT_OUT, _TRAJECTORIES = "left_out", "trajectories"  # in a row of metrics


class Report(NamedTuple):
    """What a round brought, run by run."""

    returns: Floats  # (R,) mean return of the episodes that ended, of the honest; NaN if none did
    lengths: Floats  # (R,) their mean length, likewise
    episodes: NDArray[np.int64]  # (R,) how many these were
    steps: NDArray[np.int64]  # (R,) agent-steps played
    ratio: Floats  # (R,) sqrt of the honest updates' variance over the norm of their mean
    cosine: Floats  # (R,) of the aggregate with the honest mean
    believed: Floats  # (R, n) weights in the aggregate; 0 for the absent
    filtered: tuple[Filtered, ...] = ()  # R n of them, where trajectories are filtered
    digests: tuple[str, ...] = ()  # R n of what they lived, where it is hashed; empty of the absent
    of_actors: tuple["Report", ...] = ()  # the same, actor by actor, where there are several


class Learned(NamedTuple):
    """What came of one aggregation, run by run and actor by actor."""

    ratio: Floats  # (R, actors)
    cosine: Floats  # (R, actors)
    believed: Floats  # (R, n, actors); NaN where an actor is not theirs to speak of

    @classmethod
    def unknown(cls, runs: int, members: Mask) -> "Learned":
        """Know nothing yet of actors but who learns which: (n, actors)."""
        shape = (runs, members.shape[1])
        ratio, cosine = (np.full(shape, np.nan, dtype=np.float32) for _ in range(2))
        nobody = np.where(members, np.float32(0), np.float32(np.nan))
        return cls(ratio, cosine, np.tile(nobody, (runs, 1, 1)))

    @classmethod
    def by_belief(cls, believed: Floats) -> "Learned":
        """Know of the only actor by how much each was believed: (R, n)."""
        unknown = np.full((len(believed), 1), np.nan, dtype=np.float32)
        return cls(unknown, unknown, believed[..., None])

    def note(
        self, run: int, actor: int, honest: Floats, whom: NDArray[np.int64], judged: Judged
    ) -> None:
        """Write down what became of one actor's updates.

        Args:
            run: which.
            actor: which.
            honest: (m, d) updates of it.
            whom: (k,) the contributors who were heard.
            judged: what the server made of what these sent.
        """
        self.ratio[run, actor], self.cosine[run, actor] = spread_and_agreement(
            honest, judged.aggregate
        )
        if judged.explanation is not None:
            self.believed[run, whom[judged.rows], actor] = judged.explanation.weights


def report_of(brought: Brought, learned: Learned, honest: Mask) -> Report:
    """Put a round's report together; honest is (R, n).

    Of several actors the largest ratio and the least cosine stand for all, and a contributor is
    believed as much as it is in the mean of those that it speaks of.
    """
    lived = brought.lived
    of_actors = tuple(
        _report(
            brought.contributors,
            own,
            (learned.ratio[:, actor], learned.cosine[:, actor], learned.believed[..., actor]),
            honest,
        )
        for actor, own in enumerate(lived.of_actors)
    )
    of_all = (
        np.fmax.reduce(learned.ratio, axis=1),
        np.fmin.reduce(learned.cosine, axis=1),
        np.nanmean(learned.believed, axis=2),
    )
    return _report(brought.contributors, lived, of_all, honest)._replace(of_actors=of_actors)


def _report(
    contributors: NDArray[np.int64],
    lived: Lived,
    learned: tuple[Floats, Floats, Floats],
    honest: Mask,
) -> Report:
    returns, episodes, lengths, steps = np.zeros((4, *honest.shape))
    returns.ravel()[contributors] = lived.returns
    episodes.ravel()[contributors] = lived.episodes
    lengths.ravel()[contributors] = lived.lengths
    steps.ravel()[contributors] = lived.steps
    number = np.where(honest, episodes, 0).sum(axis=1)
    filtered = [Filtered(0, 0)] * honest.size if lived.filtered else []
    for place, told in zip(contributors.tolist(), lived.filtered, strict=False):
        filtered[place] = told
    digests = [""] * honest.size if lived.digests else []
    for place, digest in zip(contributors.tolist(), lived.digests, strict=False):
        digests[place] = digest
    earned, lasted = (_per_episode(of, honest, number) for of in (returns, lengths))
    played = steps.sum(axis=1).astype(np.int64)
    return Report(
        earned,
        lasted,
        number.astype(np.int64),
        played,
        *learned,
        filtered=tuple(filtered),
        digests=tuple(digests),
    )


def _per_episode(of_each: NDArray[np.float64], honest: Mask, number: NDArray[np.float64]) -> Floats:
    total = np.where(honest, of_each, 0).sum(axis=1)
    mean = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    told: Floats = mean.astype(np.float32)
    return told


def spread_and_agreement(honest: Floats, aggregate: Floats) -> tuple[float, float]:
    """Return how far honest updates (m, d) spread, for their mean's length, and what came of it.

    The first is the square root of their summed variance, with m - 1, over the norm of their mean:
    resilience is proved for rules as long as it stays below a limit. (For limits from constants the
    variance is that with m, so a little more would do.) The second is the cosine of the aggregate
    with that mean. Both are known only to whoever knows who is honest.
    """
    if len(honest) < 2:
        return float("nan"), float("nan")
    mean = honest.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if not length:
        return float("nan"), float("nan")
    variance = float(((honest - mean) ** 2).sum() / (len(honest) - 1))
    found = np.asarray(aggregate, dtype=np.float64)
    scale = length * float(np.linalg.norm(found))
    return variance**0.5 / length, float(found @ mean) / scale if scale else float("nan")


def filtered_in_words(report: Report, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many trajectories each contributor left out and had, if they are filtered."""
    if not report.filtered:
        return {}
    told = dict(zip(names, report.filtered, strict=True))
    return {
        _LEFT_OUT: {name: filtered.left_out for name, filtered in told.items()},
        _TRAJECTORIES: {name: filtered.of for name, filtered in told.items()},
    }


def lived_in_words(report: Report, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the digest of what each contributor lived, if it is hashed, but of the absent."""
    if not report.digests:
        return {}
    told = zip(names, report.digests, strict=True)
    return {"lived": {name: digest for name, digest in told if digest}}


def share_left_out(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return which share of all trajectories the rows of a training say was left out, if any do."""
    rows = [row for row in rows if _LEFT_OUT in row]
    if not rows:
        return {}
    left_out, of = (
        sum(sum(row[told].values()) for row in rows) for told in (_LEFT_OUT, _TRAJECTORIES)
    )
    return {"trajectories_left_out": round(left_out / max(1, of), 6)}
