"""Whole episodes, step by step: what comes back, and what becomes of what was given."""

from typing import Any

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask, Observations
from rallypoint.envs.conformance.actor import Actor
from rallypoint.envs.conformance.faults import during, must_raise
from rallypoint.envs.conformance.global_generators import left_alone
from rallypoint.envs.conformance.lives import Lives
from rallypoint.envs.conformance.recording import named, told
from rallypoint.envs.conformance.shapes import check_observations, check_step
from rallypoint.envs.conformance.subject import Subject
from rallypoint.envs.conformance.witness import Witness, unchanged
from rallypoint.errors import EpisodeEnded, NotReset


def check(subject: Subject) -> None:
    """Play two episodes' worth of steps, with actions that may be written to and ones that may not.

    Raises:
        NotConformant: says which step, agent and value broke which promise.
    """
    with left_alone():
        env = subject.make(copies=3)
        other = subject.make(copies=3)
        other.reset(seed=0)
        actions = Actor(other).choose()
        must_raise(NotReset, "a step before the first reset", lambda: env.step(actions))
        must_raise(NotReset, "asking for the seed before the first reset", lambda: env.seed)
        walk = Walk(env)
        walk.begin(seed=0)
        walk.steps(subject.steps)
        walk.begin(read_only=True)
        walk.steps(subject.steps)


class Walk:
    """Plays a world and trusts it in nothing."""

    def __init__(self, env: BatchEnv) -> None:
        """Begin nothing yet."""
        self._env = env
        self._actor = Actor(env)
        self._lives = Lives(env)
        self._witness = Witness()
        self._read_only = False
        self._saw_end = False
        self._time = 0

    def begin(self, seed: int | None = None, *, read_only: bool = False) -> None:
        """Start an episode in all copies; read_only: from here on nothing given may be changed."""
        self._read_only = read_only
        self._reset(seed, None, f"reset(seed={seed})")

    def steps(self, times: int) -> None:
        """Move on, starting ended copies anew."""
        for _ in range(times):
            self._time += 1
            self._step(f"step {self._time}")

    def _step(self, now: str) -> None:
        actions = self._actor.choose()
        with during(now), unchanged(actions, now, read_only=self._read_only):
            step: Any = self._env.step(actions)
        check_step(self._env, step, now)
        check_observations(self._env, step.observations, self._lives.alive | step.alive, now)
        ended = step.ended
        if ended.any():
            self._probe_end(ended, now)
        self._lives.step(step)
        self._witness.check(now)
        self._witness.remember(told(step) | self._asked(), now)
        if ended.any():
            self._reset(None, ended, f"reset(mask=step.ended) after {now}")

    def _probe_end(self, ended: Mask, now: str) -> None:
        if not self._saw_end:
            self._saw_end = True
            row = np.flatnonzero(ended)[0]
            must_raise(
                EpisodeEnded,
                f"a step when row {row} has ended, at {now}, and was not reset",
                lambda: self._env.step(self._actor.choose()),
            )

    def _reset(self, seed: int | None, mask: Mask | None, now: str) -> None:
        given = {} if mask is None else {"mask": mask}
        with during(now), unchanged(given, now, read_only=self._read_only):
            observations: Observations = self._env.reset(seed=seed, **given)
        rows = np.ones(self._env.num_copies, dtype=bool) if mask is None else mask
        self._lives.begin(rows)
        check_observations(self._env, observations, self._lives.alive, now)
        self._witness.check(now)
        self._witness.remember(named(observations) | self._asked(), now)

    def _asked(self) -> dict[str, Array]:
        asked = {"env.alive": self._env.alive}
        return asked | ({"state()": self._env.state()} if "state" in self._env.offers else {})
