"""Three ways to learn the game by policy gradients, and one to play it with a memory.

All have a softmax of logits for each state, and start anywhere but there.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rallypoint.agents.gradient.optimisers import Adam, Moments
from rallypoint.draws import Draws, Floats, stream
from rallypoint.experiments.toy_game.config import ToyGameConfig
from rallypoint.experiments.toy_game.exact import worst_partner
from rallypoint.experiments.toy_game.playing import Table

_START = 1.0  # standard deviation of logits at first: at 0 all toss coins, which guarantees most


def independent(config: ToyGameConfig, seeds: Sequence[int]) -> Iterator[Floats]:
    """Both agents follow what they earn; yield their laws (R, 2, S, A) after each round."""
    table = Table(seeds, config.episodes, "toy-game/independent")
    climber = _Climber(config, seeds, "independent", (2, *_sizes(table)))
    for _ in range(config.rounds):
        laws = softmax(climber.logits)
        played = table.play(table.each(laws[None]))
        climber.climb([table.ascent(played, laws[:, agent], agent) for agent in (0, 1)])
        yield softmax(climber.logits)


def robust(config: ToyGameConfig, seeds: Sequence[int]) -> Iterator[Floats]:
    """The first agent follows what the worst partner leaves it; yield its law (R, S, A).

    The partner is found anew in each round, exactly, and the step falls: a gradient of the lower
    envelope, which has kinks where the worst partner changes.
    """
    table = Table(seeds, config.episodes, "toy-game/robust")
    logits = _first_logits(seeds, "robust", _sizes(table))
    for number in range(config.rounds):
        law = softmax(logits)
        worst = worst_partner(table.model, law, horizon=table.horizon).law
        laws = np.stack(np.broadcast_arrays(law, worst), axis=2)  # (T, R, 2, S, A)
        found = table.ascent(table.play(table.each(laws)), law, 0)
        logits = logits + config.robust_rate / (1 + number) ** 0.5 * found
        yield softmax(logits)


def with_learned_adversary(
    config: ToyGameConfig, seeds: Sequence[int], share: float
) -> Iterator[Floats]:
    """Both learn together, and in a share of episodes an adversary stands in for the second.

    It learns, too, to the first agent's loss. Yield the laws (R, 2, S, A) of the two.
    """
    table = Table(seeds, config.episodes, f"toy-game/adversary-{share:g}")
    climber = _Climber(config, seeds, "adversary", (3, *_sizes(table)))
    types = Draws(0, f"toy-game/type-{share:g}", table.world.copies)
    for number in range(config.rounds):
        laws = softmax(climber.logits)
        of_each = table.each(laws[None])  # (1, E, 3, S, A)
        types.begin_episode(episode=number)
        adverse = types.random() < share
        partner = np.where(adverse[:, None, None], of_each[:, :, 2], of_each[:, :, 1])
        played = table.play(np.stack([of_each[:, :, 0], partner], axis=2))
        own = table.ascent(played, laws[:, 0], 0)
        kind, foe = (
            table.ascent(played, laws[:, number], 1, of=whose)
            for number, whose in ((1, ~adverse), (2, adverse))
        )
        climber.climb([own, kind, -foe])
        yield softmax(climber.logits[:, :2])


class _Climber:
    """Logits (R, K, S, A) of K laws in each run, which Adam moves up their gradients."""

    def __init__(
        self, config: ToyGameConfig, seeds: Sequence[int], who: str, shape: tuple[int, ...]
    ) -> None:
        self._adam, self._rate = Adam(), config.rate
        self.logits = _first_logits(seeds, who, shape)
        self._moments: Moments = self._adam.init(self._flat(self.logits))
        self._time = 0

    def climb(self, gradients: list[Floats]) -> None:
        """Take a step along one gradient (R, S, A) for each law."""
        downwards = self._flat(-np.stack(gradients, axis=1))
        moved = self._adam.step(
            self._flat(self.logits), downwards, self._moments, self._rate, self._time
        )
        self.logits = moved.parameters.reshape(self.logits.shape).astype(np.float64)
        self._moments = moved.moments
        self._time += 1

    @staticmethod
    def _flat(logits: Floats) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return logits.reshape(len(logits), -1).astype(np.float32)


def softmax(logits: Floats) -> Floats:
    """Return the law of logits (…, A)."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    law: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return law


def likeliest(laws: Floats) -> Floats:
    """Return the laws that always take the likeliest action."""
    greedy: Floats = np.eye(laws.shape[-1])[laws.argmax(axis=-1)]
    return greedy


def _first_logits(seeds: Sequence[int], who: str, shape: tuple[int, ...]) -> Floats:
    return np.stack(
        [_START * stream(seed, "toy-game/start", who).standard_normal(shape) for seed in seeds]
    )


def _sizes(table: Table) -> tuple[int, int]:
    return table.model.num_states, table.model.num_actions[0]
