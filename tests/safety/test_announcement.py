"""Agents that are told whether they will be interrupted."""

import numpy as np
import pytest
from gymnasium.spaces import Discrete

from rallypoint.errors import InvalidConfig
from rallypoint.safety.announcement import Told
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import actions_at, bits, ground, play


class Cells(ProvingGround):
    """A line on which agents see the number of the cell they stand in, from 5 on."""

    def __init__(self, *, copies):
        super().__init__(copies=copies)
        self.groups = tuple(g._replace(observation_space=Discrete(9, start=5)) for g in self.groups)

    def _observe(self):
        cells = np.clip(np.round(self.places) + 9, 5, 13).astype(np.int16)
        return {"walkers": cells[:, :3], "gliders": cells[:, 3:]}


def told(copies=8, **settings):
    settings = {"draw": "episode", "initiation": {"region": "high"}} | settings
    return Told(Threatened(Cells(copies=copies), [Interruption(**settings)]))


def test_the_bit_is_that_of_the_episode_and_the_rest_is_what_it_was():
    env, bare = told(), told().env
    for group in env.groups:
        assert group.observation_space == Discrete(18)
    seen, plain = env.reset(seed=0), bare.reset(seed=0)
    for step in range(40):
        for group, columns in (("walkers", slice(0, 3)), ("gliders", slice(3, 5))):
            assert (seen[group] % 2 == env.env.will_interrupt[:, columns]).all()
            assert (seen[group] // 2 == plain[group] - 5).all()
            assert env.groups[0].observation_space.contains(seen[group].flat[0])
        done, other = env.step(actions_at(env, step)), bare.step(actions_at(bare, step))
        assert (done.rewards == other.rewards).all()
        seen, plain = done.observations, other.observations
        if done.ended.any():
            seen, plain = env.reset(mask=done.ended), bare.reset(mask=done.ended)


def test_a_partial_reset_leaves_other_copies_as_they_were():
    env = told()
    before = env.reset(seed=0)
    mask = np.arange(8) < 4
    after = env.reset(mask=mask)
    assert all((after[group][~mask] == before[group][~mask]).all() for group in before)
    assert any((after[group][mask] % 2 != before[group][mask] % 2).any() for group in before)


def test_what_is_told_survives_snapshots_and_removals():
    env, other = told(), told()
    list(play(env, 5))
    snapshot = env.snapshot()
    ahead = bits(play(env, 20, seed=None, first=5))
    seen = other.restore(snapshot)
    assert (seen["walkers"] % 2 == other.env.will_interrupt[:, :3]).all()
    assert bits(play(other, 20, seed=None, first=5)) == ahead
    seen = other.remove(np.zeros((8, 5), dtype=bool))
    assert (seen["walkers"] % 2 == other.env.will_interrupt[:, :3]).all()


def test_only_numbers_can_carry_the_bit_and_only_worlds_under_threats_have_it():
    with pytest.raises(InvalidConfig, match="group 'walkers' of proving-ground-v0 sees Box"):
        Told(Threatened(ground(), [Interruption()]))
    with pytest.raises(InvalidConfig, match="a world under threats"):
        Told(Cells(copies=1))


def test_what_is_told_can_be_recorded_from_the_inside_only():
    threatened = Threatened(Cells(copies=5), [Interruption(draw="episode")])
    env = Told(Recorder(threatened))
    list(play(env, 20))
    assert env.env.finish() == []
    assert env.env.parts[0].will_interrupt.any()
    with pytest.raises(InvalidConfig, match="Told stands between; put it around the recorder"):
        Recorder(Told(Threatened(Cells(copies=5), [Interruption()])))
