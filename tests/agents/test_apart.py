"""Agents put apart: the same world, and each learns an actor of its own."""

import shutil

import numpy as np
import pytest

import rallypoint
from rallypoint.agents.apart import Apart, Rejoined, put_apart, together, within
from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.saved import folder_of, load_policies
from rallypoint.draws import Draws
from rallypoint.envs.conformance import assert_is_env
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.wrapper import BatchWrapper
from tests.agents.gradient.trades import Trades

RANDOM = ThreatModel.from_dict({"threats": [{"kind": "random_action", "victims": [1, 4]}]})


def sampled(env, rng):
    """Return an action for everybody, by group."""
    for group in env.groups:
        group.action_space.seed(int(rng.integers(1 << 31)))
    return {
        group.name: np.stack(
            [[group.action_space.sample() for _ in group.agents] for _ in env.copies]
        )
        for group in env.groups
    }


def test_a_world_put_apart_is_a_world():
    assert_is_env(lambda **settings: Apart(Trades(**settings)), processes=False)


@pytest.mark.parametrize("threats", [None, RANDOM])
@pytest.mark.parametrize("make", [ProvingGround, Trades])
def test_nothing_is_changed_but_who_stands_with_whom(make, threats, rng):
    def world():
        bare = make(copies=3)
        return bare if threats is None else Threatened(bare, threats)

    whole, parts = world(), Apart(world())
    groups = whole.groups
    seen, seen_apart = whole.reset(5), parts.reset(5)
    assert parts.agents == whole.agents
    for _ in range(6):
        for group in groups:
            np.testing.assert_array_equal(
                together(groups, seen_apart)[group.name], seen[group.name]
            )
        actions = sampled(parts, rng)
        step, apart = whole.step(together(groups, actions)), parts.step(actions)
        for name in ("rewards", "terminated", "truncated", "alive"):
            np.testing.assert_array_equal(getattr(apart, name), getattr(step, name))
        for group in groups if threats is not None else ():
            for about in ("proposed", "executed"):
                for place, agent in enumerate(group.agents):
                    told = step.infos[f"{about}/{group.name}"][:, place : place + 1]
                    np.testing.assert_array_equal(apart.infos[f"{about}/{agent}"], told)
        seen, seen_apart = step.observations, apart.observations
    assert within(parts) is parts.env
    assert within(whole) is whole


class Namesakes(BatchWrapper):
    """Trades, whose tuners as a group are called like one of the sorters."""

    def __init__(self, env):
        """Rename a group."""
        super().__init__(env)
        self.groups = (env.groups[0], env.groups[1]._replace(name="sorter_0"))

    def reset(self, seed=None, mask=None):
        """Start new episodes."""
        return self._renamed(self.env.reset(seed, mask))

    def action_mask(self):
        """Which actions are allowed."""
        return self._renamed(self.env.action_mask())

    def step(self, actions):
        """Advance."""
        names = {"sorter_0": "tuners"}
        step = self.env.step({names.get(name, name): part for name, part in actions.items()})
        return step._replace(observations=self._renamed(step.observations))

    def _renamed(self, parts):
        return {{"tuners": "sorter_0"}.get(name, name): part for name, part in parts.items()}


def test_what_is_told_of_an_agent_is_its_own_whatever_a_group_is_called(rng):
    parts = Apart(Threatened(Namesakes(Trades(copies=3)), RANDOM))
    parts.reset(5)
    actions = sampled(parts, rng)
    infos = parts.step(actions).infos
    for agent in parts.agents:
        np.testing.assert_array_equal(infos[f"proposed/{agent}"], actions[agent])


def test_a_world_of_single_agents_is_left_as_it_is():
    cart = rallypoint.make("cartpole-v1")
    assert put_apart(cart) is cart


def test_each_agent_learns_an_actor_of_its_own_and_acts_by_it(tmp_path):
    world = {"num_agents": 3}
    model = {
        "byzantine": {"members": [1]},
        "threats": [
            {"kind": "sign_flip", "victims": "byzantine"},
            {"kind": "random_action", "victims": "byzantine"},
        ],
    }
    rows = []
    training = TeamTraining(
        env="torus-small-v0",
        agent="a2c",
        steps=900,
        env_settings=world,
        copies=5,
        settings={"policy": (8,), "value": (8,)},
        threats=ThreatModel.from_dict(model),
        team=Team(workers=5, byzantine=1, aggregator="median", actors="agent"),
    )
    training.run(tmp_path, say=rows.append)
    receipts, wrong = training.account()
    assert wrong == []
    assert {receipt.kind for receipt in receipts} == {"sign_flip", "random_action"}
    assert list(rows[-1]["groups"]) == ["agent_0", "agent_1", "agent_2"]
    plain = rallypoint.make("torus-small-v0", copies=4, **world)
    policy = load_policies(tmp_path, plain)["greedy"]
    assert isinstance(policy, Rejoined)
    seen = plain.reset(0)
    alike = {name: np.repeat(part[:, :1], 3, axis=1) for name, part in seen.items()}
    outputs = [
        member.outputs({member.group.name: alike["agents"][:, :1]})
        for member in policy.policy.policies.values()
    ]
    assert not np.allclose(outputs[0], outputs[1])  # what they see is the same, and they differ
    assert policy.act(seen, Draws(0, "test/apart", plain.copies))["agents"].shape == (4, 3)
    larger = rallypoint.make("torus-small-v0", copies=4, num_agents=5)
    with pytest.raises(UnreadableFile, match=r"has \['agent_3', 'agent_4'\], too"):
        load_policies(tmp_path, larger)
    first, second = (tmp_path / folder_of(f"agent_{number}") for number in range(2))
    shutil.copytree(second, first, dirs_exist_ok=True)
    with pytest.raises(UnreadableFile, match="acts for 'agent_1', not for 'agent_0'"):
        load_policies(tmp_path, plain)


def test_actors_for_nobody_are_refused():
    with pytest.raises(InvalidConfig, match='one for each "group" or "agent"'):
        Team(actors="copy")
