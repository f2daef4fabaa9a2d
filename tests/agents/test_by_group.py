"""Agents of several networks, one for each group or each agent: as teammates, and looked into."""

import numpy as np
import pytest

from rallypoint.agents.adversary.view import adversary_view
from rallypoint.agents.apart import Rejoined, apart
from rallypoint.agents.bandits.pair import Pair
from rallypoint.agents.by_group import ByGroup
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.side_by_side import SideBySide
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.frame import Threatened
from rallypoint.safety.perception.ascent import Climb
from rallypoint.safety.perception.decoding import Directs
from rallypoint.safety.perception.reach import Reach
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.smoothing import SmoothedPolicy
from rallypoint.safety.threats import threats
from rallypoint.safety.threats.neuron_faults import NeuronFaults
from rallypoint.safety.threats.teammate.traitor import Traitor
from tests.safety.stubs import ground

WORLD = ground()
NEAR = {"reach": {"step": 0.3}}


def network(group, seed):
    made = architecture_for(group, policy=(8,), value=(8,))
    parameters = np.random.default_rng(seed).normal(0, 0.5, made.size).astype(np.float32)
    return GradientPolicy(made, parameters, group, greedy=True)


NETWORKS = {group.name: network(group, place) for place, group in enumerate(WORLD.groups)}
BY_GROUP = ByGroup(NETWORKS)
BY_AGENT = Rejoined(
    ByGroup(
        {
            agent: network(group._replace(name=agent, agents=(agent,)), 10 * place + number)
            for place, group in enumerate(WORLD.groups)
            for number, agent in enumerate(group.agents)
        }
    ),
    WORLD.groups,
)
every_kind = pytest.mark.parametrize("policy", [BY_GROUP, BY_AGENT], ids=["group", "agent"])


def draws():
    return Draws(0, "test/by-group", WORLD.copies)


def own(policy, group):
    """What an agent's policy does by itself, whichever group others are in."""
    seen = ground().reset(seed=0)
    return policy.act({group: seen[group]}, draws())[group]


@every_kind
def test_it_acts_for_whoever_sees_something(policy):
    seen = WORLD.reset(seed=0)
    together = policy.act(seen, draws())
    assert list(together) == [group.name for group in WORLD.groups]
    for name, actions in together.items():
        alone = policy.act({name: seen[name]}, draws())
        assert list(alone) == [name]
        assert (alone[name] == actions).all()


@every_kind
@pytest.mark.parametrize("group", [group.name for group in WORLD.groups])
def test_it_takes_the_place_of_teammates_in_any_group(policy, group):
    victim = next(g.agents[0] for g in WORLD.groups if g.name == group)
    env = Threatened(ground(), Traitor(victims=[victim], policy=policy))
    env.reset(seed=0)
    still = {g.name: np.zeros((6, len(g.agents), *g.action_space.shape)) for g in env.groups}
    still = {g.name: still[g.name].astype(g.action_space.dtype) for g in env.groups}
    executed = env.step(still).infos[f"executed/{group}"]
    assert (executed[:, 0] == own(policy, group)[:, 0]).all()
    assert (executed[:, 1:] == 0).all()
    assert env.receipts()[0].steps == 6


@every_kind
@pytest.mark.parametrize(
    ("kind", "transferred"),
    [("pgd", False), ("pgd", True), ("critic", False), ("critic", True), ("pa_ad", False)],
)
def test_each_group_is_lied_to_by_what_acts_for_it(policy, kind, transferred):
    surrogate = {"surrogate": policy} if transferred else {}
    threat = threats[kind](budget=NEAR, **surrogate)
    env = Threatened(ground(), threat, policy=None if transferred else policy)
    seen, true = env.reset(seed=0), env.true_observations
    for name in seen:
        lies = np.abs(seen[name].astype(np.float64) - true[name])
        assert (lies.max(axis=-1) > 0).any()
        assert lies.max() <= 0.3
        if kind == "critic":
            worth = policy.of_group(name).critic().outputs
            assert worth({name: seen[name]}).mean() < worth({name: true[name]}).mean()
    assert disagreements(env.model, env.receipts()) == []


