"""Beliefs beside Bayes' rule, in a game where it can be computed; and worlds that show them."""

import numpy as np
import pytest
import torch

import rallypoint
from rallypoint.agents.belief.features import Features
from rallypoint.agents.belief.network import BeliefNetwork, load_belief, save_belief
from rallypoint.agents.belief.training import (
    BeliefTraining,
    cross_entropy,
    followed,
    train_belief,
)
from rallypoint.agents.belief.world import Believing
from rallypoint.agents.sb3.threads import torch_threads
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.envs.views.adapter import adapt
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.teammate.one_of import OneOf

STEPS = 8


class Coins:
    """Agent 0 does the first action, and agent 1 tosses coins: of who does not, one can be sure."""

    def act(self, observations, draws):
        coins = draws.integers(2, (1,))
        return {"agents": np.concatenate([np.zeros_like(coins), coins], axis=1)}


class Contrary:
    """Does the other thing than the number of the state, whoever it is."""

    def act(self, observations, draws):
        return {k: 1 - seen for k, seen in observations.items()}


def toy(copies=64, steps=STEPS):
    game = rallypoint.make("coordination-toy-v0", copies=copies, max_cycles=steps)
    contrary = {
        "kind": "traitor",
        "policy": {"policy": "tests.agents.belief.test_belief:Contrary"},
    }
    return Threatened(game, [OneOf(types=[contrary], probability=0.5, victims=[1])])


@pytest.fixture(scope="module")
def trained():
    with torch_threads(1):
        return train_belief(toy(), Coins(), BeliefTraining(batches=40), seed=0)


def posterior(course):
    """What Bayes' rule makes of it for agent 0: (T, copies) that agent 1 is contrary."""
    states = course.inputs[:, 0::2, :2].argmax(axis=2)  # (T, copies) as agent 0 sees them
    mine = course.inputs[1:, 0::2, 4:].argmax(axis=2)  # what it did before
    # Equal actions lead from "equal pays" on, and unequal ones from "unequal pays".
    paid = states[1:] == 1
    equal = np.where(states[:-1] == 0, paid, ~paid)
    partner = np.where(equal, mine, 1 - mine)
    fits = np.cumprod(partner == 1 - states[:-1], axis=0)
    rounds = np.arange(1, len(states))[:, None]
    sure = fits / (fits + 0.5**rounds)
    return np.concatenate([np.full((1, states.shape[1]), 0.5), sure])


def test_what_is_learned_is_bayes_rule(trained):
    network, _ = trained
    env = toy(copies=400)
    features = Features.of(env)
    course = followed(env, Coins(), features, Draws(1, "test/belief", env.copies), seed=5)
    expected = posterior(course)
    memory = np.zeros((400, network.hidden), dtype=np.float32)
    apart = []
    for step in range(STEPS):
        found, memory = network.follow(course.inputs[step, 0::2], memory)
        apart.append(np.abs(found[:, 1] - expected[step]).mean())
        assert found[:, 0].max() < 0.05  # agent 0 is never hostile
    assert np.mean(apart) < 0.1
    assert apart[-1] < 0.03


def test_losses_fall_from_the_base_rate_to_what_bayes_rule_leaves(trained):
    network, losses = trained
    assert losses[0] > 0.5  # nats: near ln 2
    env = toy(copies=400)
    course = followed(env, Coins(), Features.of(env), Draws(2, "test/belief", env.copies), seed=6)
    by_step = cross_entropy(network, course)
    assert by_step[0] > 0.3  # nobody can know at once: ln 2 for one of two
    assert by_step[-1] < 0.1


class ByBelief:
    """Agent 0 fits a sound partner, and from step 3 on whom it then believes it has."""

    def __init__(self):
        self.steps, self.fits = 0, 0

    def act(self, observations, draws):
        seen = observations["agents"]
        states = seen[:, 0, :2].argmax(axis=1)
        if self.steps == 3:
            self.fits = seen[:, 0, 3] > 0.5  # of a contrary partner the other action is paid
        self.steps += 1
        return {"agents": np.stack([0 * states + self.fits, states], axis=1)}


class Fitting:
    """The same, sure of a sound partner."""

    def act(self, observations, draws):
        states = observations["agents"][:, 0]
        return {"agents": np.stack([np.zeros_like(states), states], axis=1)}


