"""The person who interrupts: what an interruption threat does, fitted to one world."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rallypoint.batch_env import Array, BatchEnv, Mask
from rallypoint.draws import Draws, Floats, Integers
from rallypoint.errors import InvalidConfig
from rallypoint.safety.cells import gathered, replaced, spread
from rallypoint.safety.enforcement.ballot import covered
from rallypoint.safety.interruption.human_log import Script, read_log
from rallypoint.safety.interruption.initiation import ALWAYS, Initiation, Trigger, trigger_of
from rallypoint.safety.interruption.sequences import Theta, ThetaSequence, counted, theta_of
from rallypoint.safety.interruption.takeover import Takes, takeover_of
from rallypoint.safety.known import Known, sealed
from rallypoint.safety.limits import as_victims
from rallypoint.safety.threats import Proposal, State

if TYPE_CHECKING:
    from rallypoint.safety.threats.interruption import Interruption


class Fires(NamedTuple):
    """What comes of initiation, theta and coins at one step, victims aside."""

    where: Mask  # (e, n)
    odds: Floats  # (e, n)
    has_action: Mask | None = None  # (e, n) whose action a log gives
    actions: Array | None = None  # (e, n, …) these


class Operator:
    """Acts for an interruption in one world; all it remembers is the threat's state."""

    def __init__(self, threat: "Interruption", env: BatchEnv) -> None:
        """Read files and look names up.

        Raises:
            InvalidConfig, UnknownName, UnreadableFile: what cannot be meant in this world.
        """
        self._threat = threat
        covers = covered(as_victims(threat.victims), env.agents)
        self._script: Script | None = None
        initiation, theta, policy = threat.parts
        if isinstance(initiation, Initiation) and initiation.log is not None:
            self._script = Script(read_log(initiation.log), env, initiation.log)
            _refuse_strangers(self._script, covers, env)
        self._trigger: Trigger = trigger_of(initiation, env)
        self._takes: Takes = takeover_of(policy, env, covers)
        self.theta: Theta = theta_of(theta, num_agents=env.num_agents)
        self._is_even = initiation == ALWAYS and not isinstance(theta, ThetaSequence)
        self._even: Floats = np.zeros((0, 0))  # these odds, once they are known to be the same

    def act(self, state: State, known: Known, draws: Draws) -> tuple[Proposal, State]:
        """Say whom to interrupt now, and what they do instead."""
        fires, after = self._fires(state, known, draws)
        where, odds = fires.where, fires.odds
        if self._threat.resume_after:
            going_on = state["left"] > 0
            where, odds = where | going_on, np.where(going_on, 1.0, odds)
        where = known.afford(where)
        if self._threat.resume_after:
            anew = where & fires.where
            left = np.maximum(state["left"] - 1, 0)
            after["left"] = np.where(anew, self._threat.resume_after, left)
        values = self._takes(known, where, draws)
        if fires.actions is not None and fires.has_action is not None:
            logged, actions = gathered(fires.has_action, where), gathered(fires.actions, where)
            [values] = replaced(values[None], logged[None], actions[None])
        return Proposal(where, values, odds), after

    def _fires(self, state: State, known: Known, draws: Draws) -> tuple[Fires, State]:
        after = dict(state)
        if self._script is not None:
            found = self._script.find(known.copies, state["turns"], known.time, known.columns)
            odds = found.logged.astype(np.float64)
            return Fires(found.logged, odds, found.has_action, found.actions), after
        odds = self._odds(state, after, known)
        if self._threat.draw == "episode":
            return Fires(state["coin"] < odds, odds), after
        if not self._threat.shared:
            cells = known.opportunities
            if self._is_even and odds.size:
                fallen = draws.coins(odds[0, 0], cells)
            else:
                fallen = draws.at(cells) < gathered(odds, cells)
            return Fires(spread(fallen, cells), odds), after
        return Fires(draws.random()[:, None] < odds, odds), after

    def _odds(self, state: State, after: State, known: Known) -> Floats:
        """Return how likely each is interrupted: (e, n)."""
        if not self._is_even:
            odds: Floats = self._theta_now(state, after, known)[:, None] * self._trigger(known)
            return odds
        if self._even.shape != known.opportunities.shape:
            theta = self._theta_now(state, after, known)[:, None]
            self._even = sealed(theta * np.ones(known.opportunities.shape))
        return self._even

    def _theta_now(self, state: State, after: State, known: Known) -> Floats:
        """Return theta (e,), counting what it depends on."""
        theta = self._threat.theta
        counts: Integers = known.time
        if isinstance(theta, ThetaSequence):
            if theta.by_visits:
                keys, visits = state["keys"], state["visits"]
                after["keys"], after["visits"], counts = counted(keys, visits, known.true_state)
            elif self._threat.draw == "episode":
                counts = state["turns"] + 1
            else:
                counts = after["turns"] = state["turns"] + 1
        return self.theta(counts)


def _refuse_strangers(script: Script, covers: frozenset[str], env: BatchEnv) -> None:
    logged = {env.agents[index] for index in script.agents}
    if covers and (strangers := sorted(logged - covers)):
        raise InvalidConfig(
            f"the log interrupts {strangers[0]}, who is none of the victims; name all of the log, "
            'or say victims = "all"'
        )
