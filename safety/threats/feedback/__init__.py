"""Threats to feedback: what learners are told they earned, in place of what they did earn.

To add one, write ``safety/threats/feedback/<kind>.py``:

    @register
    @dataclass(frozen=True, kw_only=True)
    class Mute(FeedbackThreat):
        \"\"\"Learners are told of nothing good.\"\"\"

        kind: ClassVar[str] = "mute"
        must_know: ClassVar[frozenset[str]] = frozenset({"own_feedback"})

        knowledge: tuple[str, ...] = ("own_feedback",)

        @property
        def is_steady(self) -> bool:
            return True

        def apply(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
            del draws  # deterministic
            return Proposal(known.affordable, lambda told: np.minimum(told, 0.0)), state

and check it with ``rallypoint.safety.conformance.assert_is_threat("mute")``.

What is told of step k belongs to step k: schedules count the step at which the actions were taken.
Whoever was there then may be lied to, those too who fell in the step; the crashed and the dead may
not. ``known.own_feedback`` (e, n) is what victims are to be told, as the threats before left it,
and NaN for everybody else; a function that is proposed gets that of those who come to be touched.
The world, ``infos["true_rewards"]`` and ``infos["true_costs"]`` know nothing of it. Values are
finite numbers.
"""

from dataclasses import dataclass
from typing import ClassVar

from rallypoint.batch_env import BatchEnv
from rallypoint.errors import InvalidConfig, did_you_mean
from rallypoint.safety.threats import Site, Threat

REWARD = "reward"


@dataclass(frozen=True, kw_only=True)
class FeedbackThreat(Threat):
    """Lies about what was earned: the reward, or one of the world's costs."""

    site: ClassVar[Site] = "feedback"

    signal: str = REWARD  # or the name of one of the world's costs

    @property
    def needs(self) -> frozenset[str]:
        """A world that has costs, to lie about one."""
        return frozenset() if self.signal == REWARD else frozenset({"cost"})

    def fit(self, env: BatchEnv) -> "FeedbackThreat":
        """Return itself; see ``Threat.fit``.

        Raises:
            InvalidConfig: the world has no such cost.
        """
        if self.signal != REWARD and self.signal not in env.cost_names:
            known = (REWARD, *env.cost_names)
            raise InvalidConfig(
                f"no signal is called {self.signal!r}{did_you_mean(self.signal, known)}; {env.id} "
                f"tells of {', '.join(known)}"
            )
        return self


def signal_of(threat: Threat) -> str:
    """Return what a threat to feedback lies about."""
    assert isinstance(threat, FeedbackThreat), "others are refused when they meet a world"
    return threat.signal
