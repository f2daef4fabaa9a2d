"""Training tabular learners: every copy is a training run of its own, all side by side."""

from collections.abc import Callable

import numpy as np

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding, refuse_unread
from rallypoint.agents.tabular.playing import Course, Run, initial
from rallypoint.agents.tabular.processing import KnownInterruption
from rallypoint.agents.tabular.snapshots import Snapshots
from rallypoint.agents.tabular.tables import refuse_no_numbers
from rallypoint.agents.tabular.transition import Learned, TabularLearner, Transition
from rallypoint.agents.tabular.whole_episodes import Episode, whole_episodes
from rallypoint.batch_env import BatchEnv
from rallypoint.envs.checks import check_size
from rallypoint.errors import InvalidConfig
from rallypoint.noted import noting


def train(
    env: BatchEnv,
    learner: TabularLearner[Learned],
    encoding: Encoding,
    *,
    episodes: int | None = None,
    steps: int | None = None,
    seed: int,
    interruption: KnownInterruption | None = None,
    snapshots: Snapshots | None = None,
    after_episode: Callable[[int, Learned], None] | None = None,
    after_step: Callable[[int, Transition, Learned], None] | None = None,
) -> Learned:
    """Train one team per copy for so many episodes, or steps, and return what they have learned.

    Copy e is replicate ``env.copies[e]``: its numbers do not depend on which others are trained
    beside it. One that has finished its episodes before the others learns no more. In a world
    under threats agents learn from what its ``infos`` say was proposed, executed and interrupted.

    Args:
        env: the world: discrete actions, and observations that the encoding reads.
        learner: how to learn.
        encoding: from observations to table rows.
        episodes: how many of each copy.
        steps: or how many steps of each copy, across ends of episodes. Learners that need the
            action after it do not learn from the very last.
        seed: of world and exploration.
        interruption: how agents are interrupted; for importance weights, which have to know.
        snapshots: keeps tables on the way.
        after_episode: called with the number of episodes that every copy has finished, each time
            that it rises, and the memory.
        after_step: called with the number of steps, what happened in the last, and the memory,
            before ended copies start anew.

    Raises:
        InvalidConfig: a length, or marks of snapshots, that cannot be meant, a learner that does
            not learn step by step, actions that cannot be counted, groups whose observations the
            encoding does not read, or weights without an interruption, or with none of this world.
        Diverged: what was learned are no numbers.
    """
    if (episodes is None) == (steps is None):
        raise InvalidConfig(
            "a training takes episodes, or steps: give one of them, got "
            f"episodes={episodes} and steps={steps}"
        )
    length = steps if episodes is None else episodes
    check_size("steps" if episodes is None else "episodes", length, 1)
    if isinstance(learner, type) or not hasattr(learner, "init"):
        name = getattr(learner, "__name__", type(learner).__name__)
        raise InvalidConfig(
            f"train() takes a learner that learns step by step, as it is set, such as QLearning(), "
            f"got {name}; REINFORCE is trained by train_reinforce"
        )
    refuse_unread(env, encoding)
    if learner.needs_odds:
        if interruption is None:
            raise InvalidConfig(
                "importance weights need to know how agents are interrupted: give train() an "
                "interruption=KnownInterruption(…), or use another processing"
            )
        num_actions = int(Columns.of(env).num_actions.max())
        interruption.check(env.num_agents, encoding.num_states, num_actions)
    if snapshots is not None:
        snapshots.check(int(length or 0))
    course = Course(
        seed=seed,
        episodes=episodes,
        steps=steps,
        interruption=interruption,
        snapshots=snapshots,
        after_episode=after_episode,
        after_step=after_step,
    )
    if after_step is None and (steps is None or snapshots is None):  # nobody looks in between
        whole = _whole(env, episodes, steps)
        at_once = whole_episodes(env, learner, encoding, episodes=whole)
        if at_once is not None and whole:
            return _by_episodes(env, learner, initial(env, learner, encoding), at_once, course)
    run = Run(env, learner, encoding, course)
    with noting(lambda: f"after {run.num_steps:,} steps of each copy"):
        while run.goes_on:
            run.step()
    # Once, at the end: what is no number stays in a table, and is handed on to others.
    refuse_no_numbers(env, learner.values(run.state))
    return run.state


def _whole(env: BatchEnv, episodes: int | None, steps: int | None) -> int:
    """Return how many episodes it is, in a world whose episodes all last until the time limit."""
    if episodes is not None:
        return episodes
    whole, rest = divmod(steps or 0, env.time_limit or 1)
    return 0 if rest else whole


def _by_episodes(
    env: BatchEnv,
    learner: TabularLearner[Learned],
    state: Learned,
    at_once: Episode,
    course: Course[Learned],
) -> Learned:
    """Train where all copies' episodes can be played and learned at once."""
    draws = learner.draws(course.seed, env.copies, ahead=1)  # the numbers of an episode
    every = np.ones(env.num_copies, dtype=bool)
    for episode in range(_whole(env, course.episodes, course.steps)):
        env.reset(course.seed if episode == 0 else None)
        draws.begin_episode(episode=episode)
        state = at_once(state, draws)
        course.note_end(np.full(env.num_copies, episode + 1), every, learner, state)
    return state
