"""Tables in files, and policies that act by them."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy import stats

from rallypoint import make
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import Index, Sectors
from rallypoint.agents.tabular.tables import (
    TabularPolicy,
    load_tables,
    refuse_no_numbers,
    save_tables,
    tables_file,
)
from rallypoint.draws import Draws
from rallypoint.errors import Diverged, InvalidConfig, UnreadableFile, UnwritablePath
from tests.agents.tabular.small_worlds import STATES, Wander


@pytest.fixture
def tables(rng):
    return rng.normal(size=(2, Sectors().num_states, 3))


def test_tables_come_back_as_they_were_saved(tmp_path, tables):
    path = tmp_path / "deep" / "tables.safetensors"
    save_tables(path, tables, Sectors(cells=21), seed=4)
    loaded, encoding = load_tables(path)
    np.testing.assert_array_equal(loaded, tables)
    assert encoding == Sectors(cells=21)


def test_equal_tables_are_equal_files(tables):
    assert len({tables_file(tables, Sectors(cells=21), learner="mine") for _ in range(20)}) == 1


@pytest.mark.parametrize(
    "content", [b"", b"not a table", b"\x10" + b"\0" * 7 + b"{}", b"\xff" * 64]
)
def test_a_corrupt_file_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"broken\.safetensors"):
        load_tables(path)


def test_a_truncated_file_is_refused(tmp_path, tables):
    path = tmp_path / "short.safetensors"
    save_tables(path, tables, Sectors())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFile, match="no readable table file"):
        load_tables(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="nowhere"):
        load_tables(tmp_path / "nowhere.safetensors")


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"weights": np.zeros(3)}, path)
    with pytest.raises(UnreadableFile, match="holds no tables of this version"):
        load_tables(path)


def test_tables_that_are_not_finite_are_refused(tmp_path, tables):
    path = tmp_path / "nan.safetensors"
    tables[0, 0, 0] = np.nan
    with pytest.raises(InvalidConfig, match="tables are finite numbers"):
        save_tables(path, tables, Sectors())
    assert not path.exists()
    metadata = {
        "format": "rallypoint-tables-1",
        "encoding": "sectors",
        "encoding_settings": '{"cells": 13}',
    }
    save_file({"tables": tables}, path, metadata=metadata)
    with pytest.raises(UnreadableFile, match=r"nan.safetensors are finite numbers"):
        load_tables(path)


@pytest.mark.parametrize(
    "laid_out",
    [np.asfortranarray, lambda t: t.astype(">f8"), lambda t: np.repeat(t, 2, axis=2)[:, :, ::2]],
    ids=["by columns", "big-endian", "with gaps"],
)
def test_tables_come_back_however_they_lie_in_memory(tmp_path, rng, laid_out):
    tables = rng.normal(size=(2, 5, 3))
    save_tables(tmp_path / "tables.safetensors", laid_out(tables), Index(states=5))
    loaded, _ = load_tables(tmp_path / "tables.safetensors")
    np.testing.assert_array_equal(loaded, tables)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ((0, slice(None), 0), "the last ones"),  # not the last
        ((0, 3, 2), "in all of its states"),
        ((1, slice(None), slice(None)), "never all of them"),
    ],
)
def test_what_could_not_be_read_again_is_not_saved(tmp_path, rng, where, says):
    tables = rng.normal(size=(2, 5, 3))
    tables[where] = -np.inf
    with pytest.raises(InvalidConfig, match=says):
        save_tables(tmp_path / "tables.safetensors", tables, Index(states=5))
    with pytest.raises(InvalidConfig, match=r"4 states, actions\), got \(2, 5, 3\)"):
        save_tables(tmp_path / "tables.safetensors", tables, Index(states=4))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("settings", ['{"states": 5, "first": "a"}', '{"states": 5.5}', "[5]"])
def test_settings_of_an_encoding_that_cannot_be_are_refused(tmp_path, rng, settings):
    metadata = {
        "format": "rallypoint-tables-1",
        "encoding": "index",
        "encoding_settings": settings,
    }
    save_file({"tables": rng.normal(size=(2, 5, 3))}, tmp_path / "t", metadata=metadata)
    with pytest.raises(UnreadableFile, match="do not fit 'index'"):
        load_tables(tmp_path / "t")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_was_learned_and_is_no_number_is_refused_with_whose_it_is(wrong):
    tables = np.zeros((2, 3, 4, 2))
    tables[1, 2, :, 1] = -np.inf  # an action that this agent does not have
    refuse_no_numbers(make("gathering-v0", num_agents=3), tables)
    tables[0, 1, 3, 0] = wrong
    with pytest.raises(Diverged, match="agent_1 learned in gathering-v0, number 0"):
        refuse_no_numbers(make("gathering-v0", num_agents=3), tables)


def test_a_place_that_cannot_be_written_to_is_refused_and_left_clean(tmp_path, tables):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritablePath, match="cannot write"):
        save_tables(tmp_path / "file" / "tables.safetensors", tables, Sectors())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_agent_i_acts_by_table_i_modulo_their_number_and_copies_by_their_replicate():
    num_states = Sectors().num_states
    tables = np.zeros((2, 2, num_states, 3))
    for replicate in range(2):
        for agent in range(2):
            tables[replicate, agent, :, (replicate + agent) % 3] = 1
    policy = TabularPolicy(tables, Sectors(), replicates=np.array([1, 0, 1]))
    seen = {"agents": np.ones((3, 5, 13), dtype=np.float32)}
    actions = policy.act(seen, Draws(0, "test/policy", range(3)))["agents"]
    assert actions.tolist() == [[1, 2, 1, 2, 1], [0, 1, 0, 1, 0], [1, 2, 1, 2, 1]]


def test_tables_that_do_not_fit_the_encoding_are_refused():
    with pytest.raises(InvalidConfig, match="3003 states"):
        TabularPolicy(np.zeros((1, 2, 5, 3)), Sectors())


def test_ties_that_are_none_are_refused():
    with pytest.raises(InvalidConfig, match="ties is one of 'lowest', 'random', got 'lowes'"):
        TabularPolicy(np.zeros((1, 1, 5, 2)), Index(states=5), ties="lowes")


def test_an_exploration_that_is_no_probability_is_refused():
    with pytest.raises(InvalidConfig, match="probability"):
        TabularPolicy(np.zeros((1, 1, 3003, 3)), Sectors(), epsilon=2.0)


def test_actions_that_an_agent_lacks_come_back_as_none(tmp_path, rng):
    tables = rng.normal(size=(2, 5, 4))
    tables[0, :, 2:] = -np.inf
    save_tables(tmp_path / "tables.safetensors", tables, Index(states=5))
    loaded, _ = load_tables(tmp_path / "tables.safetensors")
    np.testing.assert_array_equal(loaded, tables)


@pytest.mark.parametrize("counts", ["[2]", "[2, 9]", "[0, 4]", '"two"', "[2, true]", "7"])
def test_numbers_of_actions_that_cannot_be_are_refused(tmp_path, rng, counts):
    path = tmp_path / "tables.safetensors"
    metadata = {
        "format": "rallypoint-tables-1",
        "encoding": "index",
        "encoding_settings": '{"states": 5}',
        "num_actions": counts,
    }
    save_file({"tables": rng.normal(size=(2, 5, 4))}, path, metadata=metadata)
    with pytest.raises(UnreadableFile, match="num_actions"):
        load_tables(path)


def test_agents_of_unlike_groups_act_by_columns_of_the_world(rng):
    env = Wander(unlike=True, copies=300)
    tables = np.zeros((1, 2, STATES, 3))
    tables[0, 0, :, 2] = -np.inf
    tables[0, :, :, 1] = 1
    policy = TabularPolicy(tables, Index(states=STATES), columns=Columns.of(env), epsilon=0.5)
    actions = policy.act(env.reset(0), Draws(0, "test/unlike", range(300)))
    assert set(np.unique(actions["agent_0"])) == {1, 2}
    assert set(np.unique(actions["agent_1"])) == {1, 2, 3}
    assert (actions["agent_0"] == 2).mean() > 0.6


def test_preferences_are_acted_by_in_proportion_to_their_exponentials():
    env = Wander(copies=4000, num_agents=1)
    tables = np.log(np.broadcast_to([1.0, 2.0, 5.0], (1, 1, STATES, 3)))
    policy = TabularPolicy(
        tables, Index(states=STATES), columns=Columns.of(env), epsilon=0.2, softmax=True
    )
    actions = policy.act(env.reset(0), Draws(0, "test/softmax", range(4000)))["agents"]
    counts = np.bincount(actions.ravel(), minlength=3)
    expected = 4000 * (0.8 * np.array([1, 2, 5]) / 8 + 0.2 / 3)
    assert stats.chisquare(counts, expected).pvalue > 1e-4


@pytest.mark.parametrize("shape", [(1, 2, STATES, 2), (1, 1, STATES, 3)])
def test_tables_that_do_not_fit_the_agents_are_refused(shape):
    columns = Columns.of(Wander(unlike=True))
    with pytest.raises(InvalidConfig, match="do not fit"):
        TabularPolicy(np.zeros(shape), Index(states=STATES), columns=columns)