@every_kind
def test_a_director_of_them_is_trained_group_by_group(policy):
    climb = Climb(steps=2, rate=1.0, scatter=0.0)
    reach = Reach(step=0.3)
    view = adversary_view(
        ground(), policy, "perception", reach=reach, decoder=Directs(policy, climb)
    )
    view.reset(seed=0)
    # The last of few actions, or numbers as far apart as they can be.
    wanted = {g.name: np.linspace(-1, 1, g.action_space.shape[0]) for g in view.groups}
    view.step(
        {
            g.name: np.tile(wanted[g.name].astype(np.float32), (6, len(g.agents), 1))
            for g in view.groups
        }
    )
    assert view._ledger.told()["largest_lie"] == pytest.approx(0.3)
    assert (view._ledger._spent > 0).all()


def test_networks_side_by_side_are_followed_back_one_by_one():
    (group, *_) = WORLD.groups
    joined = BY_AGENT.of_group(group.name)
    assert isinstance(joined, SideBySide)
    seen = WORLD.reset(seed=3)
    members = BY_AGENT.policy.policies
    by_agent = apart(WORLD.groups, seen)
    outputs = joined.outputs(seen)
    for place, agent in enumerate(group.agents):
        alone = members[agent].outputs({agent: by_agent[agent]})
        assert (outputs[:, place] == alone[:, 0]).all()
    weights = np.random.default_rng(1).standard_normal(outputs.shape)

    def objective(found):
        return (found * weights).sum(axis=-1), weights.astype(found.dtype)

    values, gradient = joined.value_and_gradient(seen, objective)
    np.testing.assert_allclose(values, (outputs * weights).sum(axis=-1), rtol=1e-5)
    shift = 1e-2
    for entry in range(seen[group.name].shape[-1]):
        moved = [dict(seen), dict(seen)]
        for sign, told in zip((1, -1), moved, strict=True):
            told[group.name] = seen[group.name].copy()
            told[group.name][..., entry] += np.float32(sign * shift)
        up, down = (objective(joined.outputs(told))[0] for told in moved)
        slope = (up - down) / (2 * shift)
        np.testing.assert_allclose(gradient[group.name][..., entry], slope, atol=2e-2)


def test_networks_of_groups_are_broken_each_by_itself():
    env = Threatened(ground(), NeuronFaults(count=8), policy=BY_GROUP)
    seen = env.reset(seed=0)
    proposed = BY_GROUP.act(seen, draws())
    executed = env.step(proposed).infos
    for name, policy in NETWORKS.items():
        # All of eight crashed: what is left are the biases of the outputs, for everybody.
        assert len(policy.layers()[0].weights) == 8
        done = executed[f"executed/{name}"]
        assert (done == done[:1, :1]).all()


def test_networks_of_agents_cannot_be_opened():
    env = Threatened(ground(), NeuronFaults(), policy=BY_AGENT)
    with pytest.raises(NotOffered, match="can be opened"):
        env.step(BY_AGENT.act(env.reset(seed=0), draws()))


class Remembers:
    """Counts how often it was told of starts."""

    def __init__(self):
        self.begun = 0

    def act(self, observations, draws):
        del draws
        return {name: np.zeros(seen.shape[:2], np.int64) for name, seen in observations.items()}

    def begin_episode(self, mask):
        del mask
        self.begun += 1


@pytest.mark.parametrize(
    "around",
    [
        lambda policy: ByGroup({"walkers": policy}),
        lambda policy: Rejoined(policy, WORLD.groups),
        Pair,
        lambda policy: SmoothedPolicy(policy, 0.1),
    ],
    ids=["by_group", "rejoined", "pair", "smoothed"],
)
def test_what_is_around_a_policy_remembers_if_that_does(around):
    inside = Remembers()
    around(inside).begin_episode(None)
    assert inside.begun == 1
    with pytest.raises(InvalidConfig, match="remembers nothing from step to step"):
        Threatened(ground(), Traitor(policy=around(inside)))
    assert not hasattr(around(NETWORKS["walkers"]), "begin_episode")
