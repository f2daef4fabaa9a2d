"""Every registered kind of threat can be used from a file, and acts where it is said to."""

from dataclasses import fields, replace

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import RallypointError
from rallypoint.safety.conformance.rehearsal import rehearse
from rallypoint.safety.conformance.scenes import sample
from rallypoint.safety.conformance.stand_in import Anything
from rallypoint.safety.enforcement.leash import Leash
from rallypoint.safety.frame import Threatened
from rallypoint.safety.in_words import told
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS, SITES, Threat, threats
from rallypoint.safety.updates import UpdateThreats
from rallypoint.safety.updates.leash import UpdateLeash

# The first that suits is taken; what none of them has, such as named places, no default needs.
WORLDS = ("torus-small-v0", "gathering-v0", "matching-game-v0", "island-navigation-v0")
FILE = """
format = 1
[byzantine]
members = [0, 1]
[[threats]]
kind = "{kind}"
when = {{ from = 1 }}
{victims}
"""
WORKERS = tuple(f"worker_{place}" for place in range(7))
SERVERS = ("server_0", "server_1", "server_2")
IN_WORLDS = [kind for kind in threats if threats[kind].site not in OF_ROUNDS]
IN_ROUNDS = [kind for kind in threats if threats[kind].site in OF_ROUNDS]


def model_in(folder, kind, victims=""):
    path = folder / "threats.toml"
    path.write_text(FILE.format(kind=kind, victims=victims))
    return ThreatModel.from_toml(path)


def world_for(model):
    refusals = []
    for name in WORLDS:
        world = rallypoint.make(name, copies=3)
        try:
            rehearse(model, world)
        except RallypointError as error:
            refusals.append(f"{name}: {error}")
        else:
            return world
    raise AssertionError("\n".join(refusals))


def play(env, steps):
    env.reset(seed=0)
    for number in range(steps):
        shapes = {group.name: (env.num_copies, len(group.agents)) for group in env.groups}
        step = env.step(
            {g.name: sample(g.action_space, shapes[g.name], number) for g in env.groups}
        )
        if step.ended.any():
            env.reset(mask=step.ended)


@pytest.mark.parametrize("kind", IN_WORLDS)
def test_every_kind_that_meets_a_world_is_usable_from_a_file(kind, tmp_path):
    # Of all at once a crash from step 1 on would leave nobody to look at.
    model = model_in(tmp_path, kind, 'victims = "byzantine"')
    assert ThreatModel.from_dict(model.to_dict()) == model
    world = world_for(model)
    [one] = told(model, world)
    assert one.threat.kind == kind
    assert all(says for _, says in one.sentences)
    env = Threatened(world, model, policy=Anything(world.groups))
    play(env, 8)
    [receipt] = env.receipts()
    assert receipt.opportunities
    assert receipt.first_step is None or receipt.first_step >= 1
    assert disagreements(model, [receipt]) == []


@pytest.mark.parametrize("kind", IN_ROUNDS)
def test_every_kind_that_meets_updates_or_servers_is_usable_from_a_file(kind, tmp_path):
    is_of_servers = threats[kind].site == "server"
    model = model_in(tmp_path, kind, 'victims = ["server_1"]' if is_of_servers else "")
    assert ThreatModel.from_dict(model.to_dict()) == model
    rehearse(model, rallypoint.make("cartpole-v1", copies=7), WORKERS)
    frame = UpdateThreats(model, contributors=SERVERS if is_of_servers else WORKERS, seed=0)
    n = len(frame.contributors)
    changed = []
    for number in range(6):
        found = np.random.default_rng(number).standard_normal((n, 12))
        sent = frame.apply(
            found,
            round_number=number,
            aggregator=lambda updates: np.median(updates, axis=0),
            parts=n if is_of_servers else 1,
        )
        changed.append(not np.array_equal(sent.updates, found))
    assert not changed[0]
    assert any(changed)
    [receipt] = frame.receipts()
    assert receipt.first_step == 1
    assert disagreements(model, [receipt]) == []


def test_they_act_in_the_order_that_is_told(monkeypatch):
    table = [
        {"kind": "packet_loss"},
        {"kind": "sign_flip"},
        {"kind": "reward_flip"},
        {"kind": "interruption"},
        {"kind": "random_action"},
        {"kind": "wrong_observation"},
        {"kind": "noisy_action"},
        {"kind": "crash", "victims": [0], "mode": "frozen"},
        {"kind": "zero"},
        {"kind": "observation_noise"},
    ]
    model = ThreatModel.from_dict({"byzantine": {"members": [1]}, "threats": table})
    asked = []
    touch, lie = Leash.touch, UpdateLeash.lie
    monkeypatch.setattr(
        Leash, "touch", lambda self, *now: (asked.append(self.threat), touch(self, *now))[1]
    )
    monkeypatch.setattr(
        UpdateLeash, "lie", lambda self, *now: (asked.append(self.threat), lie(self, *now))[1]
    )
    world = rallypoint.make("torus-small-v0", copies=2)
    env = Threatened(world, model.in_world())
    env.reset(seed=0)
    env.step({"agents": np.zeros((2, world.num_agents), dtype=int)})
    UpdateThreats(model.at("update", "transport"), contributors=5, seed=0).apply(
        np.ones((5, 3)), round_number=0
    )
    first = list(dict.fromkeys(asked))
    in_words = told(model, world, world.agents)
    assert [threat.kind for threat in first] == [one.threat.kind for one in in_words]
    assert [SITES.index(one.threat.site) for one in in_words] == sorted(
        SITES.index(threat.site) for threat in model.threats
    )
    assert [one.number for one in in_words] == [7, 5, 9, 4, 6, 3, 2, 1, 8, 0]


@pytest.mark.parametrize("kind", IN_ROUNDS)
def test_whatever_is_set_of_lies_in_rounds_is_told(kind):
    threat = threats[kind]()
    common = {setting.name for setting in fields(Threat)}
    own = [key for key in threat.to_dict() if key not in {*common, "kind"}]
    said = sentences(threat)
    assert [pair.partition(" = ")[0] for pair in said.get("with", "").split(", ") if pair] == own


def test_lies_of_different_sizes_or_ways_are_told_apart():
    kinds = threats["sign_flip"], threats["optimal"], threats["percept_map"]
    flip, optimal, shown = (kind() for kind in kinds)
    assert sentences(replace(flip, factor=2.5))["with"] == "factor = 2.5"
    assert sentences(optimal)["with"] == 'direction = "std", evaluations = 20'
    reverse = sentences(replace(optimal, direction="reverse"))
    assert "against the mean" in reverse["does"]
    assert "with" not in reverse
    assert "with" not in sentences(shown)  # nothing is set


def sentences(threat):
    [one] = told(ThreatModel(threats=(replace(threat, victims="all"),)), rallypoint.make(WORLDS[1]))
    return {sentence.about: sentence.says for sentence in one.sentences}
