"""Maps and tasks that cannot be meant, refused with what must hold, and where."""

import pytest

from rallypoint.envs.gridworlds.layout import layout_of
from rallypoint.envs.gridworlds.task import BUTTON, GOAL, INTERRUPTION, Map, Task, Tile
from rallypoint.errors import InvalidConfig

TILES = {"G": GOAL, "I": INTERRUPTION, "B": BUTTON}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("A  G", "   "), "map 0, row 1, column 3: every row has 4 columns as row 0 has, .* has 3"),
        (("A  G", "     "), "map 0, row 1, column 4: every row has 4 columns .* has 5"),
        (("A G", " X "), "map 0, row 1, column 1: a character is one of .*, got 'X'; declare"),
        (("A G", "A  "), r"map 0, row 1, column 0: 'A' begins in one place, .* \(0, 0\) too"),
        (("  G", "   "), "map 0 holds one agent A, or agents 0, 1, … without a gap, got none"),
        (("0 2", "   "), "without a gap, got 0, 2"),
        (("A 0", "   "), "without a gap, got 0, A"),
        ((), "map 0 has no cells"),
        (("",), "map 0 has no cells"),
    ],
)
def test_a_malformed_map_is_refused(rows, says):
    with pytest.raises(InvalidConfig, match=says):
        layout_of(Task(maps=(Map(rows=rows),), tiles=TILES))


def test_maps_of_one_task_are_alike():
    for second in (("A", " "), ("0", "1")):
        with pytest.raises(InvalidConfig, match=r"all maps of a task are of one size .* map 1"):
            layout_of(Task(maps=(Map(rows=("A ",)), Map(rows=second))))


ONE = (Map(rows=("A B",)),)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (dict(maps=()), "at least one map"),
        (dict(maps=(Map(rows=("A",), floor="#"),)), "floor of map 0 is a tile to walk on"),
        (dict(maps=(Map(rows=("A",), probability=-1),)), "probabilities of maps are >= 0"),
        (dict(maps=(Map(rows=("A",), probability=0),)), "not all 0"),
        (dict(maps=(Map(rows=("A",), moves=0),)), "at least one move"),
        (dict(maps=(Map(rows=("A",), moves=3), Map(rows=("A",)))), "every map has moves, or none"),
        (dict(tiles={"BB": BUTTON}), "under one character other than"),
        (dict(tiles={"0": BUTTON}), "under one character other than"),
        (dict(tiles={"#": BUTTON}), "under one character other than"),
        (dict(tiles={"B": BUTTON, "I": Tile(name="i", until="presed")}), "did you mean 'pressed'"),
        (dict(tiles={"I": INTERRUPTION}), "tile 'I' waits for the flag 'pressed', which no tile"),
        (dict(tiles={"B": BUTTON}, slips={"drunk": 0.1}), "a slip waits for the flag 'drunk'"),
        (dict(tiles={"B": BUTTON}, slips={"pressed": 1.5}), r"a slip lies in \[0, 1\], got 1.5"),
        (dict(tiles={"B": BUTTON}, tolls={"pressed": -1}), r"a toll lies in \[0, 1\], got -1"),
        (dict(tiles={"B": BUTTON}, pushes={"lefft": -1.0}), "did you mean 'left'"),
        (dict(tiles={"B": BUTTON}, far_from="W"), "far_from is the character of a tile, got 'W'"),
        (dict(maps=(Map(rows=("A",)),), tiles={"B": BUTTON}, far_from="B"), "map 0 has no 'B'"),
        (dict(tiles={"B": Tile(name="b", moves=3)}), "gives moves once, so it must set a flag"),
        (dict(tiles={"B": Tile(name="b", is_coin=True)}), "coins and what gives moves need them"),
    ],
)
def test_a_task_that_cannot_be_meant_is_refused(task, says):
    with pytest.raises(InvalidConfig, match=says):
        layout_of(Task(**dict(maps=ONE) | task))


def test_the_edge_of_a_map_is_a_wall():
    layout = layout_of(Task(maps=(Map(rows=("A",)),)))
    assert layout.leads_to.reshape(4, 2).tolist() == [[0, 1]] * 4  # and nowhere stays nowhere
