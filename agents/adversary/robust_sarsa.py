"""What the actions of a fixed policy are worth, learned so that it hardly depends on small lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rallypoint.agents.gradient.architecture import Architecture, Parameters
from rallypoint.agents.gradient.following import Followed
from rallypoint.agents.gradient.optimisers import Adam
from rallypoint.agents.gradient.perceptron import Floats, Perceptron
from rallypoint.batch_env import Array, BatchEnv, Group, Observations
from rallypoint.config import Config, check_within
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig
from rallypoint.policies import Policy
from rallypoint.safety.perception.ledger import Measure
from rallypoint.safety.perception.reach import Reach


@dataclass(frozen=True, kw_only=True)
class RobustSarsa(Config):
    """Sarsa(lambda) of a fixed policy, with a price on values that change within reach.

    The loss of a row is ``(Q(s, a) - target)^2 + penalty * max |Q(s~, a) - Q(s, a)|^2`` over lies
    s~ within reach, the inner maximum by one step along the sign of the gradient.

    Source: the robust Sarsa attack of Zhang et al. (2020), arXiv:2003.08938, whose inner
    maximum is an interval bound. What actions are worth that the policy never takes is learned from
    a share of random ones.
    """

    units: tuple[int, ...] = (64, 64)
    gamma: float = 0.99
    lam: float = 0.9
    penalty: float = 0.1
    explored: float = 0.2  # share of random actions
    rounds: int = 20
    steps: int = 128  # of a fragment, in each copy
    epochs: int = 2  # over each fragment
    minibatch: int = 128  # rows, in each run
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says which.
        """
        check_within(self, "[0, 1]", "gamma", "lam", "explored")
        if self.penalty < 0:
            raise InvalidConfig(f"penalty is a weight >= 0, got {self.penalty}")
        if min(self.rounds, self.steps, self.epochs, self.minibatch) < 1:
            raise InvalidConfig("rounds, steps, epochs and minibatch are numbers >= 1")

    def judge(self, env: BatchEnv, policy: Policy, reach: Reach, seeds: Sequence[int]) -> "Judge":
        """Learn what the policy's actions are worth, for R runs side by side.

        The members of a team have one judge: each row is of one of them, and worth what that one
        earns by itself.

        Args:
            env: a world with one group, not threatened; its copies are R equal blocks, as the
                policy's.
            policy: that will be attacked.
            reach: of the lies.
            seeds: of the runs.

        Raises:
            InvalidConfig: several groups, or actions that are not one of a few.
        """
        (group, *others) = env.groups
        if others or not hasattr(group.action_space, "n"):
            raise InvalidConfig(
                "robust Sarsa learns the worth of one group's actions, one of a few; "
                "learned_percept attacks several groups, and actions that are numbers"
            )
        inputs = int(np.prod(group.observation_space.shape or (1,)))
        made = Architecture(
            inputs=inputs,
            outputs=int(group.action_space.n),
            kind="categorical",
            policy=self.units,
            value=None,
        )
        start = np.stack([made.initial(stream(seed, "adversary/judge")) for seed in seeds])
        learning = _Learning(self, made, start, Measure(reach, group, "robust Sarsa"))
        walk = _Walk(env, policy, group, self.explored)
        for number in range(self.rounds):
            learning.learn(walk.fragment(self.steps), seeds, number)
        return Judge(made, learning.parameters, group)


class Judge(Followed):
    """Tells what each action is worth: (E, n, K)."""

    def __init__(self, made: Architecture, parameters: Parameters, group: Group) -> None:
        """Judge by these parameters: (R, d)."""
        super().__init__(made.actor, made.activation, parameters, group)


@dataclass(frozen=True)
class _Fragment:
    """T steps of L lives: the agents of all copies, copy by copy."""

    seen: Floats  # (T + 1, L, inputs)
    actions: Array  # (T + 1, L)
    rewards: Array  # (T, L)
    acting: Array  # (T, L) who was there; the other rows mean nothing
    terminated: Array  # (T, L)
    cut: Array  # (T, L) the next row is of another episode, and this one is worth no target


class _Walk:
    """Plays the policy, with a share of random actions."""

    def __init__(self, env: BatchEnv, policy: Policy, group: Group, explored: float) -> None:
        self._env, self._policy, self._group, self._explored = env, policy, group, explored
        self._draws = Draws(0, "adversary/judge/act", env.copies)
        self._seen = self._observed(env.reset(0))
        self._actions = self._chosen()

    def fragment(self, steps: int) -> _Fragment:
        """Play so many steps."""
        seen, actions, rewards, acting, terminated, cut = [], [], [], [], [], []
        for _ in range(steps):
            seen.append(self._flat())
            actions.append(self._actions.reshape(-1))
            there = self._env.alive
            step = self._env.step({self._group.name: self._actions})
            ended = step.ended
            # Whoever is gone without having been truncated was removed: an end for good.
            over = there & (step.terminated | ~step.alive & ~step.truncated)
            rewards.append(step.rewards.reshape(-1))
            acting.append(there.reshape(-1))
            terminated.append(over.reshape(-1))
            cut.append((there & ended[:, None] & ~over).reshape(-1))
            self._seen = self._observed(step.observations)
            if ended.any():
                self._seen = self._observed(self._env.reset(mask=ended))
                self._draws.begin_episode(ended)
            self._actions = self._chosen()
        seen.append(self._flat())
        actions.append(self._actions.reshape(-1))
        return _Fragment(*map(np.stack, (seen, actions, rewards, acting, terminated, cut)))

    def _observed(self, observations: Observations) -> Array:
        return observations[self._group.name]

    def _flat(self) -> Floats:
        lives = self._seen.shape[0] * self._seen.shape[1]
        flat: Floats = self._seen.reshape(lives, -1).astype(np.float32)
        return flat

    def _chosen(self) -> Array:
        numbers = self._draws.random((len(self._group.agents), 2))
        chosen = self._policy.act({self._group.name: self._seen}, self._draws)
        own: Array = chosen[self._group.name]
        anything = (numbers[..., 1] * int(self._group.action_space.n)).astype(own.dtype)  # type: ignore[attr-defined]  # Discrete
        return np.where(numbers[..., 0] < self._explored, anything, own)


