"""Learning a policy and beliefs together: the policy acts on beliefs, and they follow the policy.

A belief holds for the policy that acted while it was learned. Learned together, it is always about
the policy as it is; and the policy learns what a belief is worth while it comes to be worth
something.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rallypoint.agents.belief.features import Features
from rallypoint.agents.belief.network import BeliefNetwork
from rallypoint.agents.belief.tape import Tape
from rallypoint.agents.belief.training import BeliefLearner, BeliefPace, check_believable
from rallypoint.agents.belief.world import Believing
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import LEARNERS, GradientLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.reports import Report
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.trained import server_of_one
from rallypoint.batch_env import BatchEnv, Mask, Snapshot
from rallypoint.config import from_dict
from rallypoint.draws import Draws, stream
from rallypoint.errors import InvalidConfig, UnknownName, did_you_mean
from rallypoint.safety.enforcement.nested import nested, part_of
from rallypoint.safety.frame import Threatened
from rallypoint.wrapper import BatchWrapper


class Round(NamedTuple):
    """What a round brought."""

    report: Report  # of the policy
    lost: float  # of beliefs before they moved: nats per step and teammate


class SoundLearning:
    """A policy shared by a team, learned from what those of it live who are not hostile.

    What a hostile agent does is not the policy's doing, and what it lives nobody's to learn from;
    so in the losses of Li et al. (2024), arXiv:2305.12872, who is of another type counts for
    nothing.
    """

    def __init__(
        self,
        env: BatchEnv,
        *,
        seed: int,
        agent: str = "ppo",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the parts together; nothing is played yet.

        Args:
            env: a world under threats to actions, or one around it that shows more.
            seed: of world, policy and weights.
            agent: a learner of contributors, by its name.
            settings: the learner's own.

        Raises:
            InvalidConfig: a world in which nobody can be hostile, or that cannot be learned in.
            UnknownName: no such learner; names the nearest.
        """
        if agent not in LEARNERS:
            hint = did_you_mean(agent, LEARNERS)
            raise UnknownName(f"no learner of gradients is called {agent!r}{hint}")
        learner: GradientLearner = from_dict(LEARNERS[agent], settings or {}, where=agent)
        rollout = _OfTheSound(env, frame_of(env), Draws(seed, "belief/act", env.copies), learner)
        networks = learner.architecture(rollout.group)
        start = networks.initial(stream(seed, "belief/policy-start"), scheme=learner.initial)
        server = server_of_one(learner, networks, start, seed)
        self.rounds = Rounds(
            rollout,
            networks,
            learner,
            Contributors(count=1),
            server,
            steps=learner.steps,
            seeds=[seed],
            contribution=learner.contribution,
        )
        self._group = rollout.group

    @property
    def policy(self) -> GradientPolicy:
        """The policy as it is now; it is not changed any more."""
        rounds = self.rounds
        return GradientPolicy(rounds.architecture, rounds.weights[0], self._group)

    def train_round(self, *, done: float = 0.0) -> Report:
        """Play one fragment, and learn from it; done is the share of the training that is over.

        Raises:
            Diverged: parameters are not finite any more.
        """
        self.rounds.server.share = done
        return self.rounds.train_round()


class BelievingTogether:
    """A policy that acts on beliefs, and the network that forms them, learned together.

    Both learn from the same fragments, on two time scales: the policy takes a round's careful
    steps, and beliefs then as many fast ones as they are given.

    Source: in the setting of Li et al. (2024), "Byzantine Robust Cooperative Multi-Agent
    Reinforcement Learning as a Bayesian Game" (EIR-MAPPO), ICLR, arXiv:2305.12872. There the
    adversary is a policy that learns, too; here types are those that the world's threats draw.
    """

    def __init__(
        self,
        env: BatchEnv,
        *,
        seed: int,
        agent: str = "ppo",
        settings: Mapping[str, Any] | None = None,
        pace: BeliefPace | None = None,
    ) -> None:
        """Put the parts together; nothing is played yet.

        Args:
            env: a world under threats to actions, or one around it that shows more.
            seed: of world, policy, beliefs and weights.
            agent: a learner of contributors, by its name.
            settings: the learner's own.
            pace: how fast beliefs learn. With no passes, they stay what they are at first, which
                tells what a memory alone is worth.

        Raises:
            InvalidConfig: a world in which nobody can be hostile, or that cannot be learned in.
            UnknownName: no such learner; names the nearest.
        """
        pace = BeliefPace() if pace is None else pace
        size = Features.of(env).size
        self.network = BeliefNetwork(size, env.num_agents, hidden=pace.hidden, seed=seed)
        self._learner = BeliefLearner(self.network, pace)
        self._tape = Tape(frame_of(env))
        world = Believing(env, self.network, tape=self._tape)
        self._policy = SoundLearning(world, seed=seed, agent=agent, settings=settings)

    @property
    def policy(self) -> GradientPolicy:
        """The policy as it is now, for a world that shows beliefs: ``Believing``."""
        return self._policy.policy

    def train_round(self, *, done: float = 0.0) -> Round:
        """Play one fragment, and let the policy learn from it, and then beliefs.

        Args:
            done: the share of the training that is over, for a learning rate that falls.

        Raises:
            Diverged: parameters are not finite any more.
        """
        report = self._policy.train_round(done=done)
        return Round(report, self._learner.learn(self._tape.take()))

    def snapshot(self) -> Snapshot:
        """Return everything needed to go on from here, bit for bit."""
        rounds = nested("rounds", self._policy.rounds.snapshot())
        return rounds | nested("belief", self._learner.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a learning that was put together alike."""
        self._policy.rounds.restore(part_of(snapshot, "rounds"))
        self._learner.restore(part_of(snapshot, "belief"))


class _OfTheSound(Rollout):
    """Plays a group, and hands on what those lived who are not hostile."""

    def __init__(
        self, env: BatchEnv, frame: Threatened, draws: Draws, learner: GradientLearner
    ) -> None:
        super().__init__(env, draws, central=learner.central_critic)
        self._frame = frame

    def _acting(self) -> Mask:
        acting: Mask = super()._acting() & ~self._frame.hostile
        return acting


def frame_of(env: BatchEnv) -> Threatened:
    """Return the frame of threats within a world, which knows who is hostile.

    Raises:
        InvalidConfig: there is none, or nobody can be hostile.
    """
    inner = env
    while not isinstance(inner, Threatened):
        if not isinstance(inner, BatchWrapper):
            raise InvalidConfig(
                f"beliefs are about who is hostile, and {env.id} is under no threats: put it into "
                "rallypoint.safety.frame.Threatened, with one_of or another threat to actions"
            )
        inner = inner.env
    check_believable(inner)
    return inner
