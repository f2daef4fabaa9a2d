"""All riders of a model together: where each stands, and what is asked of one after another."""

from collections.abc import Sequence

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.riders import Rider
from rallypoint.batch_env import Snapshot

Memories = dict[str, Snapshot]  # by the name of the rider


class Riding:
    """Riders behind the weights of a model, one after another."""

    def __init__(self, riders: Sequence[Rider], num_weights: int) -> None:
        """Seat the riders behind so many weights."""
        self.riders = tuple(riders)
        self.num_weights = num_weights
        self._places: list[slice] = []
        first = num_weights
        for rider in self.riders:
            self._places.append(slice(first, first + rider.size))
            first += rider.size
        self.size = first - num_weights

    def start(self, weights: Parameters) -> Parameters:
        """Return weights (R, d) with the riders' first numbers behind them: (R, D)."""
        shape = weights.shape[:-1]
        parts = [np.broadcast_to(r.initial(), (*shape, r.size)) for r in self.riders]
        return np.concatenate([weights, *parts], axis=-1)

    def memories(self, num_copies: int, num_agents: int, contributors: Contributors) -> Memories:
        """Return what contributors remember before the first round."""
        return {r.name: r.memory(num_copies, num_agents, contributors) for r in self.riders}

    def said(
        self,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
        memories: Memories,
    ) -> tuple[Floats, Memories]:
        """Return what each contributor sends (R, n, size), and what it remembers."""
        shape = (contributors.runs, contributors.count, self.size)
        sent, kept = np.zeros(shape, dtype=np.float32), {}
        for rider, at in zip(self.riders, self._places, strict=True):
            told = rider.say(parameters[:, at], fragment, contributors, memories[rider.name])
            sent[..., at.start - self.num_weights : at.stop - self.num_weights] = told.update
            kept[rider.name] = told.memory
        return sent, kept

    def moved(self, parameters: Parameters, aggregates: Floats, round_number: int) -> Parameters:
        """Return parameters (R, D) whose riders have followed the aggregates (R, D)."""
        found = parameters.copy()
        for rider, at in zip(self.riders, self._places, strict=True):
            found[:, at] = rider.move(parameters[:, at], aggregates[:, at], round_number)
        return found

    def shown(self, parameters: Parameters, fragment: Fragment) -> Fragment:
        """Return a fragment as networks are to see it."""
        for rider, at in zip(self.riders, self._places, strict=True):
            fragment = rider.shown(parameters[:, at], fragment)
        return fragment

    def folded(self, architecture: Architecture, parameters: Parameters) -> Parameters:
        """Return the weights (R, d) that act on what is seen as these do on what is shown."""
        weights = parameters[:, : self.num_weights]
        for rider, at in zip(self.riders, self._places, strict=True):
            weights = rider.folded(parameters[:, at], architecture, weights)
        return weights
