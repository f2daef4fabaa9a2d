"""The actors of a world, one to a group, and where each stands in the vector of the whole model."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.parts import Part, adjoining, side_by_side
from rallypoint.agents.gradient.riders import Rider
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.batch_env import Group, Mask
from rallypoint.errors import InvalidConfig


class Actor(NamedTuple):
    """The networks by which a group acts, and what is learned beside them."""

    group: Group
    agents: slice  # of the group, on the world's agent axis
    networks: Architecture
    riding: Riding  # behind its own weights
    weights: slice  # where these stand among all weights
    part: Part  # where weights and riders stand in the whole
    key: str  # before names of its own in snapshots; nothing, where it is the only one

    def rows(self, contributors: Contributors) -> slice:
        """Return which contributors learn it: all workers, or the group's own agents of a team."""
        return self.agents if contributors.who == "team" else slice(0, contributors.count)

    def learned_by(self, contributors: Contributors) -> Contributors:
        """Return those contributors alone."""
        if contributors.who == "workers":
            return contributors
        return Contributors(who="team", count=len(self.group.agents), runs=contributors.runs)


class Actors:
    """One actor for each group, as one model: the weights of all, then the riders of all.

    An update is as long as the model, and is one message of its contributor; where that has lived
    nothing as a group, it is 0. Aggregators are asked actor by actor, among those who speak of it.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        networks: Sequence[Architecture],
        riders: Sequence[Sequence[Rider]],
    ) -> None:
        """Seat the actors of some groups, in order, each with what rides behind it."""
        self.riders = tuple(rider for own in riders for rider in own)
        self.size = sum(made.size for made in networks)  # d, weights
        all_actors: list[Actor] = []
        agents, weights, rides = 0, 0, self.size
        for number, (group, made, own) in enumerate(zip(groups, networks, riders, strict=True)):
            is_alone = len(groups) == 1
            room = Riding(own, made.size)
            of_weights = slice(weights, weights + made.size)
            of_riders = slice(rides, rides + room.size)
            part = Part(
                adjoining([of_weights, of_riders]),
                layout=(
                    *(piece.at.stop - piece.at.start for piece in made.pieces),
                    *(rider.size for rider in own),
                ),
                group=None if is_alone else group.name,
                path=(number,) if number else (),
            )
            of_agents = slice(agents, agents + len(group.agents))
            key = "" if is_alone else f"{number}/"
            all_actors.append(Actor(group, of_agents, made, room, of_weights, part, key))
            agents, weights, rides = of_agents.stop, of_weights.stop, of_riders.stop
        self.each = tuple(all_actors)

    @classmethod
    def of(
        cls, networks: "Architecture | Actors", groups: Sequence[Group], riders: Sequence[Rider]
    ) -> "Actors":
        """Return actors as they are, or the only group's, with all riders behind it.

        Raises:
            InvalidConfig: one architecture for several groups.
        """
        if isinstance(networks, Actors):
            return networks
        if len(groups) != 1:
            raise InvalidConfig(
                f"groups {[group.name for group in groups]} need an actor each: give Actors, and "
                "not the architecture of one"
            )
        return cls(groups, [networks], [riders])

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the aggregator is asked about, one after another."""
        return tuple(actor.part for actor in self.each)

    @property
    def only(self) -> Actor:
        """The actor of the only group.

        Raises:
            InvalidConfig: there are several.
        """
        if len(self.each) > 1:
            names = [actor.group.name for actor in self.each]
            raise InvalidConfig(f"there is an actor for each of the groups {names}; say which")
        return self.each[0]

    def initial(self, rng: np.random.Generator, *, scheme: str) -> Parameters:
        """Draw weights to start from, of one actor after another: (d,)."""
        return side_by_side([actor.networks.initial(rng, scheme=scheme) for actor in self.each])

    def folded(self, parameters: Parameters) -> Parameters:
        """Return the weights (R, d) to act by, whatever rides behind them: (R, D)."""
        return side_by_side(
            [actor.riding.folded(actor.networks, actor.part.of(parameters)) for actor in self.each]
        )

    def members(self, contributors: Contributors) -> Mask:
        """Return which contributors learn which actor: (n, actors)."""
        found = np.zeros((contributors.count, len(self.each)), dtype=bool)
        for number, actor in enumerate(self.each):
            found[actor.rows(contributors), number] = True
        return found
