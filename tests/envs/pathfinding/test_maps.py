"""Maps: in one piece, with room for all, and as dense as they should be."""

import numpy as np
import pytest

from rallypoint.draws import Draws
from rallypoint.envs.pathfinding.dynamics import FAR, distances_to
from rallypoint.envs.pathfinding.maps import check_room, drawn, largest_piece
from rallypoint.errors import InvalidConfig


def some(copies=300, mask=None, **settings):
    every = np.ones(copies, dtype=bool)
    asked = {"num_agents": 4, "size": 8, "density": 0.3, "border": 2} | settings
    draws = Draws(0, "test/maps", range(copies))
    return drawn(draws, every if mask is None else mask, **asked)


@pytest.mark.parametrize(
    "settings", [{}, {"size": 4, "density": 0.4, "num_agents": 2}], ids=["usual", "narrow"]
)
def test_every_goal_can_be_reached_and_nobody_starts_on_one(settings):
    found = some(**settings)
    own = distances_to(found.goals, found.walls)
    ways = np.take_along_axis(own, found.starts[..., None], axis=2)
    assert (ways > 0).all()
    assert (ways < FAR).all()
    cells = np.concatenate([found.starts, found.goals], axis=1)
    assert all(len(set(row)) == len(row) for row in cells.tolist())
    free = ~found.walls[:, None]
    assert ((own < FAR) == free).all()  # the map is one piece


def test_maps_have_a_border_of_walls_and_the_density_asked_for():
    walls = some(2000).walls.reshape(-1, 12, 12)
    inside = walls[:, 2:-2, 2:-2]
    assert walls.sum() - inside.sum() == 2000 * (144 - 64)
    # What is cut off is filled up, so that there are rather more than drawn.
    assert 0.3 <= inside.mean() < 0.4
    assert not some(5, density=0.0).walls.reshape(-1, 12, 12)[:, 2:-2, 2:-2].any()


def test_a_copy_has_its_map_whichever_others_are_drawn():
    whole = some(40)
    some_rows = np.arange(40) % 3 == 0
    part = some(40, some_rows)
    for one, other in zip(whole, part, strict=True):
        assert (one[some_rows] == other).all()


def test_the_largest_piece_is_that_of_a_search(rng):
    free = rng.random((200, 6, 6)) < 0.5
    for copy, kept in zip(free, largest_piece(free), strict=True):
        pieces, left = [], {tuple(cell) for cell in np.argwhere(copy)}
        while left:
            piece, front = set(), [min(left)]
            while front:
                y, x = cell = front.pop()
                if cell in left:
                    left.remove(cell)
                    piece.add(cell)
                    front += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
            pieces.append(piece)
        largest = max((len(piece) for piece in pieces), default=0)
        assert {tuple(cell) for cell in np.argwhere(kept)} in [
            piece for piece in [*pieces, set()] if len(piece) == largest
        ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 8, 0.3), "num_agents is an integer >= 1"),
        ((4, 2, 0.3), "size is an integer >= 3"),
        ((4, 8, 0.5), r"density is the share of obstacles, in \[0, 0.4\]"),
        ((4, 8, -0.1), "density"),
        ((12, 8, 0.3), "12 agents need 12 starts and as many goals"),
    ],
)
def test_maps_without_room_are_refused(settings, message):
    with pytest.raises(InvalidConfig, match=message):
        check_room(*settings)
