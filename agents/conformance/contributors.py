"""Learners of contributors on trial: rounds of three, and what each of them computes."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rallypoint.agents.conformance.signs import AGENTS, NUM_SIGNS, Signs, Variant
from rallypoint.agents.conformance.subject import PLAIN, Subject, Trained, actions_of
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.fragment import Fragment, Rollout
from rallypoint.agents.gradient.perceptron import Floats as Singles
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.draws import Draws, Floats, stream
from rallypoint.errors import NotConformant
from rallypoint.safety.aggregation import Aggregator

_COUNT = 3  # contributors
_OWN = 4  # copies of each, where the learner does not say how many
_MOST_STEPS = 16  # of a fragment: four episodes
_CLOSE = 1e-4  # of the largest entry: what sums in another order may differ by
_RUNS = (3, 4)


class OfContributors(Subject):
    """A ``GradientLearner``: runs side by side, each with contributors of its own."""

    @property
    def usual(self) -> int:
        """Rounds in which there are as many updates whether or not each has several epochs."""
        return max(6, 48 // getattr(self.learner, "epochs", 1))

    def world(self, runs: Sequence[int], variant: Variant = PLAIN) -> Signs:
        """Make a world with copies for each contributor of each run."""
        per_run = _COUNT * (self.learner.most_episodes or _OWN)
        ids = np.add.outer(np.array(runs) * per_run, np.arange(per_run)).ravel()
        return Signs(variant, copies=ids)

    def rounds(self, world: Signs, runs: Sequence[int]) -> Rounds:
        """Put the rounds of some runs together."""
        learner = self.learner
        state_size = len(AGENTS) if learner.central_critic else None
        networks = learner.architecture(world.groups[0], state_size)
        start = [
            networks.initial(stream(run, "conformance/initial"), scheme=learner.initial)
            for run in runs
        ]
        server = Server(
            np.stack(start),
            [Aggregator.parse("mean")] * len(runs),
            f=0,
            seeds=runs,
            optimiser=learner.server_optimiser,
            pace=learner.pace,
            riders=learner.riders(networks),
        )
        return Rounds(
            Rollout(
                world,
                Draws(0, "conformance/act", world.copies),
                central=learner.central_critic,
            ),
            networks,
            learner,
            Contributors(count=_COUNT, runs=len(runs)),
            server,
            steps=min(learner.steps, _MOST_STEPS),
            seeds=runs,
            contribution=learner.contribution,
            descent=learner.descent(
                lambda copies: Signs(world.variant, copies=copies * len(runs)), networks
            ),
        )

    def train(self, world: Signs, runs: Sequence[int], length: int) -> Trained:
        """Train for so many rounds."""
        rounds = self.rounds(world, runs)
        before = self._score(rounds, world)
        for _ in range(length):
            rounds.train_round()
        learned = tuple({"parameters": of_run.copy()} for of_run in rounds.server.parameters)
        return Trained(learned, self._score(rounds, world), before)

    def goes_on(self) -> None:
        """Refuse rounds that come to other bits once they are taken up again."""
        whole, first, second = (self.rounds(self.world(_RUNS), _RUNS) for _ in range(3))
        for _ in range(4):
            whole.train_round()
        for _ in range(2):
            first.train_round()
        saved = {name: part.copy() for name, part in first.snapshot().items()}
        first.train_round()
        second.restore(saved)
        for _ in range(2):
            second.train_round()
        if second.server.parameters.tobytes() != whole.server.parameters.tobytes():
            raise NotConformant(
                f"{self.label} must go on from a snapshot to the same bits; whatever it remembers "
                "belongs into the memory that estimate passes on"
            )

    def leaves_its_input(self) -> None:
        """Refuse a learner that writes to the fragment or the parameters that it is given."""
        rounds, networks, fragment = self._played()
        for part in (*fragment, rounds.server.parameters):
            if isinstance(part, np.ndarray):
                part.flags.writeable = False
        try:
            self._updates(rounds, networks, fragment)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise NotConformant(
                f"{self.label} must not write to fragments or parameters: {error}"
            ) from error

    def learns_alike_alone(self) -> None:
        """Refuse updates that depend on who else is there, or on other contributors' rows."""
        rounds, networks, fragment = self._played()
        together = self._updates(rounds, networks, fragment)
        shape = (1, _COUNT, networks.architecture.size)
        if together.shape != shape or not np.isfinite(together).all():
            raise NotConformant(
                f"{self.label} must send finite updates {shape}, got {together.shape}"
            )
        own = fragment.rewards.shape[1] // _COUNT
        for who in range(_COUNT):
            mine = slice(who * own, (who + 1) * own)
            alone = self._updates(rounds, networks, _copies_of(fragment, mine), count=1)[0, 0]
            if np.abs(alone - together[0, who]).max() > _CLOSE * np.abs(alone).max():
                raise NotConformant(
                    f"{self.label} must compute each contributor's update as if it were alone: "
                    f"beside others, number {who} sends another one"
                )
        rewards = fragment.rewards.copy()
        rewards[:, own:] += 7
        moved = self._updates(rounds, networks, fragment._replace(rewards=rewards))
        if moved[0, 0].tobytes() != together[0, 0].tobytes():
            raise NotConformant(
                f"{self.label} must learn from a contributor's own rows: number 0's update depends "
                "on what others earned"
            )

    def acts_alike_when_saved(self) -> None:
        """Refuse a policy that acts otherwise once Stable-Baselines3 has read it."""
        from rallypoint.agents.gradient.saving import save_policy  # torch
        from rallypoint.agents.saved import load_policies

        world = self.world(_RUNS[:1])
        rounds = self.rounds(world, _RUNS[:1])
        for _ in range(2):
            rounds.train_round()
        weights, group = rounds.weights[0], world.groups[0]
        live = GradientPolicy(rounds.architecture, weights, group, greedy=True)
        with TemporaryDirectory() as folder:
            save_policy(Path(folder), rounds.architecture, weights, group, env=world.id)
            read = load_policies(Path(folder), world)["greedy"]
            found = actions_of(read, world, 12)
        if not np.array_equal(actions_of(live, world, 12), found):
            raise NotConformant(f"{self.label} must act from a file as it did before it was saved")

    def _score(self, rounds: Rounds, world: Signs) -> Floats:
        runs = len(rounds.weights)
        if world.variant.is_strange:  # no action is right
            return np.zeros(runs)
        group = world.groups[0]
        signs = np.tile(np.arange(NUM_SIGNS), runs) + world.variant.first_sign
        seen = np.repeat(signs[:, None], len(AGENTS), axis=1)  # (R * signs, N)
        policy = GradientPolicy(rounds.architecture, rounds.weights, group)
        logits = policy.outputs({group.name: seen})[:, 0].astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        law = (powers / powers.sum(axis=1, keepdims=True)).reshape(runs, NUM_SIGNS, -1)
        found: Floats = np.einsum("rss->r", law) / NUM_SIGNS
        return found

    def _played(self) -> tuple[Rounds, ActorCritic, Fragment]:
        """Return a fragment of one run, with the rounds and networks to learn from it."""
        world = self.world(_RUNS[:1])
        rounds = self.rounds(world, _RUNS[:1])
        rounds.train_round()  # away from where all is alike
        central = self.learner.central_critic
        rollout = Rollout(world, Draws(0, "conformance/play", world.copies), central=central)
        policy = GradientPolicy(rounds.architecture, rounds.weights, rollout.group)
        if self.learner.whole_episodes:
            played = rollout.episodes(policy, seed=5)
        else:
            played = rollout.steps(policy, _MOST_STEPS, seed=5)
        shown = rounds.server.riding.shown(rounds.server.parameters, played)
        return rounds, ActorCritic(rounds.architecture), shown

    def _updates(
        self, rounds: Rounds, networks: ActorCritic, fragment: Fragment, count: int = _COUNT
    ) -> Singles:
        parameters = rounds.server.parameters
        who = Contributors(count=count)
        batch = self.learner.prepare(networks, parameters, fragment, who)
        updates: Singles = self.learner.gradient(networks, parameters, batch)
        return updates


def _copies_of(fragment: Fragment, rows: slice) -> Fragment:
    """Return what some copies lived."""
    of_steps = (
        "seen",
        "actions",
        "rewards",
        "acting",
        "terminated",
        "truncated",
        "states",
        "costs",
    )
    parts: dict[str, Any] = {
        name: None if getattr(fragment, name) is None else getattr(fragment, name)[:, rows]
        for name in of_steps
    }
    mine = (fragment.cut[:, 1] >= rows.start) & (fragment.cut[:, 1] < rows.stop)
    parts["cut"] = fragment.cut[mine] - [0, rows.start, 0]
    parts["cut_seen"] = fragment.cut_seen[mine]
    parts["last_seen"] = fragment.last_seen[rows]
    if fragment.states is not None:
        assert fragment.cut_states is not None, "recorded with the states"
        assert fragment.last_states is not None, "recorded with the states"
        parts["cut_states"] = fragment.cut_states[mine]
        parts["last_states"] = fragment.last_states[rows]
    return fragment._replace(**parts)
