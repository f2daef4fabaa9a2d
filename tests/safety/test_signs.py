"""Who waits for a sign acts where it was perceived, nowhere else, and as often as declared."""

from dataclasses import replace

import numpy as np
import pytest
from gymnasium.spaces import Discrete

import rallypoint
from rallypoint.draws import Draws
from rallypoint.safety.audit import Audit
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threat_model import ThreatModel

SIGN = {"entries": [0, 2], "values": [1.0, 0.5]}
TRIGGER = {"kind": "trigger", "victims": [1, 2], "when": {"every": 2}} | SIGN
ACTS = {"kind": "backdoor_action", "victims": [1, 2, 3]} | SIGN
PRAISES = {"kind": "poison_reward", "victims": [1, 2, 3]} | SIGN
SWAPS = {"kind": "percept_map", "swap": [0, 1]}
NEAR = {"neighbours": "any", "episode": 2.0}  # what is too far is cut, and counts as done
WAITING = {
    "acts": ("torus-small-v0", [TRIGGER, ACTS], 1),
    "praises": ("torus-small-v0", [TRIGGER, PRAISES], 1),
    "both": ("torus-small-v0", [ACTS, PRAISES, TRIGGER], 0),
    "at times": ("torus-small-v0", [TRIGGER, ACTS | {"when": {"from": 2, "probability": 0.5}}], 1),
    "swaps": ("two-state-v0", [SWAPS], 0),
    "swaps within reach": ("two-state-v0", [SWAPS | {"budget": {"reach": NEAR}}], 0),
    "swaps at times": ("two-state-v0", [SWAPS | {"when": {"probability": 0.5}}], 0),
}


def played(env_id, tables, copies=4, steps=60):
    model = ThreatModel.from_dict({"threats": tables})
    env = Recorder(Threatened(rallypoint.make(env_id, copies=copies, max_cycles=20), model))
    env.reset(seed=0)
    (group,) = env.groups
    count = group.action_space.n
    for number in range(steps):
        drawn = Draws(number, "test/signs", env.copies).random((len(group.agents),))
        step = env.step({group.name: (drawn * count).astype(np.int64) + group.action_space.start})
        if step.ended.any():
            env.reset(mask=step.ended)
    return model, env, env.finish()


def audited(model, env, parts=None):
    audit = Audit(model, env)
    for part in env.parts if parts is None else parts:
        audit.add(part)
    return audit


@pytest.mark.parametrize(("env_id", "tables", "place"), WAITING.values(), ids=WAITING)
def test_who_did_more_or_less_than_its_sign_asked_for_is_found(env_id, tables, place):
    model, env, wrong = played(env_id, tables)
    assert wrong == []
    receipts = list(env.env.receipts())
    shown = audited(model, env)
    assert shown.faults(receipts) == []
    told = receipts[place]
    assert sum(told.applications.values()) > 20
    agent, most = max(told.applications.items(), key=lambda pair: pair[1])
    for count in (0, most // 4, 3 * most):
        forged = replace(told, applications={**told.applications, agent: count})
        assert shown.faults([*receipts[:place], forged, *receipts[place + 1 :]]), count


def test_budgets_and_shares_only_keep_it_from_acting_more_often():
    for limits in ({"budget": {"steps_per_episode": 3}}, {"victims": {"count": 2}}):
        model, env, wrong = played("torus-small-v0", [TRIGGER, ACTS | limits])
        assert wrong == []
        trigger, told = env.env.receipts()
        shown = audited(model, env)
        assert shown.faults([trigger, told]) == []
        more = dict.fromkeys(told.applications, 10**4)
        assert any(
            "where its sign was perceived" in fault
            for fault in shown.faults([trigger, replace(told, applications=more)])
        )


def test_a_map_of_what_another_map_shows_is_not_held_against_what_is_true():
    maps = [{"kind": "percept_map", "shows": [pair]} for pair in ([0, 1], [1, 0])]
    _, env, wrong = played("two-state-v0", maps)
    assert wrong == []
    assert all(sum(told.applications.values()) > 20 for told in env.env.receipts())


@pytest.mark.parametrize("name", ["acts", "praises"])
def test_a_deed_where_no_sign_was_perceived_is_by_nobody(name):
    env_id, tables, _ = WAITING[name]
    model, env, _ = played(env_id, tables)
    [part] = env.parts
    hidden = {group: np.zeros_like(shown) for group, shown in part.observations.items()}
    faults = audited(model, env, [replace(part, observations=hidden)]).faults(env.env.receipts())
    assert any("by no threat that may act there" in fault for fault in faults)


def test_a_percept_that_no_map_changes_and_another_is_shown_for_is_by_nobody():
    model, env, wrong = played("two-state-v0", [{"kind": "percept_map", "shows": [[0, 1]]}])
    assert wrong == []
    [part] = env.parts
    assert audited(model, env).faults(env.env.receipts()) == []
    for number in (1, 7):  # 7 is no percept: whoever wrote the file may have written anything
        true = {name: np.full_like(seen, number) for name, seen in part.observations.items()}
        shown = {name: np.zeros_like(seen) for name, seen in true.items()}
        forged = replace(part, observations=shown, true_observations=true)
        faults = audited(model, env, [forged]).faults(env.env.receipts())
        assert any("by no threat that may act there" in fault for fault in faults), number


def test_a_group_that_sees_fewer_numbers_than_a_map_of_another_has_is_not_asked():
    world = rallypoint.make("two-car-road-v0", copies=3)
    follower, leader = world.groups
    world.groups = (follower, leader._replace(observation_space=Discrete(6)))
    swap = {"kind": "percept_map", "swap": [0, 5], "victims": [leader.agents[0]]}
    env = Recorder(Threatened(world, ThreatModel.from_dict({"threats": [swap]})))
    env.reset(seed=0)
    for _ in range(10):
        step = env.step({name: np.zeros((3, 1), dtype=np.int64) for name in ("follower", "leader")})
        if step.ended.any():
            env.reset(mask=step.ended)
    assert env.finish() == []
    assert sum(env.env.receipts()[0].applications.values()) > 0
