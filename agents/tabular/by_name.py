"""Training learners of tables by their names, into a folder."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rallypoint.agents import agents
from rallypoint.agents.saved import Saved, save_tabular
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.mini_episodes import copies_of, train_reinforce
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.value_learner import ValueLearner
from rallypoint.batch_env import BatchEnv
from rallypoint.config import from_dict
from rallypoint.errors import InvalidConfig

_TEST_EPSILON = 0.02  # greedy tables have limit cycles; see docs/gathering.md


def learner_by_name(name: str, settings: Mapping[str, Any]) -> Any:
    """Make a learner of tables.

    Raises:
        InvalidConfig: a setting that is not known, or that cannot be meant here.
        UnknownName, Unavailable: no such learner.
    """
    learner = from_dict(agents[name], settings, where=name)
    if getattr(learner, "needs_odds", False):
        raise InvalidConfig(
            "importance weights need to know how agents are interrupted, which no file says; call "
            "rallypoint.agents.tabular.training.train with interruption=KnownInterruption(…)"
        )
    return learner


def check_tables(world: BatchEnv, name: str, settings: Mapping[str, Any]) -> None:
    """Refuse what can be refused before anything is trained.

    Raises:
        InvalidConfig: a setting, or a world that tables cannot be learned in.
    """
    learner_by_name(name, settings)
    encoding_for(world)
    Columns.of(world)


def copies_for(name: str, settings: Mapping[str, Any]) -> Sequence[int]:
    """Return the copies that one team trains in: one, or one for each mini-episode."""
    learner = learner_by_name(name, settings)
    if isinstance(learner, Reinforce):
        ids: list[int] = copies_of([0], learner).tolist()
        return ids
    return [0]


def train_tables(
    world: BatchEnv,
    name: str,
    settings: Mapping[str, Any],
    *,
    about: Saved,
    steps: int,
    seed: int,
    out: Path,
) -> dict[str, Any]:
    """Train one team, save its tables into a folder, and return what is to be said of it.

    Args:
        world: with the copies of ``copies_for``.
        name: of the learner.
        settings: its own.
        about: what was trained where.
        steps: agent steps in all; rounded up to whole episodes where there is a time limit.
        seed: of world and learner.
        out: the folder.

    Raises:
        InvalidConfig: a task that the learner cannot learn.
        UnwritablePath: nothing half-written is left behind.
    """
    learner = learner_by_name(name, settings)
    encoding = encoding_for(world)
    common = {"agent": about.agent, "env": about.env, "seed": seed}
    if isinstance(learner, Reinforce):
        if world.time_limit is None:
            raise InvalidConfig(f"{world.id} has no time limit; give it one to train {name} in it")
        longest = world.num_agents * world.num_copies * world.time_limit
        meta_episodes = math.ceil(steps / longest)
        found = train_reinforce(world, learner, encoding, meta_episodes=meta_episodes, seed=seed)
        about = about._replace(test_epsilon=learner.last_epsilon, softmax=True)
        save_tabular(out, found.tables[0], encoding, about=about)
        return common | {
            "steps": meta_episodes * longest,
            "episodes": meta_episodes * learner.mini_episodes,
            "meta_episodes": meta_episodes,
        }
    each = math.ceil(steps / (world.num_agents * (world.time_limit or 1))) * (world.time_limit or 1)
    finished = [0]
    state = train(
        world,
        learner,
        encoding,
        steps=each,
        seed=seed,
        after_episode=lambda number, _: finished.append(number),
    )
    about = about._replace(test_epsilon=_TEST_EPSILON)
    save_tabular(out, learner.values(state)[0], encoding, about=about)
    told: dict[str, Any] = {"steps": each * world.num_agents, "episodes": finished[-1]}
    if isinstance(learner, ValueLearner):
        shares = learner.kept_share(state)[0].tolist()
        told["kept_share"] = dict(zip(world.agents, shares, strict=True))
        told["enough_data"] = bool(learner.has_enough(state).all())
    return common | told
