"""Honest threats for each site, a way to make dishonest ones, and a way to play."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from rallypoint.batch_env import BatchEnv, Step
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.known import Known
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Proposal, Threat
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.feedback.reward_noise import RewardNoise


@dataclass(frozen=True, kw_only=True)
class Noise(Threat):
    """Percepts with something added."""

    kind: ClassVar[str] = "noise"
    site: ClassVar[str] = "observation"
    must_know: ClassVar[frozenset[str]] = frozenset({"own_percept"})

    knowledge: tuple[str, ...] = ("own_percept",)
    size: float = 1.0

    def apply(self, state, known, draws):
        seen = known.own_percept
        noise = self.size * (draws.random(seen.shape[1:]) - 0.5)
        return Proposal(known.affordable, (seen + noise).astype(seen.dtype)), state


@dataclass(frozen=True, kw_only=True)
class Doze(Threat):
    """Teammates who do nothing now and then; they remember how often they were asked."""

    kind: ClassVar[str] = "doze"
    site: ClassVar[str] = "action"

    odds: float = 0.5

    @property
    def needs(self):
        return frozenset({"noop"})

    def init(self, E, N):
        return {"asked": np.zeros((E, N), dtype=np.int64), "sum": np.ones(E)}

    def apply(self, state, known, draws):
        where = known.affordable & (draws.random(known.opportunities.shape[1:]) < self.odds)
        return Proposal(where, known.still), {
            "asked": state["asked"] + 1,
            "sum": state["sum"] * 0.5 + known.time,
        }


@dataclass(frozen=True, kw_only=True)
class Stop(Threat):
    """A person who stops agents where agent 0 stands on the positive side."""

    kind: ClassVar[str] = "stop"
    site: ClassVar[str] = "interruption"
    must_know: ClassVar[frozenset[str]] = frozenset({"true_state"})

    knowledge: tuple[str, ...] = ("true_state",)
    theta: float = 1.0

    @property
    def needs(self):
        return frozenset({"noop"})

    def apply(self, state, known, draws):
        fires = draws.random(known.opportunities.shape[1:]) < self.theta
        where = known.affordable & fires & (known.true_state[:, :1] > 0)
        return Proposal(where, known.still), state


@dataclass(frozen=True, kw_only=True)
class Stub(Threat):
    """Whatever a test wants it to do."""

    kind: ClassVar[str] = "stub"
    site: ClassVar[str] = "action"

    does: Callable[[dict, Known, Any], Any] = field(compare=False)
    first: Callable[[int, int], Any] = field(default=lambda E, N: {}, compare=False)

    def init(self, E, N):
        return self.first(E, N)

    def apply(self, state, known, draws):
        return self.does(state, known, draws)


@dataclass(frozen=True, kw_only=True)
class SeeingStub(Stub):
    """A stub that changes percepts."""

    kind: ClassVar[str] = "seeing_stub"
    site: ClassVar[str] = "observation"


@dataclass(frozen=True, kw_only=True)
class CrashingStub(Stub):
    """A stub that takes agents down."""

    kind: ClassVar[str] = "crashing_stub"
    site: ClassVar[str] = "presence"

    @property
    def needs(self):
        return frozenset({"remove"})


def reaches_for_everybody(state, known, draws):
    """Ignore every limit."""
    return Proposal(np.ones_like(known.opportunities), known.still), state


def ground(**settings) -> ProvingGround:
    return ProvingGround(**{"copies": 6, **settings})


def actions_at(env: BatchEnv, step: int) -> dict[str, np.ndarray]:
    """Choose actions that depend on the copy's global id, the agent and the step alone."""
    chosen = {}
    for group in env.groups:
        numbers = env.copies[:, None] * 7 + np.arange(len(group.agents)) * 3 + step * 5
        space = group.action_space
        if hasattr(space, "n"):
            chosen[group.name] = numbers % space.n
        else:
            entries = np.arange(int(np.prod(space.shape))).reshape(space.shape)
            angles = numbers.reshape(numbers.shape + (1,) * len(space.shape)) + entries
            chosen[group.name] = np.sin(angles).astype(space.dtype)
    return chosen


def play(env: BatchEnv, steps: int, *, seed: int | None = 0, first: int = 0) -> Iterator[Step]:
    """Reset (unless the seed is None) and play, resetting the copies that end."""
    if seed is not None:
        env.reset(seed=seed)
    for step in range(first, first + steps):
        done = env.step(actions_at(env, step))
        yield done
        if done.ended.any():
            env.reset(mask=done.ended)


def bits(steps, rows=slice(None), *, infos: bool = True) -> list[bytes]:
    """Everything that steps say about some copies, to the last bit."""
    parts = []
    for step in steps:
        arrays = [*step.observations.values(), *step[1:5]]
        arrays += [step.infos[name] for name in sorted(step.infos)] if infos else []
        parts += [array[rows].tobytes() for array in arrays]
    return parts


EVERYTHING = ThreatModel(
    byzantine=Byzantine(count=2),
    threats=(
        Crash(victims={"count": 1}, when={"from": 2, "probability": 0.3}),
        Crash(victims=["walker_1"], when={"from": 4}, mode="frozen"),
        Noise(victims={"fraction": 0.4}, when={"every": 2}),
        Doze(victims="byzantine", budget={"steps_per_episode": 4, "agents": 1}),
        Stop(victims=["walker_0", 4], theta=0.5),
        Doze(victims={"count": 3}, odds=0.2),
        RewardNoise(victims="byzantine", when={"every": 3}),
    ),
)


def made(copies=4, model=EVERYTHING):
    """Make the proving ground under threats; fresh processes can import this."""
    return Threatened(ground(copies=copies), model)


def under(does, kind=Stub, **settings):
    return Threatened(ground(copies=4), [kind(does=does, **settings)])


def moving(env):
    """Return actions none of which is the one that does nothing, and by which nobody falls off."""
    to_and_fro = 1 + env.time % 2
    shape = (env.num_copies, len(env.groups[1].agents), 2)
    return {
        "walkers": np.tile(to_and_fro[:, None], len(env.groups[0].agents)),
        "gliders": np.broadcast_to(np.float32([0.5, -0.5]), shape),
    }


def touched(env, steps=4):
    """Play actions that do something; return who was made to do nothing, at each step."""
    env.reset(seed=0)
    idle = []
    for _ in range(steps):
        infos = env.step(moving(env)).infos
        walkers = infos["executed/walkers"] == 0
        gliders = (infos["executed/gliders"] == 0).all(axis=-1)
        idle.append(np.concatenate([walkers, gliders], axis=1))
    return np.array(idle)  # (K, E, N)
