"""Worlds under threat files with all channels, beside the same worlds under none."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite
from suites.worlds import WORLDS, episodes

_COPIES = (256, 4096)
_AGENTS = 10
_LEAST = 1 / 1.3  # of the throughput that is left
_WORKED = Path(__file__).parents[2] / "docs" / "threat-files" / "together.toml"
# One threat at each channel that a world has, none of which draws a number at a step.
_DRAWING_NOTHING: dict[str, Any] = {
    "threats": [
        {"kind": "interruption", "victims": [0], "draw": "episode", "policy": {"action": 1}},
        {"kind": "wrong_observation", "mode": "zeros", "victims": [1]},
        {"kind": "constant_action", "action": 1, "victims": [2]},
        {"kind": "reward_flip", "victims": [3]},
    ]
}
FILES = {"null": {"threats": []}, "no draws": _DRAWING_NOTHING, "together.toml": None}
_WHY = {
    "null": "",
    "no draws": "each threat is asked, checked and counted, beside a step of a few operations",
    "together.toml": "one random number for each agent alone is a fourth of a ring's step",
}


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each world under each file and under none."""
    del quick
    bare = [
        Case(row=_row(world), column=f"E={E}", prepare=partial(episodes, world, _AGENTS, E))
        for world in WORLDS
        for E in _COPIES
    ]
    under = [
        Case(row=_row(world, file), column=f"E={E}", prepare=partial(_under, world, E, file))
        for world in WORLDS
        for file in FILES
        for E in _COPIES
    ]
    return [*bare, *under]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return that a file costs at most 30 % of what a world does without it."""
    del quick
    return [
        Faster(
            section="threats",
            row=_row(world, file),
            column=f"E={E}",
            case=f"{_row(world, file)} E={E}",
            than=(f"{_row(world)} E={E}",),
            called="no threats",
            least=_LEAST,
            why=_WHY[file],
        )
        for world in WORLDS
        for file in FILES
        for E in _COPIES
    ]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "numpy"))


def _row(world: str, file: str | None = None) -> str:
    return f"{world}, bare" if file is None else f"{world} under {file}"


def _under(world: str, copies: int, file: str) -> Work:
    from rallypoint.safety.frame import Threatened
    from rallypoint.safety.threat_model import ThreatModel

    table = FILES[file]
    model = ThreatModel.from_toml(_WORKED) if table is None else ThreatModel.from_dict(table)
    return episodes(world, _AGENTS, copies, around=partial(Threatened, threats=model.in_world()))
