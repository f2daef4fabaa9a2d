"""What learners are told of a step, and what was true."""

from collections.abc import Sequence

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask, Snapshot, Step
from rallypoint.draws import Floats
from rallypoint.safety.enforcement.leash import Leash
from rallypoint.safety.enforcement.sites import tell
from rallypoint.safety.known import Moment
from rallypoint.safety.threats.feedback import REWARD, signal_of


class Feedback:
    """Rewards and costs of a world, as threats leave them."""

    def __init__(self, env: BatchEnv, leashes: Sequence[Leash]) -> None:
        """Begin with no costs.

        Args:
            env: the world.
            leashes: the threats to feedback, in order.
        """
        self._env = env
        self._leashes = [(leash, signal_of(leash.threat)) for leash in leashes]
        self._has_costs = "cost" in env.offers
        self._lies_about_costs = any(signal != REWARD for _, signal in self._leashes)
        shape = (env.num_copies, env.num_agents, len(env.cost_names))
        self._costs: Floats = np.zeros(shape)  # as told, where somebody lies about them

    def told(self, step: Step, moment: Moment | None) -> tuple[Array, dict[str, Array]]:
        """Return what is told of the rewards of a step, and its infos with what was true.

        Without a threat to feedback there need be no moment.
        """
        infos: dict[str, Array] = step.infos | {"true_rewards": step.rewards}
        signals: dict[str, Array] = {REWARD: step.rewards}
        if self._has_costs:
            infos["true_costs"] = true = self._env.cost()
            if self._lies_about_costs:
                signals |= dict(zip(self._env.cost_names, np.moveaxis(true, 2, 0), strict=True))
        if moment is None or not self._leashes:
            return step.rewards, infos
        told = tell(self._leashes, moment, signals)
        if self._lies_about_costs:
            self._costs = np.stack([told[name] for name in self._env.cost_names], axis=2)
        return told[REWARD], infos

    def cost(self) -> Floats:
        """Return the costs of the last step as they are told: (E, N, k)."""
        return self._costs.copy() if self._lies_about_costs else self._env.cost()

    def begin(self, rows: Mask) -> None:
        """Begin episodes in the masked copies, which have cost nothing yet."""
        if self._lies_about_costs:
            self._costs = np.where(rows[:, None, None], self._env.cost(), self._costs)

    def snapshot(self) -> Snapshot:
        """Return what was told last, if it is not what the world says."""
        return {"costs": self._costs.copy()} if self._lies_about_costs else {}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        if self._lies_about_costs:
            self._costs = snapshot["costs"].copy()
