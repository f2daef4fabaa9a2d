"""Plays episodes, and keeps what there is to see of each of their steps."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.agents.episodes import play
from rallypoint.batch_env import Actions, Array, Group, Mask, Observations, Step
from rallypoint.draws import Draws
from rallypoint.envs.drawing.canvas import Frame
from rallypoint.experiments.show.sights import Sight
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.wrapper import BatchWrapper

# What a threat does to those it touches, by where it stands. Who crashed stays so: that is asked of
# the frame, not counted.
MARK_BY_SITE = {
    "interruption": "interrupted",
    "observation": "deceived",
    "action": "altered",
    "feedback": "misinformed",
}


class Scene(NamedTuple):
    """What there is to see after a step, or before the first."""

    episode: int  # counted from 0
    step: int
    picture: Frame | None  # the world's own, if it draws any
    text: str  # what the world says of itself, if it draws none
    alive: Mask  # (N,)
    there: Mask  # (N,) who is alive, or acted in this step, be it their last
    marks: Mapping[str, Mask]  # name -> (N,), of this step
    rewards: NDArray[np.float64]  # (N,) earned in this step, whatever is told
    returns: NDArray[np.float64]  # (N,) earned in this episode so far
    proposed: Mapping[str, Array] | None  # group -> (n, …); None before the first step
    executed: Mapping[str, Array] | None
    true: Mapping[str, Array]  # group -> (n, …) what would be seen if nobody deceived anybody
    seen: Mapping[str, Array]
    is_last: bool  # of its episode


class Cast(NamedTuple):
    """What stays the same in all scenes."""

    title: str
    subtitle: str
    groups: tuple[Group, ...]
    time_limit: int | None
    num_episodes: int
    marks: tuple[str, ...]  # that can be met under these threats

    @property
    def num_agents(self) -> int:
        """N."""
        return sum(len(group.agents) for group in self.groups)


class Watched(BatchWrapper):
    """A world of one copy, of which every reset and every step leaves a scene."""

    env: Threatened

    def __init__(self, env: Threatened, sight: Sight) -> None:
        """Watch a world under threats, or under none."""
        super().__init__(env)
        self.marks = marks_of(env)
        self._sight = sight
        self._episode = -1
        self._counts = {site: np.zeros(env.num_agents, dtype=np.int64) for site in MARK_BY_SITE}
        self._kept: list[Scene] = []

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start an episode; see ``BatchEnv.reset``."""
        observations = self.env.reset(seed, mask)
        self._episode += 1
        self._step = 0
        self._returns = np.zeros(self.num_agents)
        self._acting = self.env.alive[0].copy()
        self._over = np.zeros(self.num_agents, dtype=bool)  # whose part has ended
        self._keep(observations, self._acting, np.zeros(self.num_agents), None, is_last=False)
        return observations

    def step(self, actions: Actions) -> Step:
        """Move on by a step; see ``BatchEnv.step``."""
        step = self.env.step(actions)
        self._step += 1
        acted = self._acting
        earned = np.where(acted, step.infos["true_rewards"][0], 0.0)
        self._returns = self._returns + earned
        self._over = self._over | (step.terminated | step.truncated)[0]
        self._acting = step.alive[0] & ~self._over
        self._keep(step.observations, acted, earned, step.infos, is_last=bool(step.ended[0]))
        return step

    def taken(self) -> list[Scene]:
        """Hand over the scenes that were kept since the last call."""
        taken, self._kept = self._kept, []
        return taken

    def _keep(
        self,
        observations: Observations,
        acted: Mask,
        earned: NDArray[np.float64],
        infos: Mapping[str, Array] | None,
        *,
        is_last: bool,
    ) -> None:
        happened = self._happened()
        marks = {name: happened[name] for name in self.marks}
        picture, text = self._sight.look(marks)
        names = [group.name for group in self.groups]
        true = self.env.true_observations
        done = [
            {name: infos[f"{what}/{name}"][0].copy() for name in names} if infos else None
            for what in ("proposed", "executed")
        ]
        self._kept.append(
            Scene(
                episode=self._episode,
                step=self._step,
                picture=picture,
                text=text,
                alive=self.env.alive[0].copy(),
                there=self.env.alive[0] | acted,
                marks=marks,
                rewards=earned,
                returns=self._returns,
                proposed=done[0],
                executed=done[1],
                true={name: np.array(true[name][0]) for name in names},
                seen={name: np.array(observations[name][0]) for name in names},
                is_last=is_last,
            )
        )

    def _happened(self) -> dict[str, Mask]:
        """Return whom each mark applies to, by what receipts count more than at the last scene."""
        marks = {"crashed": self.env.crashed[0].copy(), "byzantine": self.env.byzantine[0].copy()}
        counts = {site: np.zeros(self.num_agents, dtype=np.int64) for site in MARK_BY_SITE}
        for receipt in self.env.receipts():
            if receipt.site in counts:
                told = [receipt.applications.get(agent, 0) for agent in self.agents]
                counts[receipt.site] += np.array(told)
        for site, mark in MARK_BY_SITE.items():
            marks[mark] = counts[site] > self._counts[site]
        self._counts = counts
        return marks


def marks_of(env: Threatened) -> tuple[str, ...]:
    """Name what can be met under a world's threats: states first, then what happens."""
    sites = {threat.site for threat in env.model.threats}
    states = [("crashed", "presence" in sites), ("byzantine", env.model.byzantine is not None)]
    happens = [(mark, site in sites) for site, mark in MARK_BY_SITE.items()]
    return tuple(mark for mark, is_met in [*states, *happens] if is_met)


def scenes(
    watched: Watched, policy: Policy, *, seed: int, episodes: int, most_steps: int
) -> Iterator[Scene]:
    """Play episodes, and yield the start and each step of each; a long one is cut short."""
    draws = Draws(seed, "show/policy", watched.copies)
    for episode in range(episodes):
        for moment in play(watched, policy, draws, seed=None if episode else seed):
            is_cut = moment.time + 1 >= most_steps
            for scene in watched.taken():
                yield scene._replace(is_last=scene.is_last or (is_cut and scene.step > 0))
            if is_cut:
                break
