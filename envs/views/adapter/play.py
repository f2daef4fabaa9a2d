"""One copy of somebody's environment: who is in it, and whether its dicts tell one story."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from rallypoint.batch_env import Array
from rallypoint.envs.views.adapter.groups import Name, Seating, same
from rallypoint.errors import NotConformant

_NUMBERS = {float, int, np.float64, np.float32}
_FLAGS = {bool, np.bool_}
_DICTS = ("observations", "rewards", "terminated", "truncated")


class Told(NamedTuple):
    """What one step brought about, by place on the agent axis."""

    observations: Mapping[Name, Any]
    rewards: list[float]  # (N,)
    terminated: list[int]
    truncated: list[int]
    infos: Mapping[Name, Any]


class Play:
    """Moves one environment, and books who comes and goes.

    The usual step, on which everybody acts and nobody comes or goes, costs a few comparisons of
    dicts; whatever else happens is looked at one by one.
    """

    def __init__(self, env: Any, seating: Seating, id: str, copy: int) -> None:
        """Take over an environment, before its first reset.

        Raises:
            NotConformant: its agents or spaces are not those of the others.
        """
        self.env = env
        self._id = id
        self._copy = copy
        self._seating = seating
        self._seats = seating.seats
        self._own = {name: seating.spaces[seat.group] for name, seat in self._seats.items()}
        self._time = 0
        self._gone: set[Name] = set()
        self._enter([], [])
        self.check_spaces()

    def check_spaces(self) -> None:
        """Look whether everybody's spaces are still what they were.

        Raises:
            NotConformant: they are not; says whose.
        """
        possible = getattr(self.env, "possible_agents", None)
        if not isinstance(possible, list | tuple) or set(possible) != set(self._seats):
            self._fail(f"possible_agents became {possible!r}; they are fixed")
        for name, spaces in self._own.items():
            now = (self.env.observation_space(name), self.env.action_space(name))
            if now[0] is spaces[0] and now[1] is spaces[1]:
                continue
            if not same(now, spaces):
                self.refuse(name, f"has spaces {now}, and had {spaces}; spaces must not change")
            self._own[name] = now

    def reset(self, seed: int) -> tuple[Mapping[Name, Any], Mapping[Name, Any]]:
        """Begin an episode; return observations and infos.

        Raises:
            NotConformant: says what the environment should have returned.
        """
        self._time = 0
        self._gone = set()
        told = self.env.reset(seed=seed)
        if not isinstance(told, tuple) or len(told) != 2 or not isinstance(told[0], Mapping):
            self._fail(f"reset() must return (observations, infos), two dicts, not {_short(told)}")
        self.check_spaces()
        names = self._agents_now()
        if not names:
            self._fail(
                "nobody is in env.agents after reset(): there would be no step, and late arrivals "
                "need somebody to arrive at"
            )
        for name in names:
            if name not in told[0]:
                self.refuse(name, "has no observation after reset()")
        self._enter(names, names)
        self.changed = True
        return told[0], _mapping(told[1])

    def step(self, actions: Sequence[Any]) -> Told:
        """Move on, given actions by place.

        Raises:
            NotConformant: what came back is not what PettingZoo promises; says whose, and why.
        """
        self._time += 1
        acting = self._acts
        try:
            told = self.env.step({name: actions[place] for name, place in acting.items()})
        except Exception as error:
            error.add_note(self._own_fault())
            raise
        if not isinstance(told, tuple) or len(told) != 5:
            self._fail(
                "step() must return (observations, rewards, terminated, truncated, infos), "
                f"not {_short(told)}"
            )
        observations, rewards, terminated, truncated, infos = told
        self._check_dicts(told)
        earned = self._earned(rewards)  # by those who acted, which changes below
        over = self._flagged("terminated", terminated), self._flagged("truncated", truncated)
        self.changed = self._stale
        if over[0] or over[1] or self.env.agents != self.present or self._others_told:
            self._account(observations, rewards, over[0] | over[1])
        elif self._stale:  # those whose part ended in the step before have seen their last
            self._enter(self.present, self.present)
        return Told(
            observations,
            earned,
            [self._seats[name].place for name in over[0]],
            # The end of the task is the stronger word: nothing follows that a limit could cut.
            [self._seats[name].place for name in over[1] - over[0]],
            _mapping(infos),
        )

    def state(self) -> Array:
        """Return what the environment says its state is."""
        try:
            state: Array = self.env.state()
        except Exception as error:
            error.add_note(self._own_fault())
            raise
        return state

    def refuse(self, name: Name, what: str) -> NoReturn:
        """Name an agent, step and copy, and what is wrong.

        Raises:
            NotConformant: always.
        """
        self._fail(f"{name} {what}")

    def _check_dicts(self, told: Sequence[Any]) -> None:
        """Everybody who acted is in each dict, and everybody in them is known."""
        acting = self._acts.keys()
        self._others_told = False
        for what, values in zip(_DICTS, told, strict=False):
            try:
                if [*values] == self.present or values.keys() == acting:
                    continue
            except (AttributeError, TypeError):
                self._fail(f"step() returned {_short(values)} for {what}; they are dicts by agent")
            for name in acting:
                if name not in values:
                    self.refuse(
                        name,
                        f"acted and has no entry in {what}; whoever acts gets an observation, a "
                        "reward and both flags in the same step",
                    )
            for name in values:
                self._must_be_known(name, what)
            self._others_told = True

    def _flagged(self, what: str, flags: Mapping[Name, Any]) -> set[Name]:
        """Return those who acted and have the flag."""
        if not {*map(type, flags.values())} <= _FLAGS:
            name = next(name for name, flag in flags.items() if type(flag) not in _FLAGS)
            self.refuse(name, f"is {what}: {flags[name]!r}; a flag is True or False")
        if True not in flags.values():
            return set()
        return {name for name in self._acts if flags[name]}

    def _earned(self, rewards: Mapping[Name, Any]) -> list[float]:
        acting = self._acts
        if self._in_order:
            earned = [rewards[name] for name in acting]
        else:
            earned = [0.0] * len(self._seats)
            for name, place in acting.items():
                earned[place] = rewards[name]
        if not {*map(type, earned)} <= _NUMBERS:
            for name, place in acting.items():
                earned[place] = self._number(name, rewards[name])
        return earned

    def _number(self, name: Name, reward: Any) -> float:
        number = np.asarray(reward)
        if number.shape != () or number.dtype.kind not in "biuf" or np.ma.is_masked(reward):
            self.refuse(name, f"earns {_short(reward)}; a reward is one number")
        return float(number)

    def _account(
        self, observations: Mapping[Name, Any], rewards: Mapping[Name, Any], over: set[Name]
    ) -> None:
        """Book who left and who arrived."""
        acted = list(self._acts)
        now = self._agents_now()
        if len(over) == len(acted) and all(name in over for name in now):
            now = []  # some environments clear their list of agents only when they are reset
        for name in now:
            if name in over:
                self.refuse(
                    name,
                    "was terminated or truncated in this step and is still in env.agents, where "
                    "others go on; whose part is over leaves the list",
                )
            if name in self._gone:
                self.refuse(name, "is back in env.agents though its part was over; nobody returns")
            if name not in observations:
                self.refuse(name, "arrives without an observation")
        for name in acted:
            if name not in over and name not in now:
                self.refuse(
                    name,
                    "is not in env.agents any more and was neither terminated nor truncated; a "
                    "learner could not tell whether anything would have followed",
                )
        for name in rewards:
            if name not in self._acts and rewards[name] != 0:
                self.refuse(name, f"did not act and earns {rewards[name]}; only who acts earns")
        self._gone |= over
        self._enter(now, [*acted, *(name for name in now if name not in self._acts)])
        self.changed = self._stale = True

    def _agents_now(self) -> list[Name]:
        names = getattr(self.env, "agents", None)
        if not isinstance(names, list | tuple):
            self._fail(f"env.agents must be the list of those who act next, and is {names!r}")
        for name in names:
            self._must_be_known(name, "env.agents")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            self.refuse(twice, "is in env.agents twice")
        return list(names)

    def _must_be_known(self, name: Name, where: str) -> None:
        if name not in self._seats:
            self._fail(
                f"{name!r} is in {where} and not in possible_agents; whoever may ever arrive has "
                "to be there from the start"
            )

    def _enter(self, present: list[Name], shown: list[Name]) -> None:
        self._stale = False
        self.present: list[Name] = present  # who acts next, a copy: env.agents may change in place
        self._acts: dict[Name, int] = {name: self._seats[name].place for name in present}
        self.places = list(self._acts.values())
        self._in_order = self.places == [*range(len(self._seats))]
        # Who sees something now, (slot, name) by group: who acted, and who has arrived.
        self.shown = self._by_group(shown)
        self.acting = self._by_group(present)

    def _by_group(self, names: list[Name]) -> list[list[tuple[int, Name]]]:
        found: list[list[tuple[int, Name]]] = [[] for _ in self._seating.groups]
        for name in names:
            seat = self._seats[name]
            found[seat.group].append((seat.slot, name))
        return found

    def _fail(self, what: str) -> NoReturn:
        raise NotConformant(f"{self._id}, {self._when()}: {what}")

    def _own_fault(self) -> str:
        return f"raised by the environment itself: {self._id}, {self._when()}"

    def _when(self) -> str:
        return f"{f'step {self._time}' if self._time else 'the reset'} of copy {self._copy}"


def _short(value: Any) -> str:
    return f"the {type(value).__name__} {value!r:.100}"


def _mapping(infos: Any) -> Mapping[Name, Any]:
    # Only masks are read from infos, so nothing else depends on what they are.
    return infos if isinstance(infos, Mapping) else {}
