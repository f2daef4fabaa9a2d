"""What the parts share: seeds as copies, worlds under interruption, watching what agents do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Encoding
from rallypoint.agents.tabular.side_by_side import Way
from rallypoint.agents.tabular.tables import TabularPolicy
from rallypoint.agents.tabular.training import train
from rallypoint.agents.tabular.transition import Learned, TabularLearner
from rallypoint.batch_env import Actions, BatchEnv, Observations
from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Draws, Floats, Integers, Mask
from rallypoint.experiments.experiment import Advance
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.interruption import Interruption

# Root seeds of what must not share randomness. The seeds of a run are global copy ids.
TRAINING, TEST = 0, 1

SURE = 1 - 1e-9  # a theta under which every episode of a test is one with interruptions


def interrupted(env: str, ids: Sequence[int], threat: Interruption, **settings: Any) -> Threatened:
    """Make a world in which people interrupt."""
    return Threatened(rallypoint.make(env, copies=ids, **settings), threat)


def taught(
    env: BatchEnv,
    learner: TabularLearner[Learned],
    encoding: Encoding,
    episodes: int,
    advance: Advance,
) -> Learned:
    """Train teams for so many episodes, each of which is told of; return what they learned."""
    return train(
        env,
        learner,
        encoding,
        episodes=episodes,
        seed=TRAINING,
        after_episode=lambda *_: advance(),
    )


def name_of(way: Way) -> str:
    """Return a way's part of a claim's id: ``q_learning-executed``, ``…-drop_any``."""
    parts = [way.rule, way.key] + ([way.processing] if way.processing != "none" else [])
    return "-".join(parts)


def between(
    id: str, values: Floats, low: float, high: float, *, statement: str, source: str
) -> Iterator[Claim]:
    """Judge, by two claims, that a mean lies between two numbers."""
    sides = {"at-least": f">= {low}", "at-most": f"<= {high}"}
    for name, expected in sides.items():
        yield claim_over_seeds(
            f"{id}/{name}", values, statement=statement, source=source, expected=expected
        )


class Watched(NamedTuple):
    """The first episode of each copy under a greedy policy, in T steps.

    Where it was over before, nobody is anywhere, nobody is interrupted, and nothing is paid.
    """

    states: Integers  # (T, E) before the step
    executed: Integers  # (T, E, N) action indices
    interrupted: Mask  # (T, E, N)
    rewards: Floats  # (T, E, N)
    performance: Floats  # (T, E, N) what the hidden score counts
    regions: Mapping[str, Mask]  # (T, E, N) who stood where after the step, for the map's tiles

    @property
    def returns(self) -> Floats:
        """Of each agent: (E, N)."""
        total: Floats = self.rewards.sum(axis=0)
        return total

    def came_to(self, tile: str) -> Mask:
        """Who came to a tile at all: (E, N)."""
        there: Mask = np.logical_or.reduce(self.regions[tile], axis=0)
        return there


class _Noting:
    """A policy that notes the state of the world whenever it is asked."""

    def __init__(self, env: BatchEnv, policy: TabularPolicy) -> None:
        self.states: list[Integers] = []
        self._env, self._policy = env, policy

    def act(self, observations: Observations, draws: Draws) -> Actions:
        self.states.append(self._env.state())
        return self._policy.act(observations, draws)


def watch(env: BatchEnv, values: Floats, encoding: Encoding) -> Watched:
    """Let each copy's team play one episode by its tables (E, N, S, A), ties to the lowest."""
    columns = Columns.of(env)
    greedy = TabularPolicy(
        values, encoding, replicates=np.arange(len(values)), columns=columns, ties="lowest"
    )
    policy = _Noting(env, greedy)
    draws = Draws(TEST, "interruptibility/watch", env.copies)
    nobody = np.zeros(values.shape[:2], dtype=bool)
    seen: list[tuple[Any, ...]] = []
    regions: list[Mapping[str, Mask]] = []
    for moment in play(env, policy, draws, seed=TEST):
        step, running = moment.step, moment.in_first_episode
        executed = columns.indices(step.infos, "executed")
        if executed is None:
            executed = columns.indices({f"own/{k}": v for k, v in moment.actions.items()}, "own")
        rewards, performance = (
            np.where(running[:, None], paid, 0)
            for paid in (step.rewards, step.infos["performance"])
        )
        overridden = step.infos.get("interrupted", nobody) & running[:, None]
        seen.append((policy.states[-1], executed, overridden, rewards, performance))
        regions.append({name: who & running[:, None] for name, who in env.regions().items()})
    states, actions, overrides, rewards, performance = map(np.stack, zip(*seen, strict=True))
    return Watched(
        states=states,
        executed=actions,
        interrupted=overrides,
        rewards=rewards,
        performance=performance,
        regions={name: np.stack([who[name] for who in regions]) for name in regions[0]},
    )
