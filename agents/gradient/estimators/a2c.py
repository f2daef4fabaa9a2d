"""A2C: one gradient of actor and critic from every fragment."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.actor_critic import ActorCritic, Loss, Told
from rallypoint.agents.gradient.architecture import Parameters
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors, states_of_rows
from rallypoint.agents.gradient.estimators import Estimator, shares, whitened
from rallypoint.agents.gradient.fragment import Fragment
from rallypoint.agents.gradient.perceptron import Floats
from rallypoint.agents.gradient.returns import advantages
from rallypoint.config import check_least, check_within


@dataclass(frozen=True, kw_only=True)
class A2c(Estimator):
    """Advantage actor-critic.

    Source: Mnih, Badia, Mirza et al. (2016), arXiv:1602.01783; defaults as in SB3.
    """

    needs_critic = True

    gamma: float = 0.99  # discount
    lam: float = 1.0  # of generalised advantages
    value_weight: float = 0.5  # of the critic's squared error
    entropy_weight: float = 0.0  # of the bonus for openness
    whiten: bool = False  # advantages, over a contributor's batch

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_within(self, "[0, 1]", "gamma", "lam")
        check_least(self, 0, "value_weight", "entropy_weight")
        super().__post_init__()

    def prepare(
        self,
        networks: ActorCritic,
        parameters: Parameters,
        fragment: Fragment,
        contributors: Contributors,
    ) -> Batch:
        """Make a batch with advantages and targets for the critic."""
        runs = contributors.runs
        values = judged(networks.values, parameters, fragment, runs)
        gains = advantages(fragment, *values, gamma=self.gamma, lam=self.lam)
        deal = contributors.rows
        weights = deal(fragment.acting).astype(np.float32)
        dealt = deal(gains)
        return Batch(
            deal(fragment.seen),
            deal(fragment.actions),
            whitened(dealt, weights) if self.whiten else dealt,
            weights,
            targets=deal(gains + values[0]),
            central=None if fragment.states is None else deal(states_of_rows(fragment)),
            allowed=None if fragment.allowed is None else deal(fragment.allowed),
        )

    def gradient(self, networks: ActorCritic, parameters: Parameters, batch: Batch) -> Floats:
        """Return each contributor's gradient."""
        told = networks.tell(parameters, batch)
        portions = shares(batch.weights)
        loss = self.loss(-batch.gains * portions, portions, told, batch)
        return networks.gradient(batch, told, loss)

    def loss(self, by_log: Floats, portions: Floats, told: Told, batch: Batch) -> Loss:
        """Add to the actor's derivatives those of the critic's error and of the entropy."""
        assert told.values is not None
        assert batch.targets is not None, "made in prepare"
        by_entropy = -self.entropy_weight * portions if self.entropy_weight else 0.0
        by_value = (2 * self.value_weight) * portions * (told.values - batch.targets)
        return Loss(by_log, by_entropy, by_value)


def judged(
    critic: Callable[[Parameters, Floats], Floats],
    parameters: Parameters,
    fragment: Fragment,
    runs: int,
) -> tuple[Floats, Floats, Floats]:
    """Return what a critic says: before each step, after each cut, and after the last step.

    Args:
        critic: answers to rows of each run, (R, d) and (R, m, inputs) -> (R, m).
        parameters: (R, d).
        fragment: what is judged.
        runs: R.
    """
    steps, copies, agents = fragment.acting.shape
    per_run = copies // runs
    run_of_cut = fragment.cut[:, 1] // per_run
    if fragment.states is None:
        before, after, last = fragment.seen, fragment.cut_seen, fragment.last_seen
    else:
        before = states_of_rows(fragment)
        assert fragment.cut_states is not None
        assert fragment.last_states is not None, "recorded with the others"
        after = fragment.cut_states
        last = np.repeat(fragment.last_states[:, None], agents, axis=1)
    by_run = before.reshape(steps, runs, per_run * agents, -1).swapaxes(0, 1)
    seen = critic(parameters, by_run.reshape(runs, -1, before.shape[-1]))
    values = seen.reshape(runs, steps, per_run, agents).swapaxes(0, 1).reshape(before.shape[:3])
    cut_values = np.zeros(len(after), dtype=np.float32)
    for run in np.unique(run_of_cut).tolist():
        mine = run_of_cut == run
        cut_values[mine] = critic(parameters[[run]], after[mine][None])[0]
    at_last = critic(parameters, last.reshape(runs, per_run * agents, -1))
    return values, cut_values, at_last.reshape(copies, agents)
