"""The one loop in which a policy meets a world."""

import numpy as np

import rallypoint
from rallypoint.agents.episodes import play
from rallypoint.agents.rules import CircularMean
from rallypoint.draws import Draws
from rallypoint.envs.batch import World
from rallypoint.envs.film import record
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.crash import Crash
from tests.envs.views.test_slots import Always
from tests.envs.views.worlds import NEVER, Schedule


class Apart(Schedule):
    """Copies last 2, 3 and 5 steps, in every episode."""

    def _advance(self, actions):
        rewards, _, infos = super()._advance(actions)
        over = self._elapsed + 1 == np.array([2, 3, 5])
        return rewards, self._alive & over[:, None], infos


class Remembering(Always):
    """Is told where episodes begin, and keeps what it drew."""

    def __init__(self):
        super().__init__(agents=0)
        self.told = []

    def begin_episode(self, mask):
        self.told.append(None if mask is None else mask.tolist())


def apart(**settings) -> World:
    return Apart(copies=3, max_cycles=None, **settings)


def test_copies_that_end_apart_are_played_until_each_has_ended_once():
    policy = Remembering()
    moments = list(play(apart(), policy, Draws(0, "test/play", range(3)), seed=0))
    assert [moment.time for moment in moments] == [0, 1, 2, 3, 4]
    assert sum(moment.in_first_episode.astype(int) for moment in moments).tolist() == [2, 3, 5]
    seen = [moment.observations["agents"][:, 0, 0].tolist() for moment in moments]
    assert seen == [[0, 0, 0], [1, 1, 1], [0, 2, 2], [1, 0, 3], [0, 1, 4]]
    first, second = [True, False, False], [False, True, False]
    assert policy.told == [None, first, second, first]


def test_a_copys_draws_begin_anew_with_its_episode():
    policy = Remembering()
    list(play(apart(), policy, Draws(0, "test/play", range(3)), seed=0))
    drawn = np.array(policy.numbers)  # (5, 3)
    for copy, lengths in enumerate(([2, 2, 1], [3, 2], [5])):
        alone = Draws(0, "test/play", [copy])
        expected = []
        for length in lengths:
            alone.begin_episode()
            expected += [float(alone.random()[0]) for _ in range(length)]
        assert drawn[:, copy].tolist() == expected


def test_where_copies_end_together_each_step_counts_and_draws_are_of_one_episode():
    policy = Remembering()
    env = Schedule(copies=2, max_cycles=4)
    moments = list(play(env, policy, Draws(0, "test/play", range(2)), seed=0))
    assert len(moments) == 4
    assert all(moment.in_first_episode.all() for moment in moments)
    assert policy.told == [None]
    draws = Draws(0, "test/play", range(2))
    draws.begin_episode()
    assert np.array_equal(policy.numbers, [draws.random() for _ in range(4)])


def test_a_world_that_threats_empty_at_different_times_comes_to_an_end():
    world = rallypoint.make("gathering-v0", copies=8, num_agents=2, cells=5)
    env = Threatened(world, Crash(when={"from": 1, "probability": 0.3}))
    draws = Draws(0, "test/play", env.copies)
    moments = list(play(env, CircularMean(), draws, seed=0))
    lengths = np.sum([moment.in_first_episode for moment in moments], axis=0)
    assert len(moments) == lengths.max() <= 25
    assert len(set(lengths.tolist())) > 1


def test_a_film_tells_a_policy_that_remembers_where_episodes_begin():
    policy = Remembering()
    assert len(record(apart(render_mode="rgb_array"), policy, copy=2, seed=0)) == 6
    first, second = [True, False, False], [False, True, False]
    assert policy.told == [None, first, second, first]


def test_an_agent_that_never_dies_is_played_until_the_time_limit():
    env = Schedule(dies=(NEVER, 2), max_cycles=6)
    assert len(list(play(env, Remembering(), Draws(0, "test/play", [0]), seed=0))) == 6
