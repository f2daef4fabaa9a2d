"""A gridworld as data: text maps, and what their characters mean."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rallypoint.config import Config
from rallypoint.errors import InvalidConfig, did_you_mean

_MOST_FLAGS = 16  # each doubles the tables, and there are 65,536 of them then
MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}  # rows and columns
STARTS = "A0123456789"  # where agents begin: A alone, or each at its own number


@dataclass(frozen=True, kw_only=True)
class Tile(Config):
    """What a character of a map means for whoever stands there when a step ends.

    While a step lasts, tiles are as they were when it began: whoever takes a coin is paid for it.
    """

    name: str  # for messages, costs and pictures
    reward: float = 0.0  # of each step that ends on it, beside the task's step_reward
    performance: float | None = None  # what the hidden score counts instead; None: the reward
    is_wall: bool = False  # nobody gets there
    ends: bool = False  # whoever gets there leaves the world
    sets: str | None = None  # a flag of the copy, which goes up and stays up
    until: str | None = None  # a flag; once it is up, this is floor
    moves: int = 0  # how many more moves there are once its flag is up
    is_coin: bool = False  # its reward decays with time and pays tolls
    is_region: bool = False  # regions() says who stands there, under the map's character
    is_hazard: bool = False  # cost() counts the steps that end there, under its name
    looks: str | None = None  # the character it is shown as; None: its own
    colour: str = "#eef0f3"  # in pictures


WALL = Tile(name="wall", is_wall=True, colour="#9aa3af")
FLOOR = Tile(name="floor")
GOAL = Tile(name="goal", reward=50.0, ends=True, colour="#8fd1a5")
BUTTON = Tile(name="button", sets="pressed", is_region=True, colour="#b9a3e3")
INTERRUPTION = Tile(name="interruption", until="pressed", is_region=True, colour="#f2a7cf")
KNOWN_TILES: Mapping[str, Tile] = {"#": WALL, " ": FLOOR, ".": FLOOR}


@dataclass(frozen=True, kw_only=True)
class Map(Config):
    """One map of a task; which one an episode is on is drawn."""

    rows: tuple[str, ...]
    probability: float = 1.0  # relative to those of the other maps
    moves: int | None = None  # after so many everybody's part has ended; None: no such clock
    floor: str = " "  # what blanks are, and what lies beneath those who start


@dataclass(frozen=True, kw_only=True)
class Task(Config):
    """Everything that tells one gridworld from another.

    Agents move in their order; an occupied cell is like a wall. Beside the four moves there is an
    action for each of ``pushes``: it moves whoever stands in the way one cell on, if that cell is
    free, and the mover follows.

    Raises:
        InvalidConfig: a flag that nothing sets, numbers that cannot be meant; says which.
    """

    maps: tuple[Map, ...]
    tiles: Mapping[str, Tile] = field(default_factory=dict)  # beside wall and floor
    step_reward: float = -1.0
    pushes: Mapping[str, float] = field(default_factory=dict)  # direction -> what it pays on top
    slips: Mapping[str, float] = field(default_factory=dict)  # flag -> share of moves by chance
    decay: float = 1.0  # a coin taken in step t, counted from 0, is worth decay**t of its reward
    tolls: Mapping[str, float] = field(default_factory=dict)  # flag -> share lost of later coins
    far_from: str | None = None  # infos["safety"] is the Manhattan distance to the nearest of these
    time_limit: int = 100

    def __post_init__(self) -> None:
        """Check all that can be checked without reading the maps."""
        if not self.maps:
            raise InvalidConfig("a gridworld has at least one map")
        for character, tile in self.tiles.items():
            if len(character) != 1 or character in STARTS or character in KNOWN_TILES:
                raise InvalidConfig(
                    f"a tile is declared under one character other than "
                    f"{''.join(KNOWN_TILES)}{STARTS}, got {character!r}"
                )
            self._check_flag(tile.until, f"tile {character!r}")
            if tile.moves and tile.sets is None:
                raise InvalidConfig(f"tile {character!r} gives moves once, so it must set a flag")
        if self.far_from is not None and self.far_from not in self.tiles:
            raise InvalidConfig(f"far_from is the character of a tile, got {self.far_from!r}")
        self._check_flags_and_pay()
        self._check_numbers()
        for direction in self.pushes:
            if direction not in MOVES:
                raise InvalidConfig(
                    f"pushes go {', '.join(MOVES)}, got {direction!r}"
                    f"{did_you_mean(direction, MOVES)}"
                )

    def _check_flags_and_pay(self) -> None:
        if len(self.flags) > _MOST_FLAGS:
            raise InvalidConfig(
                f"tiles set at most {_MOST_FLAGS} flags, since each doubles all tables, got "
                f"{len(self.flags)}"
            )
        pays = {"step_reward": self.step_reward, "decay": self.decay}
        pays |= {f"a push {direction}": paid for direction, paid in self.pushes.items()}
        for character, tile in self.tiles.items():
            pays[f"the reward of tile {character!r}"] = tile.reward
            pays[f"the performance of tile {character!r}"] = tile.performance or 0.0
        for what, paid in pays.items():
            if not math.isfinite(paid):
                raise InvalidConfig(f"{what} is a finite number, got {paid}")

    def _check_numbers(self) -> None:
        for what, share_by_flag in (("a slip", self.slips), ("a toll", self.tolls)):
            for flag, share in share_by_flag.items():
                self._check_flag(flag, what)
                if not 0 <= share <= 1:
                    raise InvalidConfig(f"{what} lies in [0, 1], got {share} for {flag!r}")
        odds = [one.probability for one in self.maps]
        if min(odds) < 0 or not 0 < sum(odds) < math.inf:
            raise InvalidConfig(f"probabilities of maps are >= 0 and not all 0, got {odds}")
        moves = [one.moves for one in self.maps]
        if None in moves and (any(moves) or self._needs_clock):
            raise InvalidConfig(
                f"every map has moves, or none has, and coins and what gives moves need them; got "
                f"{moves}"
            )
        if any(number is not None and number < 1 for number in moves):
            raise InvalidConfig(f"an episode lasts at least one move, got {moves}")

    @property
    def _needs_clock(self) -> bool:
        return any(tile.is_coin or tile.moves for tile in self.tiles.values())

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags that tiles set, in the order of the tiles."""
        return tuple(dict.fromkeys(tile.sets for tile in self.tiles.values() if tile.sets))

    def _check_flag(self, flag: str | None, what: str) -> None:
        if flag is not None and flag not in self.flags:
            raise InvalidConfig(
                f"{what} waits for the flag {flag!r}, which no tile sets"
                f"{did_you_mean(flag, self.flags)}"
            )
