"""The attacks: what each is made of, and what attackers and judges learn for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rallypoint.agents.adversary.robust_sarsa import RobustSarsa
from rallypoint.agents.adversary.trainee import Trainee
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import BatchEnv
from rallypoint.safety.limits import Budget
from rallypoint.safety.perception.decoding import Decoder, Directs
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats import Threat, threats
from rallypoint.safety.threats.perception import By
from rallypoint.safety.threats.perception.pa_ad import climb_of

_CLIMBS = 3  # steps of PA-AD's climb
GRADIENT = ("fgsm", "pgd", "mad")  # look at one step, and at what is done in it
TRAJECTORY = ("learned_percept", "pa_ad")  # learned what comes of it in the end
JUDGED = ("critic", "robust_sarsa")  # look at one step, and at what a critic says comes of it
ATTACKS = ("random_percept", *GRADIENT, *JUDGED, *TRAJECTORY)


@dataclass(frozen=True)
class Attack:
    """One attack of a size, and, on a team, whom it lies to at a step."""

    kind: str
    epsilon: float
    shared: bool = False  # whether the team's lies of a step together are no larger
    at_most: int | None = None  # members of a team that are lied to at a step
    by: By = "order"  # which

    @property
    def name(self) -> str:
        """What it is called in tables."""
        more = "-shared" if self.shared else ""
        if self.at_most is not None:
            more += f"-{self.at_most}-by-{self.by}"
        return f"{self.kind}{more}-{self.epsilon:g}"


@dataclass(frozen=True)
class Attacked:
    """Agents, R of them side by side, and how attacks on them are made."""

    policy: GradientPolicy
    make: Callable[[int], BatchEnv]  # a world with so many copies of each agent
    seeds: Sequence[int]
    reach: Reach
    attacker: PpoLearner
    rounds: int  # of an attacker
    copies: int  # in which attackers and judges learn

    def threat(self, attack: Attack) -> Threat:
        """Return a threat, with whoever had to learn for it."""
        kind = attack.kind
        settings: dict[str, Any] = {"at_most": attack.at_most, "by": attack.by}
        if kind == "robust_sarsa":
            world = self.make(self.copies)
            settings["judge"] = RobustSarsa().judge(world, self.policy, self.reach, self.seeds)
        elif kind == "learned_percept":
            settings["attacker"] = self._trained(None)
        elif kind == "pa_ad":
            settings["attacker"] = self._trained(Directs(self.policy, climb_of(_CLIMBS)))
            settings["steps"] = _CLIMBS
        return threats[kind](budget=Budget(reach=self.reach), **settings)

    def _trained(self, decoder: Decoder | None) -> GradientPolicy:
        world = self.make(self.copies)
        view = adversary_view(world, self.policy, "perception", reach=self.reach, decoder=decoder)
        role = "pusher" if decoder is None else "director"
        trainee = Trainee(view, self.attacker, self.seeds, role=role)
        trainee.train(self.rounds)
        return trainee.policy()
