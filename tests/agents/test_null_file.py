"""A threat file without threats is, to the bit and on every path, as if there were no file."""

import hashlib

import numpy as np
import pytest
from safetensors.numpy import load_file

import rallypoint
from rallypoint.agents.build import build_world
from rallypoint.agents.gradient.by_name import Team
from rallypoint.agents.train import Training, train
from rallypoint.envs.batch import autoreset
from rallypoint.envs.views.aec import aec_view
from rallypoint.envs.views.parallel import ParallelView
from rallypoint.envs.views.sb3 import Sb3View
from rallypoint.envs.views.vector import VectorView
from rallypoint.safety.conformance.scenes import sample
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import account
from rallypoint.safety.threat_model import ThreatModel

NULL_FILES = ("", "format = 1\nthreats = []\n", "format = 1\n[byzantine]\nmembers = [0]\n")
WORLDS = [
    "gathering-v0",
    "torus-small-v0",
    "cartpole-v1",
    "matching-game-v0",
    "island-navigation-v0",
    "pathfinding-v0",
]
TRAININGS = {
    "contributors": {
        "agent": "gpomdp",
        "env": "cartpole-v1",
        "team": Team(contributors="workers", workers=3, byzantine=1, aggregator="median"),
        "settings": {"policy": [8]},
    },
    "of a team": {
        "agent": "ppo",
        "env": "torus-small-v0",
        "env_settings": {"num_agents": 3, "max_cycles": 10},
        "team": Team(contributors="team", byzantine=1, aggregator="median"),
        "settings": {"steps": 10, "policy": [8], "value": [8]},
    },
    "asynchronous": {
        "agent": "gpomdp",
        "env": "cartpole-v1",
        "team": Team(contributors="workers", workers=4, byzantine=1, protocol="kardam"),
        "settings": {"policy": [8]},
    },
    "tables": {"agent": "q_learning", "env": "gathering-v0"},
    "of SB3": {
        "agent": "sb3:PPO",
        "env": "torus-small-v0",
        "env_settings": {"num_agents": 3, "max_cycles": 10},
        "copies": 4,
        "settings": {"n_steps": 20, "batch_size": 60, "n_epochs": 1},
    },
}


@pytest.fixture(params=NULL_FILES, ids=["empty", "no threats", "only who lies"])
def null(request, tmp_path):
    """Return the model of a file without threats."""
    path = tmp_path / "null.toml"
    path.write_text(request.param)
    return ThreatModel.from_toml(path)


def worlds(name, null, copies):
    """Make a world, and one under the file."""
    bare = build_world(name, copies=copies)
    return bare, build_world(name, copies=copies, threats=null)


def told(tree, into):
    """Hash all that a path tells, types and shapes included; ``infos`` are more under threats."""
    if isinstance(tree, dict):
        for key in tree:
            into.update(str(key).encode())
            told(tree[key], into)
    elif isinstance(tree, list | tuple):
        for item in tree:
            told(item, into)
    else:
        array = np.asarray(tree)
        into.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())


def drawn(env, number):
    shapes = {group.name: (env.num_copies, len(group.agents)) for group in env.groups}
    return {g.name: sample(g.action_space, shapes[g.name], number) for g in env.groups}


def batched(world, steps, into):
    env = autoreset(world)
    told(env.reset(seed=5), into)
    for number in range(steps):
        step = env.step(drawn(env, number))
        told(step[:5], into)
        if "cost" in env.offers:
            told(env.cost(), into)


def by_pettingzoo(world, steps, into):
    view = ParallelView(world)
    seed = 5
    while steps > 0:
        told(view.reset(seed=seed)[0], into)
        seed = None
        while view.agents and steps > 0:
            actions = {agent: view.action_space(agent) for agent in view.agents}
            for place, space in enumerate(actions.values()):
                space.seed(steps + place)
            told(view.step({agent: space.sample() for agent, space in actions.items()})[:4], into)
            steps -= 1


def by_turns(world, steps, into):
    env = aec_view(world)
    env.reset(seed=5)
    for agent in env.agent_iter(steps):
        observation, reward, terminated, truncated, _ = env.last()
        told([agent, observation, reward, terminated, truncated], into)
        space = env.action_space(agent)
        space.seed(steps)
        env.step(None if terminated or truncated else space.sample())


def by_gymnasium(world, steps, into):
    view = VectorView(world)
    told(view.reset(seed=5)[0], into)
    for number in range(steps):
        view.action_space.seed(number)
        told(view.step(view.action_space.sample())[:4], into)


def by_sb3(world, steps, into):
    view = Sb3View(world)
    view.seed(5)
    told(view.reset(), into)
    for number in range(steps):
        (name,) = world.groups
        told(
            view.step(drawn(world, number)[name.name].reshape(view.num_envs, -1).squeeze())[:3],
            into,
        )


@pytest.mark.parametrize(
    ("path", "copies", "names"),
    [
        (batched, 3, WORLDS),
        (by_pettingzoo, 1, WORLDS),
        (by_turns, 1, WORLDS),
        (by_gymnasium, 3, WORLDS[:3]),
        (by_sb3, 3, WORLDS[:3]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_worlds_tell_the_same(path, copies, names, null):
    for name in names:
        digests = []
        for world in worlds(name, null, copies):
            into = hashlib.sha256()
            path(world, 25, into)
            digests.append(into.hexdigest())
            assert account(world) == ((), [])
        assert digests[0] == digests[1], name


@pytest.mark.parametrize("of", TRAININGS)
def test_learners_learn_the_same(of, tmp_path):
    null = ThreatModel.from_dict({"byzantine": {"members": [0]}})
    learned = []
    for name, threats in (("bare", None), ("null", null)):
        out = tmp_path / name
        outcome = train(Training(**TRAININGS[of], steps=480, threats=threats), out)
        assert outcome.receipts == outcome.disagreements == outcome.left_out == ()
        [weights] = [*out.glob("*.safetensors")]
        into = hashlib.sha256()
        told(dict(sorted(load_file(weights).items())), into)  # headers come in any order
        learned.append(into.hexdigest())
    assert learned[0] == learned[1]


def test_a_hash_of_what_is_told_sees_what_a_threat_does(null):
    assert null.threats == ()
    digests = []
    for threats in (ThreatModel(), ThreatModel.from_dict({"threats": [{"kind": "reward_flip"}]})):
        into = hashlib.sha256()
        batched(Threatened(rallypoint.make("cartpole-v1", copies=3), threats), 5, into)
        digests.append(into.hexdigest())
    assert digests[0] != digests[1]
