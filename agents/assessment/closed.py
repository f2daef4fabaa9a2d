"""One update of an algorithm of Stable-Baselines3, from copies of its state."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.type_aliases import ReplayBufferSamples, RolloutBufferSamples

from rallypoint.agents.assessment.minibatches import Experience
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.agents.sb3.training import Trained
from rallypoint.batch_env import Actions, Array, Mask, Observations
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig

_UPDATES = "_n_updates"  # by which TD3 tells when its policy is due
_NEED_MORE = ("MaskablePPO", "RecurrentPPO")  # masks, or what was remembered, with each step


class FrozenSb3:
    """An algorithm as it stands. It books the action that it proposed: SB3 knows no other.

    An off-policy one makes one gradient step from a replicate's steps, an on-policy one a single
    pass over them, with advantages of one step.
    """

    books = "proposed"

    def __init__(self, trained: Trained, probes: Array) -> None:
        """Freeze an algorithm.

        Args:
            trained: what ``train_sb3`` returned. It is left as it was found.
            probes: (P, …) observations at which outputs are looked at.

        Raises:
            InvalidConfig: it cannot learn from single steps.
        """
        self._policy = trained.policy
        self._model: Any = _fit(trained.model)  # most of what is used is of its kind only
        self._probes = probes
        space: Any = trained.policy.group.observation_space
        self._first_seen = getattr(space, "start", 0)
        self._parameters = copy.deepcopy(self._model.get_parameters())
        _, names = self._model._get_torch_save_params()  # noqa: SLF001 - SB3 has no other name for it
        self._loose = {name: getattr(self._model, name).detach().clone() for name in names}
        self._num_updates = int(getattr(self._model, _UPDATES, 0))

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose as the algorithm does while it learns."""
        actions = dict(self._policy.act(observations, draws))
        epsilon = getattr(self._model, "exploration_rate", 0.0)  # of DQN and its kin
        if epsilon:
            (name,) = actions
            space: Any = self._policy.group.action_space
            coins = draws.random(actions[name].shape[1:])
            explored = np.floor(coins / epsilon * space.n) + space.start
            actions[name] = np.where(coins < epsilon, explored, actions[name]).astype(space.dtype)
        return actions

    def keeps(self, experience: Experience) -> Mask:
        """Learn from every step, interrupted or not."""
        return np.ones(len(experience.rewards), dtype=bool)

    def changes(self, experience: Experience, num_replicates: int) -> Floats:
        """Return how outputs change by one update of each replicate: (R, k)."""
        found = []
        size = len(experience.rewards) // num_replicates
        with torch_threads(1), torch.random.fork_rng(devices=[]):
            before = self._outputs()
            for index in range(num_replicates):
                torch.manual_seed(index)  # of noise that an update draws, such as SAC's
                self._learn(experience.take(np.arange(index * size, (index + 1) * size)))
                found.append(self._outputs() - before)
                self._restore()
        return np.stack(found)

    def _learn(self, batch: Experience) -> None:
        model = self._model
        size = len(batch.rewards)
        if self._is_off_policy:
            model.replay_buffer = _Given(self._transitions(batch))
            model.train(gradient_steps=1, batch_size=size)
        else:
            rollout = self._rollout(batch)
            model.rollout_buffer = _Given(rollout, rollout.old_values, rollout.returns)
            model.train()

    def _transitions(self, batch: Experience) -> ReplayBufferSamples:
        """Put a replicate's steps as off-policy algorithms take them."""
        actions = self._actions(batch)
        if isinstance(self._model.action_space, Box):
            actions = self._model.policy.scale_action(actions)
        return ReplayBufferSamples(
            self._tensor(batch.seen - self._first_seen),
            torch.as_tensor(actions),
            self._tensor(batch.next_seen - self._first_seen),
            self._column(batch.terminated),
            self._column(batch.rewards),
        )

    def _rollout(self, batch: Experience) -> RolloutBufferSamples:
        """Put a replicate's steps as on-policy algorithms take them, each a rollout of its own."""
        network = self._model.policy
        seen = self._tensor(batch.seen - self._first_seen)
        actions = torch.as_tensor(self._actions(batch))
        with torch.no_grad():
            given = actions.long().flatten() if self._counts else actions
            values, log_odds, _ = network.evaluate_actions(seen, given)
            after = network.predict_values(self._tensor(batch.next_seen - self._first_seen))
        goes_on = ~torch.as_tensor(batch.terminated)
        rewards = torch.as_tensor(batch.rewards, dtype=torch.float32)
        values = values.flatten()
        returns = rewards + self._model.gamma * goes_on * after.flatten()
        return RolloutBufferSamples(seen, actions, values, log_odds, returns - values, returns)

    def _actions(self, batch: Experience) -> Array:
        """Return actions as SB3 counts them: (M, K)."""
        space: Any = self._policy.group.action_space
        first = getattr(space, "start", 0)
        actions: Array = (batch.actions - first).reshape(len(batch.actions), -1)
        return actions.astype(np.float32) if isinstance(space, Box) else actions

    @property
    def _is_off_policy(self) -> bool:
        return isinstance(self._model, OffPolicyAlgorithm)

    @property
    def _counts(self) -> bool:
        return isinstance(self._model.action_space, Discrete)

    def _tensor(self, seen: Array) -> torch.Tensor:
        tensor, _ = self._model.policy.obs_to_tensor(seen)
        assert isinstance(tensor, torch.Tensor), "worlds show arrays"
        return tensor

    @staticmethod
    def _column(numbers: Array) -> torch.Tensor:
        return torch.as_tensor(numbers.astype(np.float32)[:, None])

    def _restore(self) -> None:
        # Copies: an optimiser takes what it is given as its own, and moves it.
        self._model.set_parameters(copy.deepcopy(self._parameters), exact_match=True)
        for name, value in self._loose.items():
            getattr(self._model, name).data.copy_(value)
        setattr(self._model, _UPDATES, self._num_updates)

    def _outputs(self) -> Floats:
        """Return what the networks say of the probes: (k,)."""
        outputs = self._policy.outputs({self._policy.group.name: self._probes[None]})
        parts = [outputs.ravel()]
        network = self._model.policy
        seen = self._tensor(self._probes - self._first_seen)
        with torch.no_grad():
            if hasattr(network, "predict_values"):
                parts.append(network.predict_values(seen).numpy().ravel())
            if hasattr(network, "critic"):
                middle = torch.zeros(len(seen), *self._model.action_space.shape)
                said = network.critic(seen, middle)
                said = said if isinstance(said, tuple) else (said,)
                parts += [values.numpy().ravel() for values in said]
        return np.concatenate(parts).astype(np.float64)


