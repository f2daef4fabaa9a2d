"""Updates under a threat, recorded, beside the same ones that nobody writes down."""

from collections.abc import Sequence
from functools import partial

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite

_CONTRIBUTORS, _NUMBERS = 20, 10_000
_ROUNDS = 8  # a piece of work
_WAYS = {"digests": False, "all numbers": True}
_COLUMN = f"n={_CONTRIBUTORS}"


def cases(*, quick: bool) -> Sequence[Case]:
    """Return rounds of a frame, an update being a row."""
    del quick
    return [
        Case(row=_row(way), column=_COLUMN, prepare=partial(_rounds, way)) for way in (*_WAYS, None)
    ]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return the comparisons; of how much it may cost nothing is expected."""
    del quick
    return [
        Faster(
            section="recorded",
            row=_row(way),
            column=_COLUMN,
            case=f"{_row(way)} {_COLUMN}",
            than=(f"{_row(None)} {_COLUMN}",),
            called="not recorded",
        )
        for way in _WAYS
    ]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "numpy"))


def _row(way: str | None) -> str:
    told = "not recorded" if way is None else f"recorded, {way}"
    return f"{_NUMBERS:,} numbers, 4 liars, {told}"


def _rounds(way: str | None) -> Work:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import numpy as np

    from rallypoint.safety.threat_model import ThreatModel
    from rallypoint.safety.updates import UpdateThreats
    from rallypoint.safety.updates.recorder import UpdateRecorder

    lies = {"byzantine": {"count": 4}, "threats": [{"kind": "sign_flip"}]}
    shape = (_ROUNDS, _CONTRIBUTORS, _NUMBERS)
    found = np.random.default_rng(0).standard_normal(shape).astype(np.float32)

    def rounds() -> int:
        frame = UpdateThreats(ThreatModel.from_dict(lies), contributors=_CONTRIBUTORS, seed=0)
        with TemporaryDirectory() as folder:
            if way is None:
                _send(frame)
            else:
                recorder = UpdateRecorder(frame, Path(folder), vectors=_WAYS[way])
                _send(frame)
                assert recorder.finish() == []
        return _ROUNDS * _CONTRIBUTORS

    def _send(frame: UpdateThreats) -> None:
        for number, updates in enumerate(found):
            frame.apply(updates, round_number=number)

    return rounds
