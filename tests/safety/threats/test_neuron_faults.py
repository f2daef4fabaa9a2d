"""Neuron faults, on networks that act on the ring."""

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered, UnknownName
from rallypoint.safety.certificates.neuron_faults import fep_by_matrices
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.frame import Threatened
from rallypoint.safety.neurons.positions import neurons_that_matter, synapses_that_matter
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.neuron_faults import CHOICES, FAULTS, NeuronFaults

every_fault = pytest.mark.parametrize("fault", FAULTS)


def ring(copies=6, **settings):
    return rallypoint.make("gathering-v0", copies=copies, num_agents=5, **settings)


def policy_for(env, *, greedy=True):
    made = architecture_for(env.groups[0], policy=(16, 12), value=None)
    parameters = np.random.default_rng(0).normal(0, 0.4, made.size).astype(np.float32)
    return GradientPolicy(made, parameters, env.groups[0], greedy=greedy)


def damaged(threat, copies=6, **settings):
    env = ring(copies, **settings)
    policy = policy_for(env)
    return Threatened(env, [threat], policy=policy, seed=1), policy


def played(env, policy, steps=12):
    """Play; return what was seen, proposed and executed, step by step."""
    observations, draws = env.reset(seed=0), Draws(0, "test/neurons", env.copies)
    told = []
    for _ in range(steps):
        actions = policy.act(observations, draws)
        step = env.step(actions)
        told.append((observations["agents"], actions["agents"], step.infos["executed/agents"]))
        observations = step.observations
        if step.ended.any():
            observations = env.reset(mask=step.ended)
    return told


@pytest.mark.parametrize(
    ("fault", "choice"),
    [*((fault, choice) for fault in FAULTS if fault != "precision" for choice in CHOICES)],
)
def test_every_fault_keeps_the_contract(fault, choice):
    assert_is_threat(NeuronFaults(fault=fault, choice=choice, count=3))


def test_precision_keeps_the_contract():
    assert_is_threat(NeuronFaults(fault="precision", bits=2, capacity=0.5))


@every_fault
def test_victims_act_as_their_policy_does_when_it_is_damaged(fault):
    how_much = {"bits": 1} if fault == "precision" else {"count": 8}
    threat = NeuronFaults(fault=fault, victims=["agent_1", "agent_3"], **how_much)
    env, policy = damaged(threat)
    differ = 0
    env.reset(seed=0)
    state = threat.begin(threat.init(6, 5), Draws(1, "threats/neuron_faults", range(6)))
    for seen, proposed, executed in played(env, policy):
        others = [0, 2, 4]
        assert (executed[:, others] == proposed[:, others]).all()
        # Whatever the lots, those of one episode break one and the same network.
        differ += (executed != proposed).sum()
        assert seen.shape == (6, 5, 13)
    assert differ > 0
    plan = threat.plan(policy.layers(), state)
    outputs = policy.with_faults(plan).outputs({"agents": seen})
    assert not np.allclose(outputs, policy.outputs({"agents": seen}))


def test_what_is_executed_is_what_the_plan_of_the_episode_computes():
    threat = NeuronFaults(fault="byzantine", choice="critical", count=(3, 2), capacity=2.0)
    env, policy = damaged(threat)
    # Which neurons are critical is known beforehand; how they lie, by the frame's own draws.
    told = played(env, policy)
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 5)).reshape(5, -1).T
    possible = []
    for lie in signs:
        state = {"lots": np.zeros((6, 5, 5)), "signs": np.broadcast_to(lie, (6, 5, 5))}
        broken = policy.with_faults(threat.plan(policy.layers(), state))
        draws = Draws(0, "test/none", range(6))
        acts = [broken.act({"agents": seen}, draws)["agents"] for seen, _, _ in told]
        possible.append(np.array(acts) == [executed for _, _, executed in told])
    # One of the 32 ways to lie tells every step of an agent's episode.
    assert np.all(possible, axis=1).any(axis=0).all()


