"""Teams that learn the coordination toy with a teammate whose type Nature draws."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import rallypoint
from rallypoint.agents.belief.network import BeliefNetwork
from rallypoint.agents.belief.shown import Numbered, Told
from rallypoint.agents.belief.together import BelievingTogether, SoundLearning, frame_of
from rallypoint.agents.belief.training import BeliefPace
from rallypoint.agents.belief.world import Believing
from rallypoint.agents.episodes import play
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.experiments.beliefs.config import BeliefsConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.teammate.one_of import OneOf

BLIND, REMEMBERING, BELIEVING, TOLD = "blind", "remembering", "believing", "told"
TEAMS = {
    BLIND: "sees the state alone",
    REMEMBERING: "and what a network makes of the past that learns nothing",
    BELIEVING: "and what that network believes, learning who is hostile",
    TOLD: "and who is hostile",
}
TYPES: tuple[dict[str, Any], ...] = tuple(
    {"kind": "constant_action", "action": action} for action in (0, 1)
)
_NETWORK = (32, 32)
_FINAL = 1 / 15  # of the learning rate


class Learned(NamedTuple):
    """What a team does in the end."""

    policy: GradientPolicy
    network: BeliefNetwork | None  # where the policy acts on what one says


class Point(NamedTuple):
    """One round of learning."""

    earned: float  # by the sound, in an episode, on average
    lost: float | None  # by beliefs, in nats per step and teammate


def learning(team: str, config: BeliefsConfig, seed: int) -> Iterator[Point | Learned]:
    """Yield every round of a team's learning, and in the end what it does."""
    settings: dict[str, Any] = {
        "policy": _NETWORK,
        "value": _NETWORK,
        "steps": config.steps,
        "epochs": 4,
        "minibatch": 512,
        "learning_rate": config.learning_rate,
        "final_rate": _FINAL * config.learning_rate,
    }
    env = _numbered(config, range(config.copies))
    done = (number / config.rounds for number in range(config.rounds))
    if team in (BLIND, TOLD):
        alone = SoundLearning(_shown(team, env, None), seed=seed, agent="ppo", settings=settings)
        for share in done:
            yield Point(float(alone.train_round(done=share).returns[0]), None)
        yield Learned(alone.policy, None)
        return
    passes = config.belief_passes if team == BELIEVING else 0
    pace = BeliefPace(passes=passes, step_size=config.belief_rate)
    together = BelievingTogether(env, seed=seed, agent="ppo", settings=settings, pace=pace)
    for share in done:
        found = together.train_round(done=share)
        yield Point(float(found.report.returns[0]), found.lost)
    yield Learned(together.policy, together.network)


class Earned(NamedTuple):
    """What the sound of a team earn in an episode, on average over it and them."""

    drawn: float  # as Nature draws
    peace: float  # of these, where nobody is hostile
    war: float  # and where somebody is
    frame: Threatened  # in which it was earned


def earned(team: str, learned: Learned, config: BeliefsConfig, seed: int) -> Earned:
    """Play new episodes, the same draws of Nature for every team of a seed."""
    first = (seed + 1) * config.evaluated
    env = _shown(team, _numbered(config, range(first, first + config.evaluated)), learned.network)
    frame = frame_of(env)
    total = np.zeros((env.num_copies, env.num_agents))
    draws = Draws(seed, "beliefs/evaluation", env.copies)
    for moment in play(env, learned.policy, draws, seed=seed):
        total += np.where(moment.in_first_episode[:, None], moment.step.rewards, 0)
    sound = ~frame.hostile
    at_war = ~sound.all(axis=1)
    of_each = np.where(sound, total, 0).sum(axis=1) / sound.sum(axis=1)
    return Earned(
        float(of_each.mean()), float(of_each[~at_war].mean()), float(of_each[at_war].mean()), frame
    )


def _numbered(config: BeliefsConfig, copies: Sequence[int]) -> Numbered:
    game = rallypoint.make("coordination-toy-v0", copies=copies, max_cycles=config.steps)
    drawn = OneOf(types=TYPES, probability=config.hostile, victims={"count": 1})
    return Numbered(Threatened(game, [drawn]))


def _shown(team: str, env: Numbered, network: BeliefNetwork | None) -> BatchEnv:
    if team == TOLD:
        return Told(env, frame_of(env))
    return env if network is None else Believing(env, network)
