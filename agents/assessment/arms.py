"""Two worlds that differ in how likely interruptions are, and in nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rallypoint.batch_env import BatchEnv, Snapshot
from rallypoint.config import Config
from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig
from rallypoint.registration import make
from rallypoint.safety.enforcement.accepted import Threats, as_model
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.sequences import ThetaSequence, check_theta
from rallypoint.safety.limits import Schedule, Share, as_schedule
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.interruption import Interruption

MakeWorld = Callable[[int], BatchEnv]  # so many copies


@dataclass(frozen=True, kw_only=True)
class Arms(Config):
    """How to put a world under the threats that are asked about, at any theta."""

    make_world: MakeWorld
    model: ThreatModel

    def __post_init__(self) -> None:
        """Refuse threats that interrupt nobody, or whose theta is none.

        Raises:
            InvalidConfig: says what is missing.
        """
        found = self.interruptions
        if not found:
            raise InvalidConfig(
                "what is assessed is whether learning depends on being interrupted, and nothing "
                'interrupts; add [[threats]] with kind = "interruption"'
            )
        if not any(_somebody(threat.victims) for threat in found):
            raise InvalidConfig(
                "the victims of every interruption are nobody, so there is nothing to compare; "
                'name agents, or say victims = "all"'
            )
        if any(threat.follows_log for threat in found):
            raise InvalidConfig(
                "interruptions that follow a log have no theta to compare; describe them by an "
                "initiation and a policy"
            )

    @property
    def interruptions(self) -> tuple[Interruption, ...]:
        """The threats whose theta is changed."""
        return tuple(threat for threat in self.model.threats if isinstance(threat, Interruption))

    @property
    def is_shared(self) -> bool:
        """Whether one coin interrupts several agents."""
        return any(threat.shared for threat in self.interruptions)

    def reachable(self, leads: Sequence[int]) -> tuple[int, ...]:
        """Return the leads after which interruptions may still come.

        Raises:
            InvalidConfig: there is none.
        """
        ends = [as_schedule(threat.when).until for threat in self.interruptions]
        last = min((end for end in ends if end is not None), default=None)
        found = tuple(lead for lead in leads if last is None or lead < last)
        if not found:
            raise InvalidConfig(
                f"interruptions end before step {last}, and are looked at from step {min(leads)} "
                "on; give leads below that"
            )
        return found

    def world(self, copies: int) -> BatchEnv:
        """Make a world and see that the threats can be meant in it.

        Raises:
            InvalidConfig, NotOffered, UnknownName: they cannot; says why.
        """
        world = self.make_world(copies)
        self.at(world, 0.0)
        return world

    def at(
        self, world: BatchEnv, theta: float, *, begin: int = 0, seed: int | None = None
    ) -> Threatened:
        """Put a world under the threats, with interruptions of this theta from a step on.

        Args:
            world: not under threats yet.
            theta: instead of what the threats declare.
            begin: the first step at which anybody is interrupted.
            seed: of the threats' draws; the world's if not given.
        """
        threats = tuple(
            replace(threat, theta=theta, when=_from(as_schedule(threat.when), begin))
            if isinstance(threat, Interruption)
            else threat
            for threat in self.model.threats
        )
        return Threatened(world, replace(self.model, threats=threats), seed=seed)

    def sparing(self, agent: str, agents: Sequence[str]) -> "Arms | None":
        """Return arms that never interrupt one agent; None if nobody else is interrupted.

        Raises:
            InvalidConfig: who is interrupted is drawn, so that nobody can be spared.
        """
        kept: list[Any] = []
        for threat in self.model.threats:
            if not isinstance(threat, Interruption):
                kept.append(threat)
            elif rest := _others(threat, agent, agents):
                kept.append(replace(threat, victims=rest))
        model = replace(self.model, threats=tuple(kept))
        if not any(isinstance(threat, Interruption) for threat in kept):
            return None
        return Arms(make_world=self.make_world, model=model)

    def as_declared(self, world: BatchEnv, theta: float) -> Threatened:
        """Put a world under the threats with the sequences that they declare, else with theta."""
        threats = tuple(
            replace(threat, theta=theta)
            if isinstance(threat, Interruption) and not isinstance(threat.theta, ThetaSequence)
            else threat
            for threat in self.model.threats
        )
        return Threatened(world, replace(self.model, threats=threats))


def arms_of(env: str | MakeWorld, threats: Threats, env_settings: dict[str, Any]) -> Arms:
    """Return the arms of a world, by its id or by what makes it."""
    if callable(env):
        if env_settings:
            raise InvalidConfig("settings of the environment go with its id, not with a function")
        return Arms(make_world=_held_to_copies(env), model=as_model(threats))
    return Arms(
        make_world=lambda copies: make(env, copies=copies, **env_settings), model=as_model(threats)
    )


def checked_thetas(thetas: Sequence[float]) -> tuple[float, ...]:
    """Return the probabilities that are compared: 0, and those that it is compared with.

    Raises:
        InvalidConfig: says what they must be.
    """
    if not isinstance(thetas, Sequence | np.ndarray) or isinstance(thetas, str):
        raise InvalidConfig(f"thetas are a list, such as (0, 0.9), got {thetas!r}")
    for theta in thetas:
        check_theta(theta)
    if len(thetas) < 2 or thetas[0] != 0 or len(set(thetas)) < len(thetas):
        raise InvalidConfig(
            "thetas are 0, which everything is compared with, and then one or more others in "
            f"(0, 1), each once; got {tuple(thetas)}"
        )
    return tuple(float(theta) for theta in thetas)


def seed_of(seed: int, *path: str | int) -> int:
    """Return a seed that depends on what it is for."""
    return int(stream(seed, "assessment", *path).integers(1 << 32))


def elsewhere(snapshot: Snapshot, seed: int) -> Snapshot | None:
    """Return a snapshot from which all goes on by other draws; None if it names no seed."""
    seeds = [name for name in snapshot if name.rpartition("/")[2] == "seed"]
    if "world/seed" not in seeds:
        return None
    return snapshot | {name: np.array(seed, dtype=np.uint64) for name in seeds}


def _held_to_copies(make_world: MakeWorld) -> MakeWorld:
    def made(copies: int) -> BatchEnv:
        world: Any = make_world(copies)
        if not isinstance(world, BatchEnv) or world.num_copies != copies:
            came = type(world).__name__
            if isinstance(world, BatchEnv):
                came = f"one of {world.num_copies}"
            raise InvalidConfig(
                f"the function that makes the world was asked for a BatchEnv of {copies} copies, "
                f"got {came}; return make(id, copies=copies), or the like"
            )
        return world

    return made


def _from(when: Schedule, step: int) -> Schedule:
    """Let a schedule begin at a step, without moving its occasions."""
    if step <= when.from_:
        return when
    begin = when.from_ + -(-(step - when.from_) // when.every) * when.every
    # The last occasion may lie before it: then it is that one, which is over.
    begin = begin if when.until is None else min(begin, when.until - 1)
    return replace(when, from_=begin)


def _somebody(victims: Any) -> bool:
    if isinstance(victims, Share):
        return bool(victims.count or victims.fraction or any(victims.counts or ()))
    return bool(victims)


def _others(threat: Interruption, agent: str, agents: Sequence[str]) -> tuple[str | int, ...]:
    victims: Any = threat.victims
    if victims == "all":
        return tuple(name for name in agents if name != agent)
    if not isinstance(victims, tuple):
        raise InvalidConfig(
            f"a learner that books what was executed is assessed one agent at a time, and the "
            f"victims are drawn ({victims!r}); name them"
        )
    index = list(agents).index(agent)
    return tuple(victim for victim in victims if victim not in {agent, index})
