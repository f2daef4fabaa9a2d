"""Worlds under threat files with all channels, beside the same worlds under none."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite
from suites.worlds import WORLDS, episodes, played

Size = tuple[str, str, int]  # world, file, copies
_COPIES = (256, 4096)
_AGENTS = 10
_LEAST = 0.7  # of the throughput that is left
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
# The like with a coin or a number for each victim at each step.
_COINS: dict[str, Any] = {
    "threats": [
        {"kind": "interruption", "victims": {"fraction": 0.2}, "policy": {"action": 1}},
        {"kind": "observation_noise", "victims": [1], "scale": 0.1},
        {"kind": "random_action", "victims": [2]},
        {"kind": "reward_noise", "victims": [3]},
    ]
}
FILES = {"null": {"threats": []}, "no draws": _DRAWING_NOTHING, "coins": _COINS}
_WHY = {
    "null": "",
    "no draws": "a site that threats stand at costs eight microseconds a step, the frame seven",
    "coins": "noise takes a number, and its quantile, for each entry of a percept",
    "together.toml": "lossy_sight tosses a coin for each two agents, anti_goal looks everywhere",
}
OWN = [(world, file, E) for world in WORLDS for file in _WHY for E in _COPIES]
_SPREAD = [("simple_spread", file, 8) for file in FILES]
_STEPS = 25  # of simple_spread's episode


def cases(*, quick: bool) -> Sequence[Case]:
    """Return each world under each file and under none."""
    del quick
    return cases_of([*OWN, *_SPREAD], ready)


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return that a file costs at most 30 % of what a world does without it."""
    del quick
    return goals_of([*OWN, *_SPREAD])


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "mpe2", "numpy"))


def cases_of(
    under: Sequence[Size], prepare: Callable[..., Work], *, how: str = ""
) -> Sequence[Case]:
    """Return worlds under files, and each of them under none."""
    bare = dict.fromkeys((world, None, E) for world, _, E in under)
    return [
        Case(row=_row(world, file, how), column=f"E={E}", prepare=partial(prepare, world, E, file))
        for world, file, E in (*bare, *under)
    ]


def goals_of(under: Sequence[Size], *, how: str = "") -> Sequence[Goal]:
    """Return what each file may cost."""
    return [
        Faster(
            section="threats",
            row=_row(world, file, how),
            column=f"E={E}",
            case=f"{_row(world, file, how)} E={E}",
            than=(f"{_row(world, None, how)} E={E}",),
            called="no threats",
            least=_LEAST,
            why=_WHY[file],
        )
        for world, file, E in under
    ]


def _row(world: str, file: str | None, how: str) -> str:
    return f"{world}{how}, bare" if file is None else f"{world}{how} under {file}"


def ready(world: str, copies: int, file: str | None) -> Work:
    """Get a world ready, under a file or under none."""
    import rallypoint
    from rallypoint.safety.frame import Threatened
    from rallypoint.safety.threat_model import ThreatModel

    around = None
    if file is not None:
        table = FILES.get(file)
        model = ThreatModel.from_toml(_WORKED) if table is None else ThreatModel.from_dict(table)
        around = partial(Threatened, threats=model.in_world())
    if world in WORLDS:
        return episodes(world, _AGENTS, copies, around=around)
    made = rallypoint.make(
        "mpe2.simple_spread_v3:parallel_env", copies=copies, N=_AGENTS, max_cycles=_STEPS
    )
    return played(made, _STEPS, around)
