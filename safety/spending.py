"""How much is spent of budgets, moment by moment, by who is touched when in a recording."""

import numpy as np

from rallypoint.batch_env import Mask
from rallypoint.safety.recordings import Recording


class Spending:
    """Keeps account of touches in every copy, episode by episode."""

    def __init__(self, num_copies: int, num_agents: int) -> None:
        """Begin with nothing spent."""
        self._spent = np.zeros((num_copies, num_agents), dtype=np.int64)  # in episodes under way
        self.touches = 0  # of an agent, at a step
        self.steps = 0  # of any copy, at which somebody is touched
        self.most_steps = 0  # on one agent in an episode
        self.most_agents = 0  # in an episode
        self.first_step: int | None = None  # since the reset, at which anybody is touched
        self.last_step: int | None = None

    def add(self, part: Recording, touched: Mask, *, at_moments: bool) -> None:
        """Go on with the next part of a recording.

        Args:
            part: of the recording.
            touched: at its moments (M, E, N), or at its steps (K, E, N).
            at_moments: which of these.
        """
        at = slice(None) if at_moments else part.chosen_at
        somewhere = touched.any(axis=2)
        self.touches += int(np.count_nonzero(touched))
        self.steps += int(np.count_nonzero(somewhere))
        then = part.time[at][somewhere]
        if len(then):
            first, last = int(then.min()), int(then.max())
            self.first_step = first if self.first_step is None else min(first, self.first_step)
            self.last_step = last if self.last_step is None else max(last, self.last_step)
        moments = touched
        if not at_moments:  # as if all moments were steps
            moments = np.zeros_like(part.alive)
            moments[part.chosen_at] = touched
        for began, now in zip(part.began, moments, strict=True):
            self._spent[began] = 0
            self._spent += now
            agents = int(np.count_nonzero(self._spent, axis=1).max(initial=0))
            self.most_agents = max(self.most_agents, agents)
            self.most_steps = max(self.most_steps, int(self._spent.max(initial=0)))
