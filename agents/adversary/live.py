"""A policy that goes on learning, for whoever attacks it, or acts against it, meanwhile."""

from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.batch_env import Actions, Array, Observations
from rallypoint.draws import Draws
from rallypoint.errors import NotOffered
from rallypoint.policies import Differentiable, Objective


class LivePolicy:
    """Acts as somebody has learned to act so far.

    A world under threats, or a view of one, is made before what learns in it; this is what it is
    told of that policy.
    """

    def __init__(self) -> None:
        """Act for nobody yet."""
        self._now: GradientPolicy | None = None

    @property
    def now(self) -> GradientPolicy:
        """The policy as it is.

        Raises:
            NotOffered: nobody has begun to learn.
        """
        if self._now is None:
            raise NotOffered("nobody learns this policy yet; make its Trainee first")
        return self._now

    def become(self, policy: GradientPolicy) -> None:
        """Act like another one from now on."""
        self._now = policy

    @property
    def reads(self) -> str:
        """How outputs are read; see ``rallypoint.policies.DifferentiablePolicy``."""
        return self.now.reads

    @property
    def runs(self) -> int:
        """How many runs are played side by side."""
        return self.now.runs

    def act(self, observations: Observations, draws: Draws) -> Actions:
        """Choose an action for every agent of the group."""
        return self.now.act(observations, draws)

    def outputs(self, observations: Observations) -> Array:
        """Return what the actor puts out."""
        return self.now.outputs(observations)

    def value_and_gradient(
        self, observations: Observations, objective: Objective
    ) -> tuple[Array, Observations]:
        """Follow an objective of the outputs back to what was seen."""
        return self.now.value_and_gradient(observations, objective)

    def critic(self) -> Differentiable:
        """Return what the critic says of what is seen."""
        return self.now.critic()
