"""Kardam's judgement: which of the gradients that arrive, one by one, are applied, and how much."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.rounds.filters.dampening import Dampening
from rallypoint.agents.rounds.filters.frequency import check_form, may_be_next
from rallypoint.agents.rounds.filters.lipschitz import (
    Quantile,
    check_quantile,
    coefficient,
    distance,
    threshold,
)
from rallypoint.agents.rounds.filters.memory import REASONS, Dated, Found, Memory, Reason
from rallypoint.agents.rounds.filters.versions import Vector, Versions
from rallypoint.config import Config
from rallypoint.errors import InvalidConfig, TooManyByzantine, did_you_mean

COEFFICIENTS = ("step", "versions", "off")
_ESTIMATES = ("largest", "newest")


class Judgement(NamedTuple):
    """What became of a gradient."""

    reason: Reason  # "accepted", or why it is not applied
    staleness: int  # versions between the one it was found on and the current one
    factor: float  # by which it is applied; 0 if it is not

    @property
    def is_accepted(self) -> bool:
        """Whether it is applied."""
        return self.reason == "accepted"


@dataclass(frozen=True, kw_only=True)
class Kardam(Config):
    """How an asynchronous server that may be lied to judges gradients as they arrive.

    A gradient is applied if it passes two filters. *Lipschitz*: it may not differ from the one
    applied last by more, for the distance of the parameters, than gradients of the (n - f)/n least
    erratic contributors do. *Frequency*: of any 2 f + 1 gradients applied in a row, f + 1 must come
    from the honest. What is applied counts for less the older its version is.

    With ``coefficient = "step"`` the candidate's difference is divided by the length of the last
    step, as published; it spans several versions and that is one, so with delays it grows although
    nothing is wrong, and after a rejection the parameters stand still. ``"versions"``, which is
    ours, divides by the distance of the two versions that the two gradients were found on. Where
    parameters did not move nothing can be told, and a liar's zeros would let in whatever comes
    next: so it is the last step that moved them, or the last one applied that was found elsewhere.

    Honest gradients must be smooth in the parameters: those of policies, estimated from few
    episodes, are not.

    Source: Damaskinos, El Mhamdi, Guerraoui, Patra & Taziki (2018), "Asynchronous Byzantine machine
    learning (the case of SGD)", ICML, arXiv:1802.07928, and its released code, which keeps up to 26
    coefficients of each contributor and goes by the largest, and accepts anything after n
    rejections in a row: n useless gradients then buy a poisoned one, so that is off unless asked
    for.
    """

    coefficient: str = "step"  # what differences are divided by; or "versions", or "off": no filter
    estimate: str = "largest"  # of the coefficients remembered of each contributor, or "newest"
    remembered: int = 26  # coefficients of each contributor
    quantile: Quantile = "linear"  # or "inverted_cdf", which no liar can raise
    frequency: str = "strong"  # or "weak", or "off"
    dampening: Dampening = field(default_factory=Dampening)
    keep: int = 64  # versions; a gradient found on an older one is refused
    escape: int | None = None  # rejections in a row after which anything is applied

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        for name, known in (("coefficient", COEFFICIENTS), ("estimate", _ESTIMATES)):
            if (value := getattr(self, name)) not in known:
                raise InvalidConfig(f"no {name} is called {value!r}{did_you_mean(value, known)}")
        check_quantile(self.quantile)
        check_form(self.frequency)
        if self.remembered < 1 or self.keep < 2:
            raise InvalidConfig(
                "remembered is a number >= 1 and keep one >= 2, got "
                f"{self.remembered} and {self.keep}"
            )
        if self.escape is not None and self.escape < 1:
            raise InvalidConfig(f"escape is a number >= 1, or none, got {self.escape}")

    def memory(
        self, contributors: int, f: int, *, version: int = 0, parameters: Vector | None = None
    ) -> Memory:
        """Return the memory of a server before the first gradient.

        Args:
            contributors: how many.
            f: how many of them may lie.
            version: that it begins at.
            parameters: (d,) of it. Without them, nothing can be said about gradients found on it.

        Raises:
            InvalidConfig: f is negative.
            TooManyByzantine: fewer than 3 f + 1 contributors.
        """
        check_quorum("kardam", contributors, f)
        return Memory(
            versions=Versions(version, () if parameters is None else (parameters,)),
            sent=(None,) * contributors,
            coefficients=np.full((contributors, self.remembered), np.nan),
            told=np.zeros(contributors, dtype=np.int64),
            applied=(),
            owners=(),
            counts=(0,) * len(REASONS),
        )

    def judge(
        self, memory: Memory, contributor: int, found: Dated, *, f: int
    ) -> tuple[Judgement, Memory]:
        """Judge a gradient, and remember it.

        Whoever asks applies what is accepted times the factor, and tells the new parameters with
        ``moved`` before asking about the next.
        """
        staleness = max(0, memory.versions.current - found.version)
        reason, memory = self._reason(memory, contributor, found, f)
        has_escaped = (
            reason in ("lipschitz", "frequency")
            and self.escape is not None
            and memory.stalled >= self.escape
        )
        if has_escaped:
            reason = "accepted"
        memory = memory.counting(reason, escaped=has_escaped)
        if reason != "accepted":
            return Judgement(reason, staleness, 0.0), memory
        here = _located(memory.versions, found)
        others = [one for one in memory.applied if _are_apart(one, here)]
        owners = (*memory.owners, contributor)
        memory = memory._replace(
            applied=(here, *others[:1]),
            owners=owners[len(owners) - min(len(owners), 2 * f) :],
        )
        return Judgement(reason, staleness, self.dampening.factor(staleness)), memory

    def moved(self, memory: Memory, version: int, parameters: Vector) -> Memory:
        """Take parameters (d,) for the next version."""
        before = memory.versions.kept[-1:]
        has_moved = bool(before) and distance(parameters, before[0]) > 0
        return memory._replace(
            versions=memory.versions.then(version, parameters, keep=self.keep),
            left=before[0] if has_moved else memory.left,
        )

    def erratic(self, memory: Memory) -> NDArray[np.float64]:
        """Return how erratic each contributor's gradients are known to be: (n,), or NaN."""
        if self.estimate == "largest":
            largest: NDArray[np.float64] = np.fmax.reduce(memory.coefficients, axis=1)
            return largest
        newest = (memory.told - 1) % self.remembered
        return np.take_along_axis(memory.coefficients, newest[:, None], axis=1)[:, 0]

    def _reason(
        self, memory: Memory, contributor: int, found: Dated, f: int
    ) -> tuple[Reason, Memory]:
        if not np.isfinite(found.update).all():
            return "non_finite", memory
        if not 0 <= memory.versions.current - found.version < self.keep:
            return "too_old", memory
        if self.coefficient != "off":
            memory = self._remembering(memory, contributor, found)
            count = len(memory.sent)
            limit = threshold(self.erratic(memory), (count - f) / count, method=self.quantile)
            own = self._own(memory, found)
            if own is not None and own > limit:
                return "lipschitz", memory
        if not may_be_next(memory.owners, contributor, f, form=self.frequency):
            return "frequency", memory
        return "accepted", memory

    def _remembering(self, memory: Memory, contributor: int, found: Dated) -> Memory:
        """Learn from a contributor's two newest gradients how erratic it is."""
        before, coefficients, told = memory.sent[contributor], memory.coefficients, memory.told
        here = _located(memory.versions, found)
        value = None if before is None else _between(here, before)
        if value is not None:
            coefficients, told = coefficients.copy(), told.copy()
            coefficients[contributor, told[contributor] % self.remembered] = value
            told[contributor] += 1
        sent = (*memory.sent[:contributor], here, *memory.sent[contributor + 1 :])
        return memory._replace(sent=sent, coefficients=coefficients, told=told)

    def _own(self, memory: Memory, found: Dated) -> float | None:
        """Return the coefficient of a gradient beside what was applied; None: cannot be told."""
        if self.coefficient == "step":
            if not memory.applied or memory.left is None:
                return None
            step = distance(memory.versions.kept[-1], memory.left)
            return coefficient(distance(found.update, memory.applied[0].update), step)
        here = _located(memory.versions, found)
        for last in memory.applied:
            if last.at is not None and _are_apart(last, here):
                return _between(here, last)
        return None


def check_quorum(name: str, contributors: int, f: int) -> None:
    """Refuse more liars than can be waited out, if they say nothing at all.

    Raises:
        InvalidConfig: f is negative.
        TooManyByzantine: says the bound.
    """
    if f < 0:
        raise InvalidConfig(f"f is a number of contributors >= 0, got {f}")
    if contributors < 3 * f + 1:
        raise TooManyByzantine(
            f"{name} needs n >= 3 f + 1 contributors: to tolerate f = {f} it needs {3 * f + 1}, "
            f"and gets n = {contributors}; take f <= {(contributors - 1) // 3}, or more "
            "contributors"
        )


def _located(versions: Versions, found: Dated) -> Found:
    at = versions.of(found.version) if versions.knows(found.version) else None
    return Found(*found, at)


def _are_apart(one: Found, other: Found) -> bool:
    """Say whether two gradients were found on different parameters, as far as these are known."""
    if one.at is None or other.at is None:
        return one.version != other.version
    return not np.array_equal(one.at, other.at)


def _between(one: Found, other: Found) -> float | None:
    """Return by how much two gradients differ for the way between; None: cannot be told."""
    if one.at is None or other.at is None:
        return None
    return coefficient(distance(one.update, other.update), distance(one.at, other.at))
