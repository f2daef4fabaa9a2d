"""A platform that learns items from its users, by any rule of aggregation."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.bandits.memory import Memory
from rallypoint.agents.recommender.item_model import (
    History,
    Weigh,
    believed,
    promising,
    silent,
    users_updates,
)
from rallypoint.batch_env import Actions, Group, Mask, Observations
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.envs.checks import check_number
from rallypoint.envs.recommender.world import (
    AVERAGE,
    NOTHING,
    PLATFORM,
    USERS,
    Feedback,
    feedback_in,
)
from rallypoint.errors import Diverged, InvalidConfig, InvalidUpdates
from rallypoint.safety.aggregation import Aggregator, Context
from rallypoint.safety.aggregation.parts import CoordinateRule
from rallypoint.safety.updates import UpdateThreats

_SUPPLIED = frozenset({"previous"})

OwnRule = Callable[[Floats, Floats], Floats]  # updates (U, d), profiles (U, r) -> (d,)


class LearningPlatform:
    """Shows every user what it is believed to click on, and learns from what users then do.

    Each round, every user of a copy contributes one update: the gradient of its own logistic loss
    over all it has done so far (see ``item_model``). The aggregator combines them, and the items
    move against it. Rules that skip what is missing, such as ``nan_median``, are not told what a
    user has nothing to say about; to all others it says 0 there.

    Source: per-user updates and Byzantine-resilient aggregation as in the line of Blanchard, El
    Mhamdi, Guerraoui & Stainer (2017), NeurIPS, arXiv:1703.02757; the model is ours.
    """

    learner: ClassVar[None] = None
    group: ClassVar[str] = PLATFORM

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        aggregator: str | Aggregator | OwnRule = "mean",
        f: int = 0,
        weigh: Weigh = "users",
        learning_rate: float = 4.0,
        exploration: float = 0.1,
        average: float = AVERAGE,
        frames: Sequence[UpdateThreats] = (),
    ) -> None:
        """Recommend in a world of these groups.

        Args:
            groups: of a ``recommender-v0``.
            aggregator: the rule, by name or made; or a function of updates (U, d) and the users'
                profiles (U, r), which sees to its own bound, such as a ``TrustedMean``.
            f: how many users may be Byzantine; for rules that are told.
            weigh: "users", each the same; or "events", so that who clicks more weighs more.
            learning_rate: of one item, per round, > 0.
            exploration: share of each slate that is drawn at random, 0 … 1.
            average: log-odds of a click on an item that nothing is known of.
            frames: the threats to updates, one frame for each copy and for one episode; none if
                empty. They stand where users who compute updates themselves would send them.

        Raises:
            InvalidConfig: settings that cannot be meant, a world without platform and users, or an
                aggregator that needs what a platform does not have.
            TooManyByzantine: the aggregator does not tolerate f of so many users; says its bound.
        """
        self._num_users, self._num_items, self._rank, self._slate = _sizes(groups)
        check_number("learning_rate", learning_rate, above=0)
        check_number("exploration", exploration, 0, 1)
        check_number("average", average)
        rule = Aggregator.parse(aggregator) if isinstance(aggregator, str) else aggregator
        self._aggregator, self._f, self._weigh = rule, f, weigh
        self._skips = _checked(rule, self._num_users, f)
        # The loss of a user spreads over all items: without them a rate would depend on how many.
        self._rate = learning_rate * self._num_items
        self._exploration, self._average = exploration, float(average)
        self._frames = tuple(frames)
        for frame in self._frames:
            if len(frame.contributors) != self._num_users:
                raise InvalidConfig(
                    f"a frame has a contributor for each of {self._num_users} users, got one of "
                    f"{len(frame.contributors)}"
                )
        zeros = np.zeros((self._num_users, self._num_items))
        self._memory = Memory(
            {
                "round": np.array(0),
                "items": np.zeros((self._num_items, self._rank)),
                "moved": np.zeros(self._num_items * self._rank),
                "clicked": zeros,
                "passed": zeros,
            }
        )

    @property
    def items(self) -> Floats:
        """What it believes of items: (E, I, r)."""
        found: Floats = self._memory["items"].copy()
        return found

    def begin_episode(self, mask: Mask | None) -> None:
        """Forget what was learned in the masked copies (E,), or in all."""
        self._memory.begin(mask)

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Learn from the last round, then choose slates: (E, 1, U, k).

        Raises:
            InvalidConfig: there are frames, and not one for each copy.
            InvalidUpdates: an update is not finite, and the rule tolerates no such one; or a rule
                of somebody's own answers with none.
            Diverged: what is believed of items is not finite any more.
        """
        feedback, memory = feedback_in(observations, self._slate), self._memory
        num_copies = len(feedback.shown)
        if self._frames and len(self._frames) != num_copies:
            raise InvalidConfig(
                f"{len(self._frames)} frames are for as many copies, and there are {num_copies}; "
                "make one for each"
            )
        memory.open(num_copies)
        rows = np.flatnonzero(feedback.shown[:, 0, 0] != NOTHING)
        if len(rows):
            self._learn(feedback, rows)
        keys = draws.random((self._num_users, self._num_items))
        chances = believed(memory["items"], feedback.profiles, self._average)
        chosen = promising(chances, keys, size=self._slate, exploration=self._exploration)
        return {self.group: chosen[:, None]}

    def _learn(self, feedback: Feedback, rows: Integers) -> None:
        """Take in a round of some copies (e,), and move their items."""
        memory, profiles = self._memory, feedback.profiles[rows]
        history = History(memory["clicked"][rows], memory["passed"][rows]).with_round(
            feedback.shown[rows], feedback.events[rows]
        )
        memory["clicked"][rows], memory["passed"][rows] = history
        sent = users_updates(
            memory["items"][rows],
            profiles,
            history,
            average=self._average,
            weigh=self._weigh,
            usual=self._slate * (memory["round"][rows, None, None] + 1),
        )
        if self._skips:
            sent = sent + silent(profiles, history)
        # An aggregation is of one team; a copy is a team of its own.
        for row, update in zip(rows.tolist(), sent, strict=True):
            flat = update.reshape(self._num_users, -1)
            memory["moved"][row] = self._combined(row, flat, feedback.profiles[row])
        moved = memory["moved"][rows].reshape(len(rows), self._num_items, self._rank)
        with np.errstate(over="ignore", invalid="ignore"):
            memory["items"][rows] -= self._rate * moved
        if not np.isfinite(memory["items"]).all():
            raise Diverged(
                "what is believed of items is not finite any more: take a smaller learning_rate "
                f"than {self._rate / self._num_items:g}, or a rule that bounds what users send"
            )
        memory["round"][rows] += 1

    def _combined(self, row: int, sent: Floats, profiles: Floats) -> Floats:
        """Aggregate what the users of a copy send, (U, d), or what liars make of it: (d,)."""
        last = self._memory["moved"][row]
        # What nobody says anything about stays as it is.
        context = Context(previous=np.zeros_like(last) if self._skips else last)

        def combine(given: Floats) -> Floats:
            if not isinstance(self._aggregator, Aggregator):
                return _answer(self._aggregator(given, profiles), given)
            combined: Floats = self._aggregator(given, self._f, context=context)
            return combined

        if self._frames:
            number = int(self._memory["round"][row])
            sent = self._frames[row].apply(sent, round_number=number, aggregator=combine).updates
        return combine(sent)


