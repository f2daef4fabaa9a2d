"""What became of a run: numbers by round, and what the policy is worth in the end."""

from dataclasses import dataclass
from typing import Any

from rallypoint.config import from_dict, to_dict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One run; lists are by round, None where there is no such number."""

    returns: list[float | None]  # mean of the honest contributors' episodes
    ratio: list[float | None]  # sqrt of the honest updates' variance over their mean's norm
    cosine: list[float | None]  # of the aggregate with the honest mean
    on_liars: list[float]  # weight of the liars' updates in the aggregate
    honest_believed: list[float]  # share of the honest that have any weight
    liars_believed: list[float]  # likewise of the liars
    greedy: float  # mean return in the end, of the likeliest actions
    receipts: list[dict[str, Any]]  # of its threats; one in the world is that of all stacked runs
    disagreements: list[str]  # of these with what was declared

    @property
    def score(self) -> float:
        """The mean return over the last tenth of the rounds, of policies that explore."""
        last = [value for value in self.returns[-max(1, len(self.returns) // 10) :] if value]
        return sum(last) / len(last) if last else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain: dict[str, Any] = to_dict(self)
        return plain

    @classmethod
    def from_dict(cls, plain: Any) -> "Outcome":
        """Read it."""
        found: Outcome = from_dict(cls, plain, where="a kept outcome")
        return found
