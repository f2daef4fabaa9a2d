"""Tasks of numbers that nobody can mean are refused before any table is made."""

import pytest

from rallypoint.envs.gridworlds.task import GOAL, Map, Task, Tile
from rallypoint.errors import InvalidConfig

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"step_reward": NAN}, "step_reward is a finite number, got nan"),
        ({"decay": INF}, "decay is a finite number, got inf"),
        ({"pushes": {"left": NAN}}, "a push left is a finite number"),
        ({"tiles": {"G": Tile(name="g", reward=-INF)}}, "the reward of tile 'G' is a finite"),
        ({"tiles": {"G": Tile(name="g", performance=NAN)}}, "the performance of tile 'G' is a"),
        (
            {"tiles": {chr(97 + i): Tile(name="f", sets=f"f{i}") for i in range(17)}},
            "at most 16 flags, .* got 17",
        ),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(settings, says):
    with pytest.raises(InvalidConfig, match=says):
        Task(**{"maps": (Map(rows=("AG",)),), "tiles": {"G": GOAL}} | settings)
