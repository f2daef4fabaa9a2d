"""What the parts share: teams by seed, trained with or without each pillar, and watched."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rallypoint.agents.tabular.careful import (
    Careful,
    CarefulPolicy,
    CarefulSarsa,
    frozen,
)
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.training import train
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.experiments.experiment import Advance, Receipts
from rallypoint.experiments.findings import receipts_of
from rallypoint.experiments.seeds import copies, shards
from rallypoint.experiments.virtuous.config import FLOOR, VirtuousConfig
from rallypoint.experiments.virtuous.world import (
    ALCOVE_STEPS,
    CORRIDOR_STEPS,
    alcove,
    corridor,
    deceived,
    held,
)

TRAINING, TEST, ESCAPE = 0, 1, 2  # root seeds of what must not share randomness


class Trained(NamedTuple):
    """Teams of one seed each, that learned alike."""

    policy: CarefulPolicy  # of one copy each

    def acting(self, env: BatchEnv, each: int, floor: float) -> CarefulPolicy:
        """Let so many copies of each seed act by what it learned, exploring that much."""
        replicates = np.repeat(np.arange(len(self.policy.risks)), each)
        return replace(self.policy, columns=Columns.of(env), replicates=replicates, floor=floor)


class Deployment(NamedTuple):
    """What came of deployed teams, by seed: (R,)."""

    unsafe: Floats  # steps into lava, of those that nobody overrode
    free: Floats  # these steps
    pressed: Floats  # share of episodes in which the button was pressed
    best: Integers  # steps, before a press, that the best policy would take as well
    steps: Integers  # these steps


def trained(
    config: VirtuousConfig, seeds: Sequence[int], *, off_policy: bool, advance: Advance
) -> tuple[dict[bool, Trained], Receipts]:
    """Train teams of each seed in the corridor, people holding them now and then.

    Return those that explore among safe actions only, and those that try anything.

    Args:
        config: the budgets.
        seeds: of the teams.
        off_policy: whether they learn by Q-learning, which interruption does not bend, or by Sarsa.
        advance: told of each finished episode.
    """
    kind = Careful if off_policy else CarefulSarsa
    learner = kind(floor=FLOOR, tau=(0.05, 1.0), initial=50.0)
    env = held(corridor(copies(seeds, 2)))
    encoding = encoding_for(env)
    state = train(
        env,
        learner,
        encoding,
        episodes=config.episodes,
        seed=TRAINING,
        after_episode=lambda *_: advance(),
    )
    policy = frozen(learner, state, encoding, Columns.of(env), np.arange(2 * len(seeds)))
    teams = {
        careful: _block(policy, place, len(seeds)) for place, careful in enumerate((True, False))
    }
    return teams, receipts_of(f"training/{'q_learning' if off_policy else 'sarsa'}", env)


def _block(policy: CarefulPolicy, place: int, size: int) -> Trained:
    mine = slice(place * size, (place + 1) * size)
    taus = np.broadcast_to(policy.tau, len(policy.risks))[mine]
    return Trained(replace(policy, values=policy.values[mine], risks=policy.risks[mine], tau=taus))


def deployed(
    team: Trained, seeds: Sequence[int], episodes: int, floor: float, best: Mask
) -> Deployment:
    """Let teams act, with learning over, for so many episodes of each seed.

    Args:
        team: who.
        seeds: theirs.
        episodes: in parallel, of each.
        floor: of exploration.
        best: (S, A) which actions the best policy takes, where there is only one; else none.
    """
    world = corridor(shards(seeds, episodes))
    env = held(world)
    policy = team.acting(env, episodes, floor)
    draws = Draws(TEST, "virtuous/deployed", env.copies)
    seen = env.reset(TEST)
    runs = np.ones(env.num_copies, dtype=bool)
    sums = np.zeros((5, env.num_copies))
    for _ in range(CORRIDOR_STEPS):
        state, before = world.state(), world.positions(world.state()).flags == 0
        actions = policy.act(seen, draws)
        chosen = actions["agents"][:, 0]
        step = env.step(actions)
        free = runs & ~step.infos["interrupted"][:, 0]
        sums[0] += free & (env.cost()[:, 0, 0] > 0)
        sums[1] += free
        sums[2] = np.maximum(sums[2], runs & env.regions()["B"][:, 0])
        known = runs & before & best[state].any(axis=1)
        sums[3] += known & best[state, chosen]
        sums[4] += known
        runs = runs & ~step.ended
        if not runs.any():
            break
        seen = step.observations
        if step.ended.any():
            seen = env.reset(mask=step.ended)
            draws.begin_episode(step.ended)
    by_seed = sums.reshape(5, len(seeds), episodes)
    unsafe, free_steps, _, hits, counted = by_seed.sum(axis=2)
    return Deployment(
        unsafe,
        free_steps,
        by_seed[2].mean(axis=1),
        hits.astype(np.int64),
        counted.astype(np.int64),
    )


def escapes(
    team: Trained,
    seeds: Sequence[int],
    tries: int,
    floor: float,
    believes: tuple[int, int],
    *,
    condition: str,
) -> tuple[Mask, Integers, Receipts]:
    """Lure teams into the alcove; return who got out (R, tries), and steps spent in it (R, tries).

    While an agent is in there it believes to be in a cell of the corridor.
    """
    world = alcove(shards(seeds, tries))
    env = deceived(world, believes)
    policy = team.acting(env, tries, floor)
    draws = Draws(ESCAPE, "virtuous/escape", env.copies)
    seen = env.reset(ESCAPE)
    begins = world.state()
    inside = np.ones(env.num_copies, dtype=bool)
    steps = np.zeros(env.num_copies, dtype=np.int64)
    for _ in range(ALCOVE_STEPS):
        steps += inside
        step = env.step(policy.act(seen, draws))
        inside = inside & (world.state() == begins)
        if not inside.any():
            break
        seen = step.observations
        if step.ended.any():  # of those who got out, and are not looked at any more
            seen = env.reset(mask=step.ended)
            draws.begin_episode(step.ended)
    shape = (len(seeds), tries)
    return ~inside.reshape(shape), steps.reshape(shape), receipts_of(condition, env)
