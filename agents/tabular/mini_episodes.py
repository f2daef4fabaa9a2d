"""Training by REINFORCE: runs side by side, and the mini-episodes of each side by side, too."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding, refuse_unread
from rallypoint.agents.tabular.neutrality import Outcome
from rallypoint.agents.tabular.reinforce import Reinforce, Walk
from rallypoint.agents.tabular.tables import refuse_no_numbers
from rallypoint.batch_env import BatchEnv, Step
from rallypoint.draws import Draws, Floats, Integers, stream
from rallypoint.envs.checks import check_size
from rallypoint.errors import InvalidConfig

Outcomes = Callable[[Step, Floats], Outcome]  # last step and returns (E, N) -> (E, N) each


class Reinforced(NamedTuple):
    """What was learned, and how the mini-episodes went on the way."""

    tables: Floats  # (R, N, S, A) preferences
    outcome: Outcome  # each (meta-episodes, R, N, M)


def copies_of(runs: Sequence[int], learner: Reinforce) -> Integers:
    """Return the global ids of the copies that these runs need: one for each mini-episode."""
    minis = np.arange(learner.mini_episodes)
    ids: Integers = (np.asarray(runs)[:, None] * learner.mini_episodes + minis).ravel()
    return ids


def train_reinforce(
    env: BatchEnv,
    learner: Reinforce,
    encoding: Encoding,
    *,
    meta_episodes: int,
    seed: int,
    outcomes: Outcomes | None = None,
    after_meta_episode: Callable[[int, Floats], None] | None = None,
) -> Reinforced:
    """Train several runs, each on the mini-episodes of its own copies.

    A run's numbers do not depend on which others are trained beside it. Agents learn from what
    they propose.

    Args:
        env: a world with the copies ``copies_of(runs, learner)``, whose episodes are the
            mini-episodes.
        learner: how to learn.
        encoding: from observations to table rows.
        meta_episodes: how many.
        seed: of world and policy.
        outcomes: tells what came of the episodes that end with a step; see ``told``, which does so
            if nothing is given.
        after_meta_episode: called with the number of finished ones and the preferences.

    Raises:
        InvalidConfig: no meta-episode, copies that do not make up whole ones, actions that cannot
            be counted, or a reward by length where nobody tells lengths.
        Diverged: what was learned are no numbers.
    """
    check_size("meta_episodes", meta_episodes, 1)
    runs = env.copies[:: learner.mini_episodes] // learner.mini_episodes
    if not np.array_equal(env.copies, copies_of(runs.tolist(), learner)):
        raise InvalidConfig(
            f"each run takes {learner.mini_episodes} copies of its own, one for each mini-episode: "
            "make the world with copies=copies_of(runs, learner)"
        )
    refuse_unread(env, encoding)
    columns = Columns.of(env)
    legal = np.arange(columns.num_actions.max()) < columns.num_actions[:, None]
    tables = np.zeros((len(runs), env.num_agents, encoding.num_states, legal.shape[1]))
    draws = Draws(seed, "reinforce/explore", runs)
    history = []
    for done in range(meta_episodes):
        epsilon = learner.epsilon_at(done, meta_episodes)
        draws.begin_episode(episode=done)
        # A seed of its own: how many episodes a copy plays hangs on the longest one beside it.
        observations = env.reset(int(stream(seed, "reinforce/world", done).integers(1 << 63)))
        walk, outcome = _played(
            env,
            _Actor(learner.law(tables, legal, epsilon), columns, encoding, draws),
            outcomes or (lambda step, returns: told(step, returns, learner)),
            percepts=columns.percepts(encoding, observations),
        )
        history.append(outcome)
        tables = learner.learn(tables, legal, walk, learner.rewards(outcome), epsilon)
        if after_meta_episode is not None:
            after_meta_episode(done + 1, tables)
    refuse_no_numbers(env, tables)
    return Reinforced(tables, Outcome(*map(np.stack, zip(*history, strict=True))))


def told(step: Step, returns: Floats, learner: Reinforce) -> Outcome:
    """Read what came of episodes from ``infos``: ``coins``, ``length``, ``most_coins``, all (E,).

    A world that says nothing of it has one length, and what is earned is the return.

    Raises:
        InvalidConfig: it says nothing of it, and the reward goes by lengths.
    """
    if "coins" not in step.infos:
        if learner.reward != "default":
            raise InvalidConfig(
                f"the reward {learner.reward!r} goes by lengths, and this world's infos tell no "
                "coins, length and most_coins; use reward=default, or give outcomes=…"
            )
        return Outcome(returns, np.zeros(returns.shape, dtype=np.int64), np.ones(returns.shape))
    every = np.zeros(returns.shape)
    coins, lengths, most = (step.infos[name][:, None] for name in ("coins", "length", "most_coins"))
    return Outcome(coins + every, lengths + every.astype(np.int64), most + every)


class _Actor(NamedTuple):
    """Chooses by a law that stands still, each run with numbers of its own."""

    law: Floats  # (R, N, S, A)
    columns: Columns
    encoding: Encoding
    draws: Draws  # of the runs

    def start(self) -> tuple[Floats, Integers]:
        """Return the law summed up over actions, a row for each percept, and first rows (R, N)."""
        num_runs, num_agents, num_states, num_actions = self.law.shape
        sums = self.law.cumsum(axis=3)
        firsts = np.arange(0, num_runs * num_agents * num_states, num_states)
        below = (sums / sums[..., -1:]).reshape(-1, num_actions)  # ends in exactly 1
        return below, firsts.reshape(num_runs, 1, num_agents)


def _played(
    env: BatchEnv, actor: _Actor, outcomes: Outcomes, *, percepts: Integers
) -> tuple[Walk, Outcome]:
    """Play every copy's first episode from its start."""
    num_runs, num_agents = actor.law.shape[:2]
    shape = (num_runs, -1, num_agents)  # (R, M, N)
    below, firsts = actor.start()
    present = env.alive
    in_first = np.ones(env.num_copies, dtype=bool)
    returns = np.zeros(present.shape)
    came: list[NDArray[Any]] = [np.zeros(present.shape, kind) for kind in (float, np.int64, float)]
    walked: list[Walk] = []
    while in_first.any():
        seen = percepts.reshape(shape)
        coins = actor.draws.random(seen.shape[1:])
        actions = (below.take(firsts + seen, axis=0) <= coins[..., None]).sum(axis=3)
        walked.append(Walk(seen, actions, present.reshape(shape)))
        step = env.step(actor.columns.actions(actions.reshape(percepts.shape)))
        returns = returns + np.where(present, step.rewards, 0)
        percepts = actor.columns.percepts(actor.encoding, step.observations)
        present = present & step.alive & ~step.terminated & ~step.truncated
        ended = step.ended
        if not ended.any():
            continue
        due = ended & in_first
        for part, news in zip(came, outcomes(step, returns), strict=True):
            part[due] = news[due]
        in_first &= ~ended
        if in_first.any():
            # The others play on, and it counts for nothing: a world steps all its copies.
            percepts = actor.columns.percepts(actor.encoding, env.reset(mask=ended))
    walk = Walk(*map(np.stack, zip(*walked, strict=True)))
    return walk, Outcome(*(_by_agent(part, shape) for part in came))


def _by_agent(part: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[Any]:
    return part.reshape(shape).swapaxes(1, 2)