def test_a_bound_on_byzantine_neurons_takes_their_lie_and_their_greatest_signal():
    env = ring(copies=200)
    made = architecture_for(env.groups[0], policy=(16,), value=None)
    threat = NeuronFaults(fault="byzantine", count=3, capacity=0.5)
    state = threat.begin(threat.init(200, 5), Draws(1, "threats/neuron_faults", range(200)))
    reached = np.zeros(2)
    for seed in range(5):
        parameters = np.random.default_rng(seed).normal(0, 2, made.size).astype(np.float32)
        policy = GradientPolicy(made, parameters, env.groups[0], greedy=True)
        layers, seen = policy.layers(), env.reset(seed=seed)
        broken = policy.with_faults(threat.plan(layers, state))
        moved = np.abs(broken.outputs(seen) - policy.outputs(seen)).max(axis=(0, 1))
        bounds = [fep_by_matrices(layers, [3], threat.capacity + most) for most in (0.0, 1.0)]
        reached = np.maximum(reached, (moved / bounds).max(axis=1))
    assert reached[0] > 1.2  # the lie alone is no distance from the truth
    assert 0.5 < reached[1] <= 1 + 1e-6


@pytest.mark.parametrize("fault", ["crash", "cut"])
@pytest.mark.parametrize("by_layer", [False, True])
def test_critical_are_those_that_can_move_an_output_most(fault, by_layer):
    layers = policy_for(ring()).layers()
    struck = layers if fault == "cut" else layers[:-1]
    matter = (synapses_that_matter if fault == "cut" else neurons_that_matter)(layers)
    sizes = [layer.weights.size if fault == "cut" else len(layer.weights) for layer in struck]
    count = (2,) * len(sizes) if by_layer else 4
    threat = NeuronFaults(fault=fault, choice="critical", count=count)
    plan = threat.plan(layers, threat.init(1, 1))
    found = []
    for broken, layer in zip(plan, struck, strict=False):
        if fault == "cut":  # those of other layers keep and add nothing
            cut = broken.synapses
            mark = np.zeros(layer.weights.shape, dtype=bool)
            mark[cut.receivers[cut.keeps == 0], cut.senders[cut.keeps == 0]] = True
        else:
            mark = broken.neurons.where[0, 0]
        found.append(mark.ravel())
    pools = np.split(matter, np.cumsum(sizes)[:-1]) if by_layer else [matter]
    marks = found if by_layer else [np.concatenate(found)]
    for pool, mark in zip(pools, marks, strict=True):
        assert mark.sum() == (2 if by_layer else 4)
        assert pool[mark].min() >= pool[~mark].max()


def test_nobodys_neurons_are_nothing():
    env, policy = damaged(NeuronFaults(count=0, fault="crash"))
    for _, proposed, executed in played(env, policy):
        assert (executed == proposed).all()


def test_other_neurons_fail_in_other_episodes_and_copies():
    threat = NeuronFaults(count=2)
    draws = Draws(0, "threats/neuron_faults", range(40))
    layers = policy_for(ring()).layers()
    failed = []
    for _ in range(2):
        state = threat.begin(threat.init(40, 5), draws)
        first, second, end = threat.plan(layers, state)
        where = np.concatenate([first.neurons.where, second.neurons.where], axis=-1)
        assert (where.sum(axis=-1) == 2).all()
        assert end.neurons is None
        failed.append(where)
        draws.begin_episode()
    assert (failed[0] != failed[1]).any()
    shares = np.concatenate(failed).reshape(-1, 28).mean(axis=0)
    assert np.allclose(shares, 2 / 28, atol=0.05)  # 400 draws, 4 standard deviations


def test_a_copy_has_the_same_faults_in_any_batch():
    threat = NeuronFaults(victims={"fraction": 0.6}, count=3)
    together = played(*damaged(threat, copies=range(8)))
    for ids in ([3], range(4, 7)):
        alone = played(*damaged(threat, copies=ids))
        for (_, _, some), (_, _, every) in zip(alone, together, strict=True):
            assert (some == every[list(ids)]).all()


