"""Where a recording shows the sign that a threat waits for, by what its victims perceived."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete

from rallypoint.batch_env import Array, BatchEnv, Group, Mask
from rallypoint.safety.concerned import groups_concerned
from rallypoint.safety.recordings import Recording
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.backdoor.backdoor_action import BackdoorAction
from rallypoint.safety.threats.backdoor.poison_reward import PoisonReward
from rallypoint.safety.threats.perception.percept_map import PerceptMap

# Of the percepts (rows, n, …) of a group and their space: who perceives the sign, (rows, n).
Recognise = Callable[[Array, Any], Mask]


class Sign:
    """What a threat waits for, where a recording holds it: it acts nowhere else, and always there.

    Backdoors wait for numbers in what was perceived; a map of percepts for one that it changes, and
    that is the true one, if nobody else changes any. What a teammate carries is not looked for.
    """

    def __init__(self, recognise: Recognise, groups: Iterable[Group], *, is_true: bool) -> None:
        """Look for a sign in what some groups perceived, or in what was true there."""
        self._recognise, self._is_true = recognise, is_true
        self._spaces = {group.name: group.observation_space for group in groups}

    def seen(self, part: Recording) -> Mask:
        """Return who perceives it at each moment: (M, E, N)."""
        percepts = part.true_observations if self._is_true else part.observations
        found = []
        for name in part.columns:
            shown = percepts[name]
            seen = np.zeros(shown.shape[:3], dtype=bool)
            if name in self._spaces:
                rows = shown.reshape(-1, *shown.shape[2:])
                seen = self._recognise(rows, self._spaces[name]).reshape(seen.shape)
            found.append(seen)
        return np.concatenate(found, axis=2)


def sign_of(threat: Threat, env: BatchEnv, *, is_alone: bool) -> Sign | None:
    """Return what a threat waits for in a world; None: for nothing, or for what is not recorded.

    Args:
        threat: any.
        env: the world.
        is_alone: whether no other threat stands at its site.

    Raises:
        InvalidConfig: a map of other percepts than there are.
    """
    if isinstance(threat, BackdoorAction) or (
        isinstance(threat, PoisonReward) and threat.carrier is None
    ):
        groups = groups_concerned(threat, env)
        return Sign(lambda percepts, _: threat.is_seen(percepts), groups, is_true=False)
    if isinstance(threat, PerceptMap) and threat.of == "percept" and is_alone:
        groups = groups_concerned(threat, env)
        return Sign(partial(_changed, threat.fit(env)), groups, is_true=True)
    return None


def _changed(threat: PerceptMap, percepts: Array, space: Any) -> Mask:
    if not isinstance(space, Discrete):
        return np.zeros(percepts.shape[:2], dtype=bool)
    numbers = np.arange(int(space.n)) + int(space.start)  # a recording may hold any others
    return np.isin(percepts, numbers[threat.shown_for(numbers, space) != numbers])
