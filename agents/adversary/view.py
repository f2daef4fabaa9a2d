"""A world from the attackers' seats: whoever learns in it learns to harm a policy."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from rallypoint.agents.adversary.seats import Seat, seats_of
from rallypoint.batch_env import (
    Actions,
    Array,
    BatchEnv,
    Mask,
    Observations,
    Step,
    check_actions,
    refuse_ended,
)
from rallypoint.draws import Draws, Floats
from rallypoint.errors import InvalidConfig, NotReset, did_you_mean
from rallypoint.policies import Policy
from rallypoint.safety.perception.decoding import Decoder, Pushes
from rallypoint.safety.perception.ledger import Ledger
from rallypoint.safety.perception.reach import Reach

Place = Literal["perception", "teammate"]


def adversary_view(
    env: BatchEnv,
    policy: Policy,
    site: Place,
    *,
    victims: str | Sequence[str | int] = "all",
    reach: Reach | None = None,
    decoder: Decoder | None = None,
) -> BatchEnv:
    """Return a world whose agents are attackers, one for each victim, under the victim's name.

    At site "perception" an attacker sees what its victim would see in truth, and does what the
    decoder makes a lie of; the victim acts by the policy on that. At site "teammate" it sits in the
    victim's seat, and does what the victim would do. Everybody else acts by the policy. An attacker
    earns, while its seat is in the world, the negative sum of what all agents earn that are not
    attackers themselves.

    The policy is asked at every step: of one that goes on learning, the view follows what it
    learned. The limits of the reach are kept as the frame keeps them.

    Args:
        env: a world, threatened or not; attackers come on top of what goes on in it.
        policy: acts for all its agents.
        site: "perception" or "teammate".
        victims: who is attacked, or replaced: "all", or names and indices.
        reach: at site perception, how far lies may go.
        decoder: at site perception, what actions are; a push of each entry, if not given.

    Raises:
        InvalidConfig: no such site, nobody to attack, or a reach that the percepts do not have.
        UnknownName: a victim that is no agent.
    """
    if site not in get_args(Place):
        raise InvalidConfig(
            f"attackers sit at site perception or teammate, not {site!r}"
            f"{did_you_mean(site, get_args(Place))}"
        )
    if site == "teammate":
        if reach is not None or decoder is not None:
            raise InvalidConfig("a teammate acts, it shows nothing: no reach and no decoder")
        return TeammateView(env, policy, seats_of(env, victims))
    if reach is None or not reach.has_end:
        raise InvalidConfig("attackers of perception need a limit: give a reach, Reach(step=0.1)")
    return PerceptionView(env, policy, seats_of(env, victims), reach, decoder or Pushes())


class _View(BatchEnv):
    """What both views share."""

    def __init__(self, env: BatchEnv, policy: Policy, seats: tuple[Seat, ...]) -> None:
        self.env = env
        self.policy = policy
        self.id = env.id
        self.copies = env.copies
        self.time_limit = env.time_limit
        self.offers = env.offers & {"state"}
        self.render_mode = env.render_mode
        self.metadata = env.metadata
        self._seats = seats
        self._columns = np.concatenate([seat.columns for seat in seats])
        self._draws: Draws | None = None
        self._seen: Observations = {}
        self._ended: Mask = np.zeros(env.num_copies, dtype=bool)

    @property
    def seed(self) -> int:
        """The seed of the last seeded reset."""
        return self.env.seed

    @property
    def alive(self) -> Mask:
        """Which attackers have a victim, or a seat, in the world: (E, N)."""
        return self.env.alive[:, self._columns]

    def reset(self, seed: int | None = None, mask: Mask | None = None) -> Observations:
        """Start new episodes; see ``BatchEnv.reset``."""
        self._seen = self.env.reset(seed, mask)
        if seed is not None or self._draws is None:
            self._draws = Draws(self.env.seed, "adversary/others", self.copies)
        else:
            self._draws.begin_episode(mask)
        begin = getattr(self.policy, "begin_episode", lambda _: None)
        begin(mask)
        rows = np.ones(self.num_copies, dtype=bool) if mask is None else mask
        self._ended = self._ended & ~rows
        self._begun(rows)
        return self._shown()

    def step(self, actions: Actions) -> Step:
        """Let attackers attack, and everybody act on that; see ``BatchEnv.step``."""
        if self._draws is None:
            raise NotReset(f"{self.id} must be reset before its first step")
        if self._ended.any():
            refuse_ended(self.id, self._ended)
        check_actions(self.groups, self.num_copies, actions)
        present = self.alive
        step = self.env.step(self._attacked(actions, self._draws))
        self._seen = step.observations
        honest = step.infos.get("true_rewards", step.rewards)
        harm = -(honest * self._counts).sum(axis=1, keepdims=True)
        found = Step(
            self._shown(),
            np.where(present, harm, 0.0),
            step.terminated[:, self._columns],
            step.truncated[:, self._columns],
            step.alive[:, self._columns],
            step.infos | {"honest_rewards": honest},
        )
        self._ended = found.ended
        return found

    def close(self) -> None:
        """Close the world inside."""
        self.env.close()

    def render(self, copy: int = 0) -> Any:
        """Draw one copy."""
        return self.env.render(copy)

    def state(self) -> Array:
        """Everything that is true of each copy: (E, …)."""
        if "state" not in self.offers:
            self._refuse("state")
        return self.env.state()

    @property
    @abstractmethod
    def _counts(self) -> Floats:
        """Whose rewards attackers work against: (N,) 1 or 0."""

    def _begun(self, rows: Mask) -> None:
        """Note that episodes have begun."""

    @abstractmethod
    def _attacked(self, actions: Actions, draws: Draws) -> Actions:
        """Return what everybody does."""

    def _shown(self) -> Observations:
        return {
            seat.group.name: self._seen[seat.group.name][:, seat.places] for seat in self._seats
        }


class TeammateView(_View):
    """Attackers in the seats of some agents."""

    def __init__(self, env: BatchEnv, policy: Policy, seats: tuple[Seat, ...]) -> None:
        """Put attackers in seats.

        Raises:
            InvalidConfig: nobody is left to be harmed.
        """
        super().__init__(env, policy, seats)
        if len(self._columns) == env.num_agents:
            raise InvalidConfig(
                "where every seat is an attacker's there is nobody to harm; name some victims"
            )
        self.groups = tuple(seat.group for seat in seats)
        self.noop = env.noop
        honest = np.ones(env.num_agents)
        honest[self._columns] = 0
        self._honest = honest

    @property
    def _counts(self) -> Floats:
        return self._honest

    def _attacked(self, actions: Actions, draws: Draws) -> Actions:
        chosen = dict(self.policy.act(self._seen, draws))
        for seat in self._seats:
            name = seat.group.name
            whole = np.array(chosen[name])
            whole[:, seat.places] = actions[name]
            chosen[name] = whole
        return chosen


class PerceptionView(_View):
    """Attackers between the world and the eyes of their victims."""

    def __init__(
        self,
        env: BatchEnv,
        policy: Policy,
        seats: tuple[Seat, ...],
        reach: Reach,
        decoder: Decoder,
    ) -> None:
        """Put attackers before eyes.

        Raises:
            InvalidConfig: what is seen cannot be measured so; says what else to do.
        """
        super().__init__(env, policy, seats)
        whole = [group for group in env.groups if group.name in {s.group.name for s in seats}]
        shape = (env.num_copies, env.num_agents)
        self.reach = reach
        self._decoder = decoder
        self._ledger = Ledger(reach, shape, whole, "adversary_view")
        self.groups = tuple(
            seat.group._replace(action_space=decoder.space(self._ledger.measures[seat.group.name]))
            for seat in seats
        )
        self._everybody = np.ones(env.num_agents)

    @property
    def _counts(self) -> Floats:
        return self._everybody

    def _begun(self, rows: Mask) -> None:
        self._ledger.begin(rows)

    def _attacked(self, actions: Actions, draws: Draws) -> Actions:
        shown = dict(self._seen)
        self._ledger.open(slice(None))
        alive = self.env.alive
        for seat in self._seats:
            name = seat.group.name
            measure = self._ledger.measures[name]
            truths = self._seen[name]
            where = np.zeros(truths.shape[:2], dtype=bool)
            where[:, seat.places] = alive[:, seat.columns]
            rooms = self._ledger.rooms(slice(None), seat.span.columns, where)
            lies = truths.copy()
            lies[:, seat.places] = self._decoder.lies(
                actions[name], truths[:, seat.places], rooms[:, seat.places], measure
            )
            shown[name] = self._ledger.settle(slice(None), seat.span, where, lies, truths)
        return self.policy.act(shown, draws)
