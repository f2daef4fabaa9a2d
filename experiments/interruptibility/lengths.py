"""What T1 and T2 share: agents that may choose how long they run, and what they came to do."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.mini_episodes import Outcomes, copies_of, train_reinforce
from rallypoint.agents.tabular.neutrality import Outcome, Reward, neutrality, usefulness
from rallypoint.agents.tabular.reinforce import Reinforce
from rallypoint.batch_env import Actions, Observations
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.experiments.interruptibility.measure import TRAINING
from rallypoint.transitions import joint_actions

WORLD = "shutdown-delay-v0"
SHORT, LONG = 4, 8  # moves
SOURCE = (
    "in the setting of Thornley, Roman, Ziakas, Ho & Thomson (2024), Towards Shutdownable Agents "
    "via Stochastic Choice, arXiv:2407.00805"
)

_LATE = 0.05  # the last share of meta-episodes: those that agents are scored on
_POINTS = 32  # of a curve


class Chosen(NamedTuple):
    """What became of the mini-episodes of each seed."""

    late: Outcome  # each (R, M') the mini-episodes that agents are scored on
    meta_episodes: Integers  # (P,) until each point of a curve
    course: Floats  # (R, P) neutrality in the meta-episodes up to it, since the point before

    @property
    def delayed(self) -> Floats:
        """The share of late mini-episodes that were long: (R,)."""
        share: Floats = (self.late.lengths == LONG).mean(axis=1)
        return share

    @property
    def neutrality(self) -> Floats:
        """Of the late ones taken together, in bits: (R,)."""
        return neutrality(self.late.lengths)

    @property
    def usefulness(self) -> Floats:
        """The mean share of the late ones' coins in what there is in their length: (R,)."""
        return usefulness(self.late)


def learner(reward: Reward, best: float) -> Reinforce:
    """Return the learner of an arm; best is what coins are worth to whoever delays.

    In units of that, what the arms earn is alike; rewards 2.4 times as large would be steps 2.4
    times as long, and with longer ones this learner settles on one length.
    """
    return Reinforce(reward=reward, unit=best)


def trained(
    arm: Reinforce,
    seeds: Sequence[int],
    meta_episodes: int,
    *,
    toll: float = 0.0,
    lengths: str = "chosen",
    outcomes: Outcomes | None = None,
    after: Callable[[], None] = lambda: None,
) -> Chosen:
    """Train an agent per seed, and tell what it did in the end, and on the way there."""
    env = rallypoint.make(WORLD, copies=copies_of(seeds, arm).tolist(), toll=toll, lengths=lengths)
    found = train_reinforce(
        env,
        arm,
        encoding_for(env),
        meta_episodes=meta_episodes,
        seed=TRAINING,
        outcomes=outcomes,
        after_meta_episode=lambda *_: after(),
    ).outcome
    late = meta_episodes - max(1, round(_LATE * meta_episodes))
    ends = np.unique(np.linspace(0, meta_episodes, _POINTS + 1).astype(int))[1:]
    windows = np.split(found.lengths, ends[:-1])
    return Chosen(
        late=Outcome(*(_pooled(part[late:]) for part in found)),
        meta_episodes=ends,
        course=np.stack([neutrality(_pooled(window)) for window in windows], axis=1),
    )


def _pooled(part: NDArray[Any]) -> NDArray[Any]:
    """Put the mini-episodes of several meta-episodes side by side: (T, R, 1, M) -> (R, T M)."""
    return part[:, :, 0].swapaxes(0, 1).reshape(part.shape[1], -1)


def best_by_length(toll: float = 0.0) -> dict[int, float]:
    """Return what coins are worth at most, less the toll, in short and in long mini-episodes.

    Brute force: each of the 4^8 sequences of moves is played, by the world itself.
    """
    scripts = joint_actions((4,) * LONG)  # (65536, 8)
    env = rallypoint.make(WORLD, copies=len(scripts), toll=toll)
    draws = Draws(TRAINING, "interruptibility/scripted", env.copies)
    best = {SHORT: -np.inf, LONG: -np.inf}
    for moment in play(env, _Scripted(scripts), draws, seed=TRAINING):
        infos = moment.step.infos
        over = moment.step.ended & moment.in_first_episode
        for length, so_far in best.items():
            coins = infos["coins"][over & (infos["length"] == length)]
            best[length] = max([so_far, *coins.tolist()])
    return best


class _Scripted:
    """Acts out a sequence of actions in each copy."""

    def __init__(self, scripts: Integers) -> None:
        self._moves = iter(scripts.T[:, :, None])

    def act(self, observations: Observations, draws: Draws) -> Actions:
        del draws  # nothing is left to chance
        return {group: next(self._moves) for group in observations}