def test_acting_on_beliefs_earns_what_acting_without_cannot():
    with torch_threads(1):
        network, _ = train_belief(toy(), Fitting(), BeliefTraining(batches=40), seed=0)

    def earned(env, policy):
        seen, total = env.reset(seed=3), 0.0
        for _ in range(STEPS):
            step = env.step(policy.act(seen, None))
            seen, total = step.observations, total + step.rewards[:, 0].mean()
        return total / STEPS

    blind = earned(toy(400), Fitting())
    assert blind == pytest.approx(0.5, abs=0.1)  # nothing of a contrary partner
    assert earned(Believing(toy(400), network), ByBelief()) > blind + 0.2


def test_a_believing_world_passes_the_environment_suite():
    ring = rallypoint.make("gathering-v0")
    network = BeliefNetwork(Features.of(ring).size, 10, hidden=4)

    def make(*, copies=1, render_mode=None):
        settings = {"copies": copies, "render_mode": render_mode, "max_cycles": 8}
        return Believing(rallypoint.make("gathering-v0", **settings), network)

    assert_is_env(make, processes=False)


def test_what_is_followed_step_by_step_is_what_was_trained(trained):
    network, _ = trained
    env = toy(copies=9)
    course = followed(env, Coins(), Features.of(env), Draws(3, "test/belief", env.copies), seed=7)
    with torch.no_grad():
        whole = torch.sigmoid(network(torch.from_numpy(course.inputs))).numpy()
    memory = np.zeros((18, network.hidden), dtype=np.float32)
    for now, expected in zip(course.inputs, whole, strict=True):
        found, memory = network.follow(now, memory)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_copy_believes_the_same_in_any_batch(trained):
    def beliefs(copies):
        env = Believing(toy(copies), trained[0])
        env.reset(seed=1)
        draws = Draws(0, "test/alone", env.copies)
        for _ in range(4):
            env.step(Coins().act({"agents": np.zeros((env.num_copies, 2))}, draws))
        return env.belief

    np.testing.assert_array_equal(beliefs([7, 3]), beliefs(range(80))[[7, 3]])


def test_a_belief_is_kept_in_a_file(trained, tmp_path):
    network, _ = trained
    save_belief(tmp_path / "belief.safetensors", network)
    again = load_belief(tmp_path / "belief.safetensors")
    inputs = np.ones((3, network.inputs), dtype=np.float32)
    memory = np.zeros((3, network.hidden), dtype=np.float32)
    for ours, theirs in zip(
        network.follow(inputs, memory), again.follow(inputs, memory), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    (tmp_path / "broken").write_bytes(b"broken")
    with pytest.raises(UnreadableFile, match="no readable belief"):
        load_belief(tmp_path / "broken")


def test_training_again_gives_the_same_bits():
    with torch_threads(1):
        first, second = (
            train_belief(toy(8), Coins(), BeliefTraining(batches=2), seed=4)[1] for _ in range(2)
        )
    assert first == second


def test_a_deep_learner_trains_in_a_believing_world(trained, tmp_path):
    from rallypoint.agents.sb3.training import train_sb3

    done = train_sb3(
        Believing(toy(4), trained[0]),
        "sb3:PPO",
        steps=64,
        seed=0,
        settings={"n_steps": 8, "batch_size": 16},
    )
    assert done.summary


def test_a_network_that_fills_memory_is_refused_before_it_is_made():
    with pytest.raises(InvalidConfig, match="weights in all, and those of a belief would have 6,0"):
        BeliefNetwork(7, 2, hidden=10**9)


def test_worlds_in_which_nothing_can_be_believed_are_refused(trained):
    bare = Threatened(rallypoint.make("coordination-toy-v0"), [])
    with pytest.raises(InvalidConfig, match="nothing to believe"):
        train_belief(bare, Coins(), BeliefTraining(), seed=0)
    with pytest.raises(InvalidConfig, match="about 2 agents from 6 numbers"):
        Believing(rallypoint.make("gathering-v0"), trained[0])
    pendulum = adapt("gymnasium:Pendulum-v1")
    with pytest.raises(InvalidConfig, match="numbered actions"):
        Features.of(pendulum)