def _answer(told: Any, given: Floats) -> Floats:
    """Return what a rule of somebody's own makes of updates (U, d), if it can be one: (d,)."""
    if np.shape(told) != given.shape[1:] or not np.isfinite(found := np.asarray(told)).all():
        raise InvalidUpdates(
            f"a rule makes one update of finite numbers {given.shape[1:]} of all, and this one "
            f"answered with {np.shape(told)}, or with what is none"
        )
    return found


def _checked(rule: Aggregator | OwnRule, num_users: int, f: int) -> bool:
    """Refuse a rule that cannot be used here; return whether it skips what is missing."""
    if not isinstance(rule, Aggregator):
        if not callable(rule):
            raise InvalidConfig(
                "an aggregator is one by name, or a function of updates (U, d) and profiles "
                f"(U, r), got {rule!r}"
            )
        return False
    rule.check(num_users, f)
    if lacking := sorted(rule.needs - _SUPPLIED):
        raise InvalidConfig(
            f"{rule.name} needs {', '.join(lacking)}, which a platform does not know of its users"
        )
    last = rule.parts[-1]
    return len(rule.parts) == 1 and isinstance(last, CoordinateRule) and last.skips_nan


def _sizes(groups: Sequence[Group]) -> tuple[int, int, int, int]:
    """Return users, items, topics and places of a slate."""
    by_name = {group.name: group for group in groups}
    if by_name.keys() != {PLATFORM, USERS}:
        raise InvalidConfig(
            f"a platform acts in a world of the groups {PLATFORM} and {USERS}, got "
            f"{sorted(by_name)}; make recommender-v0"
        )
    actions: Any = by_name[PLATFORM].action_space
    seen: Any = by_name[PLATFORM].observation_space
    num_users, slate = actions.shape
    return num_users, int(actions.nvec.flat[0]), seen.shape[1] - 2 * slate, slate


agents.add("learning_platform", LearningPlatform)
