"""Training tabular learners: every copy is a training run of its own, all side by side."""

from collections.abc import Callable

from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.q_learning import Fragment, QLearning, State
from rallypoint.agents.tabular.whole_episodes import whole_episodes
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Integers
from rallypoint.errors import InvalidConfig

_LONGEST_TRACE = 1024  # visits older than this weigh nothing at any usual gamma


def train(
    env: BatchEnv,
    learner: QLearning,
    encoding: Encoding,
    *,
    episodes: int,
    seed: int,
    after_episode: Callable[[int, State], None] | None = None,
) -> State:
    """Train one team per copy for so many episodes and return what they have learned.

    Copy e is replicate ``env.copies[e]``: its numbers do not depend on which others are trained
    beside it. Copies must end together, as they do under a time limit.

    Args:
        env: the world, one group of discrete actions.
        learner: how to learn.
        encoding: from observations to table rows.
        episodes: how many.
        seed: of world and exploration.
        after_episode: called with the number of finished episodes and the state.

    Raises:
        InvalidConfig: the world has several groups, actions that cannot be counted, or copies that
            end apart.
    """
    if episodes < 1:
        raise InvalidConfig(f"episodes is a number >= 1, got {episodes}")
    if len(env.groups) != 1 or not hasattr(env.groups[0].action_space, "n"):
        raise InvalidConfig(
            f"tabular learners need one group of discrete actions, {env.id} has "
            f"{[(group.name, str(group.action_space)) for group in env.groups]}"
        )
    (group,) = env.groups
    num_actions = int(group.action_space.n)  # type: ignore[attr-defined]  # checked above
    trace = min(env.time_limit or _LONGEST_TRACE, _LONGEST_TRACE)
    state = learner.init(env.num_copies, env.num_agents, encoding.num_states, num_actions, trace)
    at_once = whole_episodes(env, learner, encoding, episodes=episodes)
    # Drawn ahead are the numbers of many steps, or of an episode.
    draws = Draws(seed, "q_learning/explore", env.copies, ahead=64 if at_once is None else 1)
    for episode in range(episodes):
        percepts = encoding(env.reset(seed if episode == 0 else None)[group.name])
        draws.begin_episode(episode=episode)
        if at_once is None:
            state = _episode(env, learner, encoding, state, draws, percepts=percepts)
        else:
            state = at_once(state, draws)
        if after_episode is not None:
            after_episode(episode + 1, state)
    return state


def _episode(
    env: BatchEnv,
    learner: QLearning,
    encoding: Encoding,
    state: State,
    draws: Draws,
    *,
    percepts: Integers,
) -> State:
    """Play and learn a started episode, step by step."""
    (group,) = env.groups
    going, steps = True, 0
    while going:
        steps += 1
        actions = learner.act(state, percepts, draws)
        step = env.step({group.name: actions})
        next_percepts = encoding(step.observations[group.name])
        ended = step.ended
        fragment = Fragment(percepts, actions, step.rewards, next_percepts, ended)
        state = learner.learn(state, fragment, draws)
        percepts = next_percepts
        going = not ended.any()
    if not ended.all():
        raise InvalidConfig(
            f"copies are trained side by side and must end together; of {env.num_copies} "
            f"copies of {env.id} {int(ended.sum())} ended at step {steps}"
        )
    return state
