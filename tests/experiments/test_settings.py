"""Words become configs, and comments become help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig
from rallypoint.experiments.settings import cells, comments, split, swept_config
from tests.experiments.toy_experiment import ToyConfig


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1", ["1"]),
        ("1,2", ["1", "2"]),
        ("", [""]),
        ("1,", ["1", ""]),
        (",1", ["", "1"]),
        ("[1,2]", ["[1,2]"]),
        ("[1,2],[3]", ["[1,2]", "[3]"]),
        ('{"a":1,"b":2},3', ['{"a":1,"b":2}', "3"]),
        ('"a,b",c', ['"a,b"', "c"]),
    ],
)
def test_values_are_split_at_commas_outside_brackets(text, parts):
    assert split(text) == parts


@given(throws=st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True))
def test_a_sweep_has_a_cell_per_value_in_order(throws):
    setting = f"throws={','.join(map(str, throws))}"
    found = cells(ToyConfig(), [setting])
    assert [cell.config.throws for cell in found] == throws
    assert len({cell.name for cell in found}) == len(throws)
    assert swept_config(ToyConfig(), [setting])["throws"] == (
        throws if len(throws) > 1 else throws[0]
    )


def test_without_settings_there_is_one_cell_with_the_config_itself():
    config = ToyConfig(throws=3)
    (cell,) = cells(config, [])
    assert (cell.name, cell.config) == ("", config)
    assert swept_config(config, []) == to_dict(config)


def test_cells_that_would_share_a_folder_are_refused():
    with pytest.raises(InvalidConfig, match="share a folder"):
        cells(ToyConfig(), ["owner=a:b,a;b"])


def test_a_cell_cannot_leave_its_folder():
    names = [cell.name for cell in cells(ToyConfig(), ["owner=../../x,/etc"])]
    assert names == ["owner=x", "owner=etc"]


def test_comments_behind_fields_are_found():
    assert comments(ToyConfig)["bias"] == "probability of heads"
    assert "owner" not in comments(ToyConfig)


def test_a_config_without_source_has_no_comments():
    namespace = {}
    exec("class Config: pass", namespace)  # noqa: S102 - the point is that there is no file
    assert comments(namespace["Config"]) == {}
