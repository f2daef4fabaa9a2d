"""Tasks for hypothesis to try: maps at random, and tiles that do all there is to do."""

from hypothesis import strategies as st

from rallypoint.envs.gridworlds.task import BUTTON, GOAL, INTERRUPTION, MOVES, Map, Task, Tile

TILES = {
    "G": GOAL,
    "B": BUTTON,
    "I": INTERRUPTION,
    "P": Tile(name="price", reward=-3.0, performance=-5.0, is_region=True),
    "W": Tile(name="wine", reward=2.0, sets="merry", until="merry", looks="P", is_region=True),
    "Q": Tile(name="quiet", reward=-1.0, looks="I"),  # looks like a region, and is none
    "L": Tile(name="lava", reward=-9.0, ends=True, is_hazard=True),
    "D": Tile(name="door", is_wall=True, until="pressed"),
}
TIMED_TILES = {
    "C": Tile(name="coin", reward=4.0, is_coin=True, sets="taken", until="taken"),
    "T": Tile(name="time", sets="late", moves=3),
}
SHARES = st.sampled_from([0.0, 0.25, 1.0])


@st.composite
def tasks(draw):
    """Draw a task with one to four agents on one or two maps, and a seed for actions."""
    height, width = draw(st.integers(2, 4)), draw(st.integers(2, 5))
    num_agents = draw(st.integers(1, 4))
    is_timed = draw(st.booleans())
    tiles = TILES | (TIMED_TILES if is_timed else {})
    characters = st.sampled_from(["#", *[" "] * 8, *tiles])
    maps = []
    for _ in range(draw(st.integers(1, 2))):
        cells = draw(st.lists(characters, min_size=height * width, max_size=height * width))
        places = draw(st.permutations(range(height * width)))[:num_agents]
        for agent, place in enumerate(places):
            cells[place] = str(agent)
        rows = tuple("".join(cells[r * width : (r + 1) * width]) for r in range(height))
        moves = draw(st.integers(1, 9)) if is_timed else None
        odds = draw(st.sampled_from([1.0, 3.0]))
        maps.append(
            Map(rows=rows, moves=moves, probability=odds, floor=draw(st.sampled_from(" P")))
        )
    task = Task(
        maps=tuple(maps),
        tiles=tiles,
        step_reward=draw(st.sampled_from([-1.0, 0.0])),
        pushes=draw(st.dictionaries(st.sampled_from(list(MOVES)), st.just(-2.0))),
        slips={"merry": draw(SHARES)},
        tolls={"pressed": draw(SHARES), "merry": draw(SHARES)},
        decay=0.9 if is_timed else 1.0,
        time_limit=10,
    )
    return task, draw(st.integers(0, 2**32))