class _Given:
    """Stands where SB3 looks for its buffer, and hands out one batch whole."""

    def __init__(
        self, batch: Any, values: torch.Tensor | None = None, returns: torch.Tensor | None = None
    ) -> None:
        self._batch = batch
        if values is not None and returns is not None:  # for what SB3 logs
            self.values, self.returns = values.numpy(), returns.numpy()

    def sample(self, batch_size: int, env: Any = None) -> Any:
        """Return the batch; an off-policy algorithm asks for it."""
        del batch_size, env
        return self._batch

    def get(self, batch_size: int | None = None) -> Iterator[Any]:
        """Yield the batch; an on-policy algorithm asks for all."""
        del batch_size
        yield self._batch


def _fit(trained: BaseAlgorithm) -> Any:
    """Return a copy of an algorithm that learns from one batch.

    Raises:
        InvalidConfig: it learns from more than that.
    """
    name = type(trained).__name__
    is_known = isinstance(trained, OnPolicyAlgorithm | OffPolicyAlgorithm)
    if not is_known or name in _NEED_MORE or hasattr(trained.policy, "lstm_actor"):
        raise InvalidConfig(
            f"{name} cannot be frozen for one update: it learns from whole returns, or from more "
            "than single steps; assess another algorithm, such as sb3:DQN or sb3:PPO"
        )
    model: Any = copy.copy(trained)
    model.set_logger(Logger(None, []))
    if hasattr(model, "n_epochs"):
        model.n_epochs = 1
    return model
