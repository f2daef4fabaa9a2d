"""A world in which agents also see what they believe of each other."""

import numpy as np

from rallypoint.agents.belief.features import Features, Singles
from rallypoint.agents.belief.network import BeliefNetwork, check_fits
from rallypoint.agents.belief.tape import Tape
from rallypoint.batch_env import Actions, Array, BatchEnv, Mask, Observations, Snapshot, Step
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.snapshots import check_snapshot
from rallypoint.wrapper import BatchWrapper


class Believing(BatchWrapper):
    """A world whose agents see, behind what they saw, how likely each of the team is hostile.

    Any deep learner can learn in it to act on that belief, without a memory of its own: the
    policies of Li et al. (2024), arXiv:2305.12872, condition on the current percept and the belief.
    An agent that is not in the world believes what it believed last.
    """

    def __init__(self, env: BatchEnv, network: BeliefNetwork, *, tape: Tape | None = None) -> None:
        """Show beliefs.

        Args:
            env: the world.
            network: which believes; it may learn between two steps.
            tape: on which is written what beliefs are formed from, to learn from it.

        Raises:
            InvalidConfig: a network made for another world, or a world that beliefs cannot be
                formed in; see ``Features``.
        """
        super().__init__(env)
        self._features = Features.of(env)
        check_fits(network, self._features.size, env.num_agents, env.id)
        self._network = network
        self._tape = tape
        self.groups = (self._features.group_with_shares,)
        shape = (env.num_copies, env.num_agents)
        self._memory = np.zeros((*shape, network.hidden), dtype=np.float32)
        known = self._features.num_seen + self._features.num_actions
        self._before = np.zeros((*shape, known), dtype=np.float32)  # what was seen, and done then
        self._belief = np.zeros((*shape, env.num_agents), dtype=np.float32)

    @property
    def belief(self) -> Singles:
        """How likely each agent (second axis) thinks each one (third) is hostile: (E, N, N)."""
        return self._belief.copy()

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes, of which nobody knows anything yet; see ``BatchEnv.reset``."""
        observations = self.env.reset(seed, mask)
        rows = np.ones(self.num_copies, dtype=bool) if mask is None else mask
        self._memory[rows] = 0
        self._before[rows] = 0
        return self._followed(observations, rows[:, None] & self.env.alive, begins=rows)

    def step(self, actions: Actions) -> Step:
        """Advance every copy by one step, and beliefs with it; see ``BatchEnv.step``."""
        acted = self.env.alive
        step = self.env.step(actions)
        done = self._features.done(actions[self._features.group.name])
        self._before = np.concatenate([self._seen, done], axis=2)
        seen = self._followed(step.observations, acted & step.alive)
        return step._replace(observations=seen)

    def remove(self, mask: Mask) -> Observations:
        """Take agents out of the world; see ``BatchEnv.remove``."""
        return self._shown(self.env.remove(mask))

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from here, beliefs included."""
        return nested("world", self.env.snapshot()) | nested("belief", self._kept())

    def restore(self, snapshot: Snapshot) -> Observations:
        """Go on from a snapshot; see ``BatchEnv.restore``."""
        check_snapshot(snapshot, nested("belief", self._kept()), of=f"{self.id} with beliefs")
        observations = self.env.restore(part_of(snapshot, "world"))
        for name, array in part_of(snapshot, "belief").items():
            setattr(self, f"_{name}", array.copy())
        return self._shown(observations)

    def _kept(self) -> dict[str, Array]:
        return {name: getattr(self, f"_{name}").copy() for name in ("memory", "before", "belief")}

    def _followed(
        self, observations: Observations, who: Mask, begins: Mask | None = None
    ) -> Observations:
        """Let some agents (E, N) take in what they see now; return what is shown then."""
        seen = self._features.seen(observations[self._features.group.name])
        inputs = np.concatenate([seen, self._before], axis=2)
        if self._tape is not None:
            self._tape.write(inputs, who, begins, self._memory)
        belief, memory = self._network.follow(inputs[who], self._memory[who])
        self._belief = self._belief.copy()  # who was told the old one keeps it
        self._belief[who], self._memory[who] = belief, memory
        return self._shown(observations)

    def _shown(self, observations: Observations) -> Observations:
        self._seen = self._features.seen(observations[self._features.group.name])
        return {self._features.group.name: np.concatenate([self._seen, self._belief], axis=2)}
