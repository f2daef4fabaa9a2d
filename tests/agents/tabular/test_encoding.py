"""From what agents see to rows of tables."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

import rallypoint
from rallypoint.agents.tabular.encoding import Index, Sectors, encoding_for, refuse_unread
from rallypoint.errors import InvalidConfig
from tests.agents.tabular.small_worlds import Wander


def test_numbers_are_counted_from_the_lowest():
    encoding = Index(states=4, first=-1)
    assert encoding(np.array([[-1, 2]])).tolist() == [[0, 3]]
    assert encoding.num_states == 4


def test_discrete_worlds_are_numbered_with_a_row_for_each_number_of_any_group():
    env = Wander(unlike=True)
    first, second = env.groups
    env.groups = (
        first._replace(observation_space=Discrete(3, start=-2)),
        second._replace(observation_space=Discrete(4, start=1)),
    )
    assert encoding_for(env) == Index(states=7, first=-2)
    refuse_unread(env, encoding_for(env))


@pytest.mark.parametrize(
    ("space", "reads"),
    [
        (Discrete(5), True),
        (Discrete(2, start=3), True),
        (Discrete(6), False),
        (Discrete(2, start=-1), False),
        (Box(0, 4, (1,), np.int64), False),
    ],
    ids=repr,
)
def test_it_reads_spaces_whose_numbers_all_have_a_row(space, reads):
    assert Index(states=5).reads(space) is reads


def test_the_ring_is_numbered_by_sectors_and_reads_its_own_size_only():
    env = rallypoint.make("gathering-v0", cells=21)
    assert encoding_for(env) == Sectors(cells=21)
    with pytest.raises(InvalidConfig, match="encoding_for"):
        refuse_unread(env, Sectors())


def test_what_nothing_numbers_is_refused_by_the_name_of_the_world():
    with pytest.raises(InvalidConfig, match="torus-v0"):
        encoding_for(rallypoint.make("torus-v0"))


def test_a_number_of_states_that_there_cannot_be_is_refused():
    with pytest.raises(InvalidConfig, match="states"):
        Index(states=0)
