"""What a frame asks of threats and of the world at each step, and what it need not ask twice."""

import numpy as np
import pytest

import rallypoint
from rallypoint.errors import NotConformant
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats import Proposal, Threat
from rallypoint.safety.threats.interruption import Interruption
from rallypoint.wrapper import BatchWrapper

BRAKED = {"initiation": {"region": "close"}, "theta": 0.7, "policy": {"action": 1}}
LEADER = 1


class Counting(BatchWrapper):
    """A world that counts how often it is asked where everybody is."""

    asked = 0

    def regions(self):
        self.asked += 1
        return self.env.regions()


class Hoarder(Threat):
    """Puts more into what it remembers than it began with, in the very dict it was given."""

    kind = "hoarder"
    site = "interruption"

    def init(self, E, N):
        return {"steps": np.zeros(E)}

    def apply(self, state, known, draws):
        state["more"] = state["steps"]
        nobody = np.zeros(known.opportunities.shape, dtype=bool)
        return Proposal(nobody, np.zeros(nobody.shape, dtype=np.int64)), state


def road():
    return rallypoint.make("two-car-road-v0", copies=8)


def played(env, steps=40):
    """Return who was interrupted at each step: (T, E, N)."""
    env.reset(seed=3)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(steps):
        actions = {
            group.name: rng.integers(group.action_space.n, size=(8, len(group.agents)))
            for group in env.groups
        }
        found.append(env.step(actions).infos["interrupted"])
    return np.array(found)


def test_who_else_is_a_victim_does_not_change_when_one_is_interrupted():
    always = BRAKED | {"initiation": "always"}
    alone, everybody = (
        played(Threatened(road(), Interruption(victims=victims, **always)))
        for victims in ((LEADER,), "all")
    )
    assert alone[..., LEADER].any()
    assert (alone[..., LEADER] == everybody[..., LEADER]).all()
    assert everybody[..., 1 - LEADER].any()
    assert not alone[..., 1 - LEADER].any()


def test_an_interruption_is_not_asked_about_groups_without_victims():
    env = Threatened(road(), Interruption(victims=(LEADER,), **BRAKED))
    played(env)
    used = {
        name.split("/")[-2]: places
        for name, places in env.snapshot().items()
        if "draws/own/" in name and name.endswith("/places")
    }
    assert used.keys() == {group.name for group in env.groups}
    follower, leader = (used[group.name] for group in env.groups)
    assert (leader > 0).all()
    assert (follower == 0).all()


def test_a_world_is_asked_where_everybody_is_once_a_step_for_all_threats_and_groups():
    env = Counting(road())
    played(Threatened(env, [Interruption(**BRAKED), Interruption(**BRAKED)]), steps=25)
    # Beside the steps: each threat looks once, when it is fitted, whether there is such a region.
    assert env.asked == 25 + 2


def test_what_a_threat_remembers_cannot_grow_in_its_own_hands():
    env = Threatened(road(), Hoarder())
    with pytest.raises(NotConformant, match="must keep the state it was given"):
        played(env, steps=1)