def test_the_receipt_counts_agent_steps_with_broken_neurons():
    env, policy = damaged(NeuronFaults(victims=["agent_0", "agent_4"], when={"from": 2}))
    played(env, policy, steps=10)
    [receipt] = env.receipts()
    assert receipt.applications == {"agent_0": 6 * 8, "agent_4": 6 * 8}
    assert (receipt.first_step, receipt.last_step) == (2, 9)
    assert disagreements(env.model, [receipt]) == []


def test_a_file_can_ask_for_it():
    table = {
        "kind": "neuron_faults",
        "victims": ["agent_0"],
        "fault": "synapse",
        "count": [2, 1, 0],
        "capacity": 0.5,
    }
    model = ThreatModel.from_dict({"format": 1, "threats": [table]})
    env = ring()
    policy = policy_for(env)
    frame = Threatened(env, model, policy=policy)
    played(frame, policy)
    assert frame.receipts()[0].applications["agent_0"] > 0
    words = model.threats[0].in_words()["does"]
    assert "2 + 1 + 0 synapses" in words
    assert "capacity 0.5" in words


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 29}, r"crash can strike \[28\] places, .* got count = 29"),
        ({"count": (17, 0)}, r"\[16, 12\] places"),
        ({"count": (1, 1, 1)}, r"\[16, 12\] places"),
        ({"fault": "cut", "count": 13 * 16 + 16 * 12 + 12 * 3 + 1}, r"cut can strike \[436\]"),
    ],
)
def test_more_faults_than_there_are_are_refused(settings, message):
    env, policy = damaged(NeuronFaults(**settings))
    with pytest.raises(InvalidConfig, match=message):
        played(env, policy)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fault": "crush"}, "'crush'; did you mean 'crash'"),
        ({"choice": "all"}, "no choice is called 'all'"),
        ({"count": -1}, ">= 0, or one for each layer, got -1"),
        ({"count": ()}, r">= 0, or one for each layer, got \(\)"),
        ({"count": 2.5}, "an integer or a list of integers, got 2.5"),
        ({"count": False}, "an integer or a list of integers, got False"),
        ({"count": (2, True)}, r"an integer or a list of integers, got \(2, True\)"),
        ({"capacity": float("inf")}, "capacity is a finite number"),
        ({"fault": "precision", "bits": 0}, "takes 1 to 52 bits, got 0"),
        # Finer than single precision can tell, an outcome would be no number.
        ({"fault": "precision", "bits": 140}, "takes 1 to 52 bits, got 140"),
        ({"fault": "precision", "capacity": 0.0}, "signals reach is a finite number > 0, got 0"),
        ({"fault": "precision", "count": 3}, "count says nothing of precision, .* by capacity and"),
        ({"fault": "precision", "choice": "critical"}, "choice says nothing of precision"),
        ({"fault": "cut", "capacity": 2.0}, "capacity says nothing of cut"),
        ({"fault": "byzantine", "bits": 8}, "bits says nothing of byzantine"),
        ({"knowledge": ("own_percept",)}, "cannot do without the knowledge of policy"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises((InvalidConfig, UnknownName), match=message):
        NeuronFaults(**settings)


def test_a_count_that_numpy_made_is_a_count():
    assert NeuronFaults(count=np.int64(3)) == NeuronFaults(count=3)
    assert NeuronFaults(count=[np.int64(2), 1]) == NeuronFaults(count=(2, 1))


def test_a_policy_that_cannot_be_opened_is_refused():
    class Closed:
        def act(self, observations, draws):
            return Anything(self.groups).act(observations, draws)

    env = ring()
    Closed.groups = env.groups
    frame = Threatened(env, [NeuronFaults()], policy=Closed())
    with pytest.raises(NotOffered, match="a Closed cannot be"):
        played(frame, Closed())


def test_without_a_policy_there_is_nothing_to_damage():
    with pytest.raises(NotOffered, match="policy"):
        Threatened(ring(), [NeuronFaults()])
