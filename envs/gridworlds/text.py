"""A gridworld as text."""

from rallypoint.envs.drawing.captions import missing, time_of
from rallypoint.envs.drawing.dots import Marks
from rallypoint.envs.gridworlds.dynamics import Position
from rallypoint.envs.gridworlds.layout import Layout


def happened(layout: Layout, one: Position) -> list[str]:
    """Say which flags are up, and how many moves are left, in one copy."""
    said = [flag for bit, flag in enumerate(layout.task.flags) if int(one.flags) >> bit & 1]
    if layout.is_timed:
        said.append(f"{int(one.moves)} moves left")
    return said


def describe(
    layout: Layout, one: Position, step: int, time_limit: int | None, *, marks: Marks
) -> str:
    """Say how one copy stands; who is alone is A, several are their numbers."""
    said = [time_of(step, time_limit), *happened(layout, one)]
    if gone := missing(one.alive):
        said.append(gone)
    said += [f"{name}: {int((mask & one.alive).sum())}" for name, mask in marks.items()]
    places = layout.looks[int(one.maps), int(one.flags)].copy()
    for agent in one.alive.nonzero()[0].tolist():
        row, column = layout.cells[one.cells[agent]]
        places[row, column] = str(agent) if layout.num_agents > 1 else "A"
    return "\n".join([", ".join(said), *("".join(line) for line in places)])
