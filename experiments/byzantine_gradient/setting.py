"""The settings: how large a team is, what it learns from, and how it learns."""

from dataclasses import dataclass, fields
from typing import Any

from rallypoint.agents.gradient.learners import FedPgBrLearner, GpomdpLearner, GradientLearner
from rallypoint.config import Config

WORLD = "cartpole-v1"
_RATE = 1e-2  # of Adam at the server
_OWN_BATCH = 4  # episodes that FedPG-BR's server plays before each step of its own


@dataclass(frozen=True, kw_only=True)
class Setting(Config):
    """Who learns what from how much."""

    workers: int = 10  # K
    liars: int = 3  # f, declared and real
    episodes: int = 8  # B, of each contributor in a round
    rounds: int = 60
    momentum: float = 0.0  # of contributors; the server's Adam then has none
    learner: str = "gpomdp"  # or "fedpg_br", with the loss and the network of that paper
    inner: bool = False  # FedPG-BR's server steps on by episodes of its own
    groups: int = 1  # of contributors, each of which learns a policy

    @property
    def name(self) -> str:
        """What it is called in ids: ``B8``, ``B16-momentum``, ``K15``."""
        parts = [f"B{self.episodes}" if self.workers == 10 else f"K{self.workers}"]
        if self.learner != "gpomdp":
            parts.insert(0, self.learner)
        if self.momentum:
            parts.append("momentum")
        if self.inner:
            parts.append("inner")
        if self.groups > 1:
            parts.append(f"{self.groups}-groups")
        return "-".join(parts)

    @property
    def contributors(self) -> int:
        """How many contribute to one policy."""
        return self.workers // self.groups

    @property
    def tolerated(self) -> int:
        """The f that is declared for one policy: the liars, or as many as a group has on average.

        >>> Setting(workers=30, liars=9, groups=5).tolerated
        2
        """
        return -(-self.liars // self.groups)

    @property
    def policy(self) -> GradientLearner:
        """How contributors learn: 16x16 units, no critic, whole episodes, returns whitened."""
        if self.learner == "fedpg_br":
            # The published learner draws its batch anew each round; here everybody plays as many
            # episodes, so that curves stand above the same numbers of them. Its own are ReLU, and
            # returns whitened by episode.
            return FedPgBrLearner(
                learning_rate=_RATE,
                fewest=self.episodes,
                most=self.episodes,
                own_batch=_OWN_BATCH,
            )
        return GpomdpLearner(
            policy=(16, 16), initial="uniform", learning_rate=_RATE, momentum=self.momentum
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, as plain values."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }
