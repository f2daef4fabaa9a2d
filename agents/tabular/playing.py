"""The loop in which learners of tables meet a world: play a step, learn from it, begin anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import numpy as np

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.processing import KnownInterruption, odds_of
from rallypoint.agents.tabular.snapshots import Snapshots
from rallypoint.agents.tabular.transition import Learned, TabularLearner, Transition
from rallypoint.batch_env import BatchEnv, Step
from rallypoint.config import Config
from rallypoint.draws import Draws, Floats, Integers, Mask


@dataclass(frozen=True, kw_only=True)
class Course(Config, Generic[Learned]):
    """How long a training is, and who looks on; see ``train``."""

    seed: int
    episodes: int | None = None
    steps: int | None = None
    interruption: KnownInterruption | None = None
    snapshots: Snapshots | None = None
    after_episode: Callable[[int, Learned], None] | None = None
    after_step: Callable[[int, Transition, Learned], None] | None = None

    def note_end(
        self,
        finished: Integers,
        ended: Mask,
        learner: TabularLearner[Learned],
        state: Learned,
    ) -> None:
        """Tell whoever looks on that some copies (E,) have finished one more episode."""
        if self.snapshots is not None and self.episodes is not None:
            self.snapshots.take(finished, ended, lambda: learner.values(state))
        if self.after_episode is not None:
            least = int(finished.min())
            if ended[finished == least].any() and least > int((finished - ended).min()):
                self.after_episode(least, state)


def initial(env: BatchEnv, learner: TabularLearner[Learned], encoding: Encoding) -> Learned:
    """Return what a learner remembers of this world before its first step."""
    actions = Columns.of(env).num_actions
    return learner.init(
        env.num_copies, env.num_agents, encoding.num_states, actions, env.time_limit
    )


class Run(Generic[Learned]):
    """A training under way."""

    def __init__(
        self,
        env: BatchEnv,
        learner: TabularLearner[Learned],
        encoding: Encoding,
        course: Course[Learned],
    ) -> None:
        """Start every copy's first episode.

        Raises:
            InvalidConfig: actions that cannot be counted, or that the learner cannot use.
        """
        self.env, self.learner, self.encoding, self.course = env, learner, encoding, course
        self.columns = Columns.of(env)
        self.state = initial(env, learner, encoding)
        self._draws = learner.draws(course.seed, env.copies)
        self._second = Draws(course.seed, "tabular/second draw", env.copies)
        self._percepts = self.columns.percepts(encoding, env.reset(course.seed))
        self._present = env.alive
        self._all_present = bool(self._present.all())
        self._nobody = np.zeros_like(self._present)
        self._over = np.zeros_like(self._present)  # their part is over, although they may be alive
        self._learns = np.ones(env.num_copies, dtype=bool)  # copies with episodes left
        self._finished = np.zeros(env.num_copies, dtype=np.int64)
        self.num_steps = 0
        self._waiting: Transition | None = None  # for the actions of the next step
        self._weighs = learner.needs_odds
        self._has_costs = "cost" in env.offers
        by_steps = course.snapshots is not None and course.steps is not None
        self._is_watched = by_steps or course.after_step is not None

    @property
    def goes_on(self) -> bool:
        """Whether there is anything left to learn."""
        if self.course.steps is not None:
            return self.num_steps < self.course.steps
        return bool(self._learns.any())

    def step(self) -> None:
        """Play a step of every copy, and learn from what can be learned from by now."""
        proposed = self.learner.act(self.state, self._percepts, self._draws)
        second = None
        if self.learner.needs_second_draws:
            second = self.learner.act(self.state, self._percepts, self._second)
        step = self.env.step(self.columns.actions(proposed))
        executed = self.columns.indices(step.infos, "executed")
        if executed is None:  # nobody stands between policies and the world
            executed = proposed
        goes_on_as_before = (  # the common case, told fast
            self._all_present
            and np.count_nonzero(step.alive) == step.alive.size
            and not np.count_nonzero(step.terminated)
            and not np.count_nonzero(step.truncated)
        )
        rewards, gone = step.rewards, step.terminated
        if not goes_on_as_before:
            rewards = np.where(self._present, rewards, 0)
            gone = gone | (self._present & ~step.alive & ~step.truncated)
        transition = Transition(
            percepts=self._percepts,
            proposed=proposed,
            executed=executed,
            interrupted=step.infos.get("interrupted", self._nobody),
            rewards=rewards,
            next_percepts=self.columns.percepts(self.encoding, step.observations),
            terminated=gone,
            truncated=step.truncated,
            present=self._present,
            odds=self._odds(executed) if self._weighs else None,
            second=second,
            costs=self.env.cost() if self._has_costs else None,
        )
        self._learn(transition)
        self.state = self.learner.visit(self.state, transition.percepts, transition.present)
        self.num_steps += 1
        self._percepts = transition.next_percepts
        ended = None if goes_on_as_before else step.ended
        if ended is not None and np.count_nonzero(ended):
            self._close(transition, ended)
        if self._is_watched:
            self._note_step(transition)
        if ended is not None:
            self._begin(step, ended)

    def _odds(self, executed: Integers) -> Floats:
        assert self.course.interruption is not None, "train() asks for it"
        policy = self.learner.policy(self.state, self._percepts)
        return odds_of(policy, self.course.interruption, self._percepts, executed)

    def _learn(self, transition: Transition) -> None:
        if not self.learner.needs_next_actions:
            self.state = self.learner.learn(self.state, transition)
            return
        if self._waiting is not None:
            complete = self._waiting._replace(
                next_proposed=transition.proposed, next_executed=transition.executed
            )
            self.state = self.learner.learn(self.state, complete)
        self._waiting = transition

    def _close(self, transition: Transition, ended: Mask) -> None:
        """Learn from the last steps of episodes, and book their ends."""
        if self._waiting is not None:
            last = self._last_actions(transition, ended)
            rows = ended[:, None]
            complete = transition._replace(
                present=transition.present & rows, next_proposed=last, next_executed=last
            )
            self.state = self.learner.learn(self.state, complete)
            self._waiting = transition._replace(present=transition.present & ~rows)
        ended = ended & self._learns
        self.state = self.learner.end_episode(self.state, ended)
        self._finished = self._finished + ended
        if self.course.episodes is not None:
            self._learns = self._finished < self.course.episodes
        if np.count_nonzero(ended):
            self.course.note_end(self._finished, ended, self.learner, self.state)

    def _last_actions(self, transition: Transition, ended: Mask) -> Integers:
        """Return what policies would do after the last step, where that counts: (E, N)."""
        cut_short = (transition.truncated & transition.present).any(axis=1) & ended
        if not self.learner.proposes_at_truncation or not cut_short.any():
            return transition.proposed  # of no account: nothing comes after
        actions = transition.proposed.copy()
        percepts, draws = transition.next_percepts[cut_short], self._draws.rows(cut_short)
        actions[cut_short] = self.learner.act(self.state, percepts, draws, cut_short)
        return actions

    def _note_step(self, transition: Transition) -> None:
        if self.course.snapshots is not None and self.course.steps is not None:
            so_far = np.full(self.env.num_copies, self.num_steps)
            every = np.ones(self.env.num_copies, dtype=bool)
            self.course.snapshots.take(so_far, every, lambda: self.learner.values(self.state))
        if self.course.after_step is not None:
            self.course.after_step(self.num_steps, transition, self.state)

    def _begin(self, step: Step, ended: Mask) -> None:
        """Start ended copies anew, and see who is there."""
        self._over |= step.terminated | step.truncated
        present = step.alive & ~self._over
        if np.count_nonzero(ended) and self.goes_on:
            self._percepts = self.columns.percepts(self.encoding, self.env.reset(mask=ended))
            self._draws.begin_episode(ended)
            self._second.begin_episode(ended)
            self._over[ended] = False
            present = np.where(ended[:, None], self.env.alive, present)
        # A copy that has finished plays on, since a world steps all of them; it learns no more.
        self._present = present & self._learns[:, None]
        self._all_present = np.count_nonzero(self._present) == self._present.size
