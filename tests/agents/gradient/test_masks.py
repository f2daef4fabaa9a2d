"""Actions that a world forbids: never drawn, of no probability, and not learned from."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import given, settings
from hypothesis import strategies as st
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy

import rallypoint
from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.distributions import Categorical
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.learners import LEARNERS
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.riders.riding import Riding
from rallypoint.agents.saved import load_policies
from rallypoint.agents.train import Training, train
from rallypoint.batch_env import Group
from rallypoint.draws import Draws
from rallypoint.envs.batch import World
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from tests.agents.gradient.learning import rounds_of

TAXI = f"gymnasium:{max(known for known in gymnasium.registry if known.startswith('Taxi-'))}"
ACTIONS = 4
SMALL = {"policy": (8,), "initial": "uniform"}


class Doors(World):
    """Ten steps past four doors, of which some are shut; whoever walks into one breaks the test."""

    offers = frozenset({"action_mask", "cost"})
    cost_names = ("none",)
    _state_arrays = ("_open",)

    def __init__(self, *, copies=1, strict=True, always_shut=None):
        """Shut some doors, and one always."""
        group = Group("agents", ("a", "b"), Box(0, 1, (ACTIONS,), np.float32), Discrete(ACTIONS))
        super().__init__("doors-v0", [group], copies=copies, time_limit=10)
        self._open = np.ones((len(self.copies), 2, ACTIONS), dtype=bool)
        self._strict, self._always_shut = strict, always_shut

    def action_mask(self):
        """Return which doors are open."""
        return {"agents": self._open.copy()}

    def cost(self):
        """Return that nothing costs anything."""
        return np.zeros((*self._open.shape[:2], 1))

    def _start(self, mask):
        self._shut()

    def _shut(self):
        self._open = self._draws.random((2, ACTIONS)) < 0.5
        if self._always_shut is not None:
            self._open[..., self._always_shut] = False
        self._open[..., 1] |= ~self._open.any(axis=-1)

    def _advance(self, actions):
        went = actions["agents"]
        through = np.take_along_axis(self._open, went[..., None], axis=-1)[..., 0]
        assert through.all() or not self._strict, "walked into a door that is shut"
        self._shut()
        return (went == ACTIONS - 1).astype(float), np.zeros(went.shape, dtype=bool), {}

    def _observe(self):
        return {"agents": self._open.astype(np.float32)}


def masks(rng, *shape):
    """Return masks of which each allows something."""
    allowed = rng.random((*shape, ACTIONS)) < 0.5
    allowed[..., 2] |= ~allowed.any(axis=-1)
    return allowed


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 0.5, np.nextafter(1.0, 0)]))
def test_what_is_forbidden_is_never_chosen(seed, number):
    """However likely the actor holds it, and whichever numbers are drawn."""
    rng = np.random.default_rng(seed)
    allowed = masks(rng, 50)
    logits = rng.normal(0, 10.0 ** rng.integers(0, 5), allowed.shape).astype(np.float32)
    choice = Categorical(allowed)
    outputs = choice.settled(logits)
    for uniform in (None, np.full((50, 1), number), rng.random((50, 1))):
        chosen = choice.choose(outputs, uniform)
        assert np.take_along_axis(allowed, chosen[:, None], axis=1).all()


def test_the_law_is_that_of_the_logits_that_are_left(rng):
    allowed, logits = masks(rng, 30), rng.normal(0, 2, (30, ACTIONS))
    choice = Categorical(allowed)
    outputs = choice.settled(logits.copy())
    for row in range(30):
        left = np.exp(logits[row][allowed[row]])
        left /= left.sum()
        np.testing.assert_allclose(np.exp(outputs[row][allowed[row]]), left, rtol=1e-12)
        assert (np.exp(outputs[row][~allowed[row]]) == 0).all()
        assert choice.entropies(outputs)[row] == pytest.approx(-(left * np.log(left)).sum())


def test_its_slopes_are_those_of_finite_differences(rng):
    """In float64; the slope by a logit whose action is forbidden is 0, even if it was done."""
    allowed, logits = masks(rng, 20), rng.normal(0, 1, (20, ACTIONS))
    actions = rng.integers(ACTIONS, size=20)
    by_log, by_entropy = rng.normal(size=(2, 20))
    by_log[~np.take_along_axis(allowed, actions[:, None], axis=1)[:, 0]] = 0
    choice = Categorical(allowed)

    def total(at):
        outputs = choice.settled(at.copy())
        logs, entropies = choice.log_probabilities(outputs, actions), choice.entropies(outputs)
        return (logs * by_log + entropies * by_entropy).sum()

    found = choice.slopes(choice.settled(logits.copy()), actions, by_log, by_entropy).outputs
    for place in np.ndindex(logits.shape):
        step = np.zeros(logits.shape)
        step[place] = 1e-6
        expected = (total(logits + step) - total(logits - step)) / 2e-6
        assert found[place] == pytest.approx(expected, abs=1e-8)
    done = choice.slopes(choice.settled(logits.copy()), actions, np.ones(20), 0.0).outputs
    assert (done[~allowed] == 0).all()


def test_ppo_is_that_of_sb3_contrib_under_masks(rng):
    """The gradient of the published loss, by torch, for a batch that was played with doors."""
    world = Doors(copies=8)
    group = world.groups[0]
    made = architecture_for(group, policy=(16,), value=(16,))
    parameters = made.initial(rng, scheme="uniform")[None]
    estimator, networks = Ppo(entropy_weight=0.1, clip=0.05), ActorCritic(made)
    rollout = Rollout(world, Draws(0, "test/doors", world.copies))
    fragment = rollout.steps(GradientPolicy(made, parameters, group), 20, seed=0)
    batch = estimator.prepare(networks, parameters, fragment, Contributors(count=1))
    moved = parameters + rng.normal(0, 0.05, parameters.shape).astype(np.float32)
    found = estimator.gradient(networks, moved, batch)[0, 0]

    theirs = MaskableActorCriticPolicy(
        group.observation_space,
        group.action_space,
        lambda _: 1e-3,
        net_arch={"pi": [16], "vf": [16]},
    )
    pieces = {p.name: moved[0, p.at].reshape(p.shape).copy() for p in made.pieces}
    theirs.load_state_dict({name: torch.from_numpy(part) for name, part in pieces.items()})
    rows = {
        name: torch.from_numpy(getattr(batch, name)[0, 0].copy())
        for name in ("seen", "actions", "gains", "old_logs", "targets", "allowed")
    }
    values, logs, entropies = theirs.evaluate_actions(
        rows["seen"], rows["actions"], rows["allowed"].numpy()
    )
    ratios = torch.exp(logs - rows["old_logs"])
    clipped = torch.clamp(ratios, 1 - estimator.clip, 1 + estimator.clip)
    gained = torch.min(rows["gains"] * ratios, rows["gains"] * clipped).mean()
    missed = ((values[:, 0] - rows["targets"]) ** 2).mean()
    (-gained - 0.1 * entropies.mean() + estimator.value_weight * missed).backward()
    told = dict(theirs.named_parameters())
    wanted = np.concatenate([told[p.name].grad.numpy().ravel() for p in made.pieces])
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("agent", sorted(LEARNERS))
def test_no_learner_learns_anything_of_a_door_that_is_always_shut(agent, rng):
    learner = LEARNERS[agent](**SMALL)
    world = Doors(copies=4, always_shut=0)
    networks = ActorCritic(learner.architecture(world.groups[0]))
    made = networks.architecture
    parameters = made.initial(rng, scheme="uniform")[None]
    rollout = Rollout(world, Draws(0, "test/doors", world.copies))
    fragment = rollout.episodes(GradientPolicy(made, parameters, world.groups[0]), seed=0)
    whole = Riding(learner.riders(made), made.size).start(parameters)
    batch = learner.prepare(networks, whole, fragment, Contributors(count=2))
    found = learner.gradient(networks, whole, batch)[0]
    for piece in made.pieces:
        if piece.name.startswith("action_net"):
            by_action = found[:, piece.at].reshape(2, ACTIONS, -1)
            assert (by_action[:, 0] == 0).all()
            assert (by_action[:, 1:] != 0).any(axis=2).all()


@pytest.mark.parametrize("agent", sorted(LEARNERS))
def test_no_learner_walks_into_a_door(agent):
    """Two runs side by side; the world stops whoever does what is forbidden."""
    settings = dict(SMALL)
    if agent == "fedpg_br":
        settings |= {"fewest": 2, "most": 2, "own_batch": 2}
    if agent == "decbyzpg":
        settings |= {"few": 1, "many": 2}
    learner = LEARNERS[agent](**settings)
    own = Doors(copies=4) if agent == "fedpg_br" else None
    rounds = rounds_of(learner, Doors(copies=8), count=2, seeds=(0, 1), own=own)
    before = rounds.weights.copy()
    list(rounds.run(2))
    assert np.isfinite(rounds.weights).all()
    assert (rounds.weights != before).any(axis=1).all()


def test_what_a_threat_did_in_spite_of_a_mask_is_not_learned_from():
    """Its probability is 0, and no gradient makes it more."""
    threats = ThreatModel.from_dict({"threats": [{"kind": "random_action", "victims": "all"}]})
    world = Threatened(Doors(copies=6, strict=False), threats)
    learner = LEARNERS["ppo"](**SMALL, value=(8,), entropy_weight=0.01)
    rounds = rounds_of(learner, world, count=3)
    list(rounds.run(2))
    assert np.isfinite(rounds.weights).all()


def test_a_trained_policy_keeps_to_the_masks_of_the_world_it_is_read_for(tmp_path):
    training = Training(
        env=TAXI,
        agent="gpomdp",
        steps=400,
        copies=4,
        settings={"policy": [8]},
        env_settings={"max_cycles": 25},
        team=Team(workers=4, byzantine=1, aggregator="median"),
    )
    train(training, tmp_path)
    world = rallypoint.make(TAXI, copies=16, max_cycles=25)
    for policy in load_policies(tmp_path, world).values():
        observations, draws = world.reset(3), Draws(0, "test/taxi", world.copies)
        for _ in range(10):
            allowed = world.action_mask()["agents"]
            actions = policy.act(observations, draws)
            assert np.take_along_axis(allowed, actions["agents"][..., None], axis=-1).all()
            observations = world.step(actions).observations