class _Learning:
    """The networks of R runs, and how they learn."""

    def __init__(
        self, settings: RobustSarsa, made: Architecture, start: Parameters, measure: Measure
    ) -> None:
        self.parameters = start
        self._settings = settings
        self._made = made
        self._network = Perceptron(made.actor, made.activation)
        self._optimiser = Adam()
        self._moments = self._optimiser.init(start)
        self._time = 0
        step = measure.reach.step
        far = measure.units * (0.0 if step is None else step)
        shape = measure.group.observation_space.shape or (1,)
        self._far = np.broadcast_to(far, shape).reshape(-1).astype(np.float32)

    def learn(self, fragment: _Fragment, seeds: Sequence[int], number: int) -> None:
        """Take all minibatches of a fragment."""
        runs = len(seeds)
        targets, counts = self._targets(fragment, runs)
        steps, lives = targets.shape
        rows = steps * lives // runs
        seen = _by_run(fragment.seen[:-1], runs)  # (R, rows, inputs)
        actions = _by_run(fragment.actions[:-1], runs)
        wanted, weights = _by_run(targets, runs), _by_run(counts, runs)
        acting = _by_run(fragment.acting, runs).astype(np.float32)
        size = min(self._settings.minibatch, rows)
        draws = Draws(0, "adversary/judge/shuffle", list(seeds), index=number)
        for _ in range(self._settings.epochs):
            order = draws.random((rows,)).argsort(axis=1, kind="stable")
            for first in range(0, rows - size + 1, size):
                at = order[:, first : first + size]
                self._step(
                    np.take_along_axis(seen, at[..., None], axis=1),
                    np.take_along_axis(actions, at, axis=1),
                    np.take_along_axis(wanted, at, axis=1),
                    np.take_along_axis(weights, at, axis=1),
                    acting=np.take_along_axis(acting, at, axis=1),
                )

    def _values(self, seen: Floats) -> Floats:
        """Return what each action is worth: (R, rows, inputs) -> (R, rows, K)."""
        return self._network.forward(self.parameters, seen[:, None])[:, 0].copy()

    def _targets(self, fragment: _Fragment, runs: int) -> tuple[Floats, Floats]:
        """Return what each step turned out to be worth (T, L), and whether that is known."""
        gamma, lam = self._settings.gamma, self._settings.lam
        steps, lives = fragment.rewards.shape
        worths = self._values(_by_run(fragment.seen, runs))
        worths = worths.reshape(runs, steps + 1, lives // runs, -1)
        worths = np.moveaxis(worths, 0, 1).reshape(steps + 1, lives, -1)
        taken = np.take_along_axis(worths, fragment.actions[..., None], axis=2)[..., 0]
        found = np.zeros((steps, lives), dtype=np.float32)
        after = taken[-1]
        for time in range(steps - 1, -1, -1):
            to_come = (1 - lam) * taken[time + 1] + lam * after
            found[time] = fragment.rewards[time] + gamma * np.where(
                fragment.terminated[time], 0.0, to_come
            )
            # Where an episode was cut, what comes next belongs to another one.
            after = np.where(fragment.cut[time], taken[time], found[time])
        return found, (fragment.acting & ~fragment.cut).astype(np.float32)

    def _step(
        self, seen: Floats, actions: Array, wanted: Floats, weights: Floats, *, acting: Floats
    ) -> None:
        rows = seen.shape[1]
        here = (*np.indices(actions.shape), actions)
        worths = self._values(seen)
        slopes = np.zeros_like(worths)
        slopes[here] = 2 * weights * (worths[here] - wanted) / rows
        gradient = self._backward(seen, slopes)
        if self._settings.penalty:
            ones = np.zeros_like(worths)
            ones[here] = 1
            self._values(seen)
            uphill = self._network.follow(ones[:, None])[:, 0]
            shown = (seen + self._far * np.sign(uphill)).astype(np.float32)
            there = self._values(shown)
            change = there[here] - worths[here]
            slopes = np.zeros_like(worths)
            slopes[here] = 2 * self._settings.penalty * acting * change / rows
            gradient += self._backward(shown, slopes) - self._backward(seen, slopes)
        rate = self._settings.learning_rate
        moved = self._optimiser.step(self.parameters, gradient, self._moments, rate, self._time)
        self.parameters, self._moments = moved
        self._time += 1

    def _backward(self, seen: Floats, slopes: Floats) -> Floats:
        self._values(seen)
        found = np.zeros((len(seen), 1, self._made.size), dtype=np.float32)
        self._network.backward(slopes[:, None], found)
        return found[:, 0]


def _by_run(rows: Array, runs: int) -> Array:
    """Put each run's rows together: (T, L, …) -> (R, T L / R, …)."""
    steps, lives = rows.shape[:2]
    split = rows.reshape(steps, runs, lives // runs, *rows.shape[2:])
    return np.moveaxis(split, 1, 0).reshape(runs, -1, *rows.shape[2:])
