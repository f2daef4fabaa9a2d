"""All that is needed to build a training by contributors, or a part of it, anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rallypoint.agents import agents
from rallypoint.agents.apart import put_apart
from rallypoint.agents.gradient.actors import Actors
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.contributors import Contributors, Who
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import GradientLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.team_lies import Lies, TeamLies
from rallypoint.agents.gradient.workshop import GradientWorkshop
from rallypoint.agents.live import live_for
from rallypoint.batch_env import BatchEnv
from rallypoint.config import Config, from_dict
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig
from rallypoint.registration import make
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats


@dataclass(frozen=True, kw_only=True)
class Recipe(Config):
    """Plain values, which travel; the same parts come out of them in every process."""

    env: str
    agent: str
    copies: int  # of the world, for all contributors together
    who: Who = "workers"
    count: int  # of contributors
    seed: int = 0
    env_settings: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)  # the agent's own
    threats: ThreatModel | None = None
    apart: bool = False  # whether every agent learns an actor of its own, and not every group
    keeps_digests: bool = False  # whether what everybody lives is hashed

    @property
    def learner(self) -> GradientLearner:
        """How updates are estimated, and all else that can be set about the agent."""
        learner: GradientLearner = from_dict(agents[self.agent], self.settings, where=self.agent)
        return learner

    @property
    def contributors(self) -> Contributors:
        """Who contributes."""
        return Contributors(who=self.who, count=self.count)

    def names(self, world: BatchEnv) -> tuple[str, ...]:
        """Return what contributors are called."""
        if self.who == "team":
            return world.agents
        return tuple(f"worker_{i}" for i in range(self.count))

    def bare(self, copies: int | Sequence[int]) -> BatchEnv:
        """Return a world without threats, of some copies by number or by their ids."""
        return self._grouped(make(self.env, copies=copies, **self.env_settings))

    def updates(self, world: BatchEnv, *, always: bool = False) -> Lies | None:
        """Return the threats to updates, if there is a threat model; or always, if of none.

        The members of a team of several groups lie among those of their own.
        """
        if self.threats is None and not always:
            return None
        names = self.names(world)
        threats = (self.threats or ThreatModel()).at("update", "transport")
        if self.who == "team" and len(world.groups) > 1:
            return TeamLies(threats, self.actors(world).each, names, seed=self.seed)
        return UpdateThreats(threats, contributors=names, seed=self.seed)

    def world(self, whom: Sequence[int] | None = None) -> BatchEnv:
        """Return the world of some contributors, or of all, under its threats.

        Raises:
            InvalidConfig: copies that cannot be dealt out.
        """
        ids = self._copies_of(range(self.count) if whom is None else whom)
        world = make(self.env, copies=ids, **self.env_settings)
        updates = self.updates(world)
        if self.threats is None or updates is None:
            return self._grouped(world)
        in_world = self.threats.in_world()
        if not in_world.threats:
            return self._grouped(world)
        lies = self.contributors.of_copies(self.copies, world.num_agents, updates.byzantine[None])
        live = None if self.apart else live_for(world)  # see ``GradientWorkshop``
        return self._grouped(Threatened(world, in_world, byzantine=lies[ids], policy=live))

    def _grouped(self, world: BatchEnv) -> BatchEnv:
        """Return a world with as many groups as there are to be actors."""
        return put_apart(world) if self.apart else world

    def actors(self, world: BatchEnv) -> Actors:
        """Return the actors that fit a world, one for each group."""
        learner, state_size = self.learner, None
        if learner.central_critic:
            bare = self.bare(1)  # threats may ask for the policy at a reset, and there is none yet
            bare.reset(self.seed)
            state_size = bare.state().size
            bare.close()
        networks = [learner.architecture(group, state_size) for group in world.groups]
        return Actors(world.groups, networks, [learner.riders(made) for made in networks])

    def start(self, actors: Actors) -> Parameters:
        """Return the weights to start from: (1, d)."""
        rng = stream(self.seed, "gradient/initial")
        return actors.initial(rng, scheme=self.learner.initial)[None]

    def untrained(self, world: BatchEnv) -> GradientPolicy:
        """Return the policy with which learning begins in a world of one group."""
        actors = self.actors(world)
        masks = world.action_mask if "action_mask" in world.offers else None
        start = self.start(actors)[0]
        return GradientPolicy(actors.only.networks, start, world.groups[0], masks=masks)

    def workshop(
        self, whom: Sequence[int] | None = None, *, world: BatchEnv | None = None
    ) -> GradientWorkshop:
        """Return where the updates of some contributors, or of all, are computed.

        Args:
            whom: which, in order; of a team always all.
            world: theirs, if there is one already.
        """
        whom = range(self.count) if whom is None else whom
        world = self.world(whom) if world is None else world
        learner = self.learner
        actors = self.actors(world)
        draws = Draws(self.seed, "gradient/act", world.copies)
        return GradientWorkshop(
            Rollout(world, draws, central=learner.central_critic),
            actors,
            learner,
            Contributors(who=self.who, count=len(whom)),
            steps=learner.steps,
            seeds=[self.seed],
            weights=self.start(actors),
            whom=whom,
            of=self.count,
            keeps_digests=self.keeps_digests,
        )

    def _copies_of(self, whom: Sequence[int]) -> list[int]:
        everything = np.arange(self.copies)
        if self.who == "team":
            return everything.tolist()
        if self.copies % self.count:
            raise InvalidConfig(
                f"{self.copies} copies cannot be dealt out evenly among {self.count} workers; "
                f"take a multiple of {self.count}"
            )
        found: list[int] = everything.reshape(self.count, -1)[list(whom)].ravel().tolist()
        return found
