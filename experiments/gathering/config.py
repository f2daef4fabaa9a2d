"""What is run: the sizes, lengths and rates of the gathering experiment."""

from dataclasses import dataclass

from rallypoint.agents.tabular import TracedQLearning
from rallypoint.config import Config, check_least
from rallypoint.errors import InvalidConfig
from rallypoint.safety.limits import Share


@dataclass(frozen=True, kw_only=True)
class GatheringConfig(Config):
    """One setting of the experiment; the defaults are those its claims are made for."""

    num_agents: int = 10  # N in training, G1, G2 and G4
    cells: int = 13  # L of the ring
    cycles: int = 1000  # training episodes of 5 L steps; 500 is the least that learns reliably
    crowd: int = 100  # N in training and loss, G3
    loss: float = 0.9  # share of the crowd that is lost
    loss_steps: tuple[int, ...] = (0, 5, 20)  # a group stands at step 9: only 0 and 5 are hard
    carried_up: tuple[int, ...] = (20, 50, 100)  # populations the tables of N agents are given to
    carried_down: tuple[int, ...] = (5, 3)  # and here smaller ones, where this is known to fail
    test_cycles: int = 200  # per seed and condition
    uniform_starts: int = 1000  # per seed, G2: a greedy team fails from a few in a thousand
    test_epsilon: float = 0.02  # exploration at test: the greedy policy has limit cycles
    candidates: int = 200  # starts among which the worst is searched
    candidate_runs: int = 8  # runs of each
    alpha: float = 0.1  # step size of the learner
    epsilon: float = 0.1  # exploration while learning
    gamma: float = 0.95  # discount and trace decay

    def __post_init__(self) -> None:
        """Refuse a setting that cannot be run."""
        check_least(self, 1, "num_agents", "cycles", "crowd", "test_cycles")
        check_least(self, 1, "uniform_starts", "candidates", "candidate_runs")
        check_least(self, 3, "cells")
        if not 0 < self.loss < 1 or not 0 < Share(fraction=self.loss).of(self.crowd) < self.crowd:
            raise InvalidConfig(
                f"loss must take somebody of {self.crowd} and leave somebody, got {self.loss}"
            )
        if not 0 <= self.test_epsilon <= 1:
            raise InvalidConfig(f"test_epsilon is a probability, got {self.test_epsilon}")
        self._check_lists()
        self.learner()

    def _check_lists(self) -> None:
        horizon = 5 * self.cells
        if any(not 0 <= step < horizon for step in self.loss_steps):
            raise InvalidConfig(f"loss_steps lie in 0..{horizon - 1}, got {self.loss_steps}")
        for name in ("carried_up", "carried_down", "loss_steps"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise InvalidConfig(f"{name} has a value twice: {getattr(self, name)}")
        sizes = (*self.carried_up, *self.carried_down)
        if any(size < 1 for size in sizes) or len(set(sizes)) < len(sizes):
            raise InvalidConfig(
                f"carried_up and carried_down are different numbers of agents >= 1, got {sizes}"
            )

    def learner(self) -> TracedQLearning:
        """How each agent learns."""
        return TracedQLearning(alpha=self.alpha, epsilon=self.epsilon, gamma=self.gamma)
