"""Agents that are trained to stand attacks on what they see, each in a way of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from rallypoint.agents.adversary.trainee import Trainee
from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.gradient.learners import PpoLearner, SaPpoLearner
from rallypoint.agents.live import LivePolicy
from rallypoint.batch_env import BatchEnv
from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Budget
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.observation_noise import ObservationNoise
from rallypoint.safety.threats.perception.learned_percept import LearnedPercept
from rallypoint.safety.threats.perception.pgd import Pgd
from rallypoint.safety.threats.perception.smoothed_pgd import SmoothedPgd

Way = Literal["plain", "noise", "pgd", "smooth_adv", "sa_ppo", "atla"]
WAYS: tuple[Way, ...] = get_args(Way)
Make = Callable[[], BatchEnv]


@dataclass(frozen=True, kw_only=True)
class Training(Config):
    """How an agent is trained to stand lies within a reach.

    - ``plain``: not at all.
    - ``noise``: it sees everything with Gaussian noise of ``sigma`` added.
    - ``pgd``: it is attacked while it learns, by PGD on what it has learned so far.
    - ``smooth_adv``: both at once: attacked by PGD on itself under noise, then seen under noise
      (Salman et al., 2019, arXiv:1906.04584, with the logarithm outside of the mean).
    - ``sa_ppo``: with a price on actions that change (Zhang et al., 2020, arXiv:2003.08938).
    - ``atla``: against an attacker that learns, too, in turns (Zhang et al., 2021,
      arXiv:2101.08452). Turns are equally long, so rounds that leave a rest are rounded up: 60 in 8
      turns are 64.
    """

    way: Way = "plain"
    reach: Reach = field(default_factory=lambda: Reach(step=0.1))
    learner: PpoLearner = field(default_factory=PpoLearner)
    rounds: int = 40
    turns: int = 8  # atla: into which the rounds are cut, as many rounds to each
    attacker_rounds: int = 5  # atla: of the attacker, in each turn
    attacker_rate: float = 3e-3  # atla: its learning rate
    sigma: float = 0.1  # noise, smooth_adv: standard deviation, in the units of the reach
    samples: int = 4  # smooth_adv: of noise, in the attack
    kappa: float = 1.0  # sa_ppo: price of a change

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidConfig: says what must hold.
        """
        check_least(self, 1, "rounds", "turns", "attacker_rounds", "samples")
        if not 0 < self.sigma < float("inf"):
            raise InvalidConfig(f"sigma is a finite standard deviation > 0, got {self.sigma}")
        if not 0 <= self.kappa < float("inf"):
            raise InvalidConfig(f"kappa is a finite price >= 0, got {self.kappa}")
        if isinstance(self.reach.scale, str) or self.reach.neighbours is not None:
            raise InvalidConfig(
                "an agent is trained within a reach whose scale is numbers, the unit of each entry"
            )
        if self.way == "sa_ppo" and (self.reach.norm != "linf" or self.reach.step is None):
            raise InvalidConfig(
                "sa_ppo puts a price on what changes within l_inf of one step: give a reach with "
                f"norm = linf and a step, got {self.reach}; pgd and atla train within any"
            )

    def train(self, make: Make, seeds: Sequence[int]) -> Trainee:
        """Train one agent for each seed, side by side.

        Args:
            make: makes the world, with copies as ``copies_of`` numbers them.
            seeds: of the trainings.
        """
        live = LivePolicy()
        if self.way == "atla":
            return self._in_turns(make, seeds, live)
        threats = self._threats()
        world = make()
        env = Threatened(world, threats, policy=live) if threats else world
        trainee = Trainee(env, self._learner(), seeds, live=live)
        trainee.train(self.rounds)
        return trainee

    def _learner(self) -> PpoLearner | SaPpoLearner:
        if self.way != "sa_ppo":
            return self.learner
        given = {f.name: getattr(self.learner, f.name) for f in fields(self.learner)}
        near: Any = self.reach.step
        return SaPpoLearner(**given, kappa=self.kappa, near=float(near), units=self._units)

    def _threats(self) -> list[Threat]:
        budget = Budget(reach=self.reach)
        scale = tuple(self.sigma * unit for unit in self._units)
        noise = ObservationNoise(scale=scale if len(scale) > 1 else scale[0])
        match self.way:
            case "noise":
                return [noise]
            case "pgd":
                return [Pgd(budget=budget, steps=5)]
            case "smooth_adv":
                settings: Any = {"sigma": self.sigma, "samples": self.samples}
                attack = SmoothedPgd(budget=budget, steps=3, **settings)
                return [attack, noise]
        return []

    def _in_turns(self, make: Make, seeds: Sequence[int], live: LivePolicy) -> Trainee:
        given = {f.name: getattr(self.learner, f.name) for f in fields(self.learner)}
        learner = PpoLearner(**{**given, "learning_rate": self.attacker_rate})
        view = adversary_view(make(), live, "perception", reach=self.reach)
        other = Trainee(view, learner, seeds, role="attacker")
        attack = LearnedPercept(budget=Budget(reach=self.reach), attacker=other.live)
        agent = Trainee(Threatened(make(), attack), self.learner, seeds, live=live)
        each = -(-self.rounds // self.turns)
        for _ in range(self.turns):
            agent.train(each)
            other.train(self.attacker_rounds)
        return agent

    @property
    def _units(self) -> tuple[float, ...]:
        given: Any = self.reach.scale
        return tuple(given) if isinstance(given, tuple) else (float(given),)
