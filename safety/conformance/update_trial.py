"""Trying a threat to updates by hand, outside its frame, where more can be asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rallypoint.draws import stream
from rallypoint.errors import NotConformant, NotKnown
from rallypoint.safety.enforcement.proposals import check_initial_state
from rallypoint.safety.threats import State
from rallypoint.safety.threats.update import Answer, Updates, UpdateThreat
from rallypoint.safety.updates.asking import ask
from rallypoint.safety.updates.known import KnownUpdates, Places

_VICTIMS = (1, 4, 5)  # of eight contributors; 7 is another's colluder
_COLLUDER = 7
_COLUMNS = 6


class Scene(NamedTuple):
    """Who takes part in a round, and who of the victims may lie in it."""

    members: tuple[int, ...]
    may: tuple[bool, ...]  # of the victims that take part


_SCENES = (
    Scene(tuple(range(8)), (True, True, True)),
    Scene(tuple(range(8)), (False, False, False)),
    Scene((6, 5, 4, 3, 1), (True, False, True)),  # some are late, in no order
    Scene((2, 4), (True,)),
    Scene((1, 4, 5), (True, True, True)),  # nobody honest
    Scene(tuple(range(8)), (True, True, True)),
)


@dataclass(frozen=True, kw_only=True)
class UpdateTrial:
    """A threat, and some rounds in a row, in float32 or float64."""

    threat: UpdateThreat
    label: str
    dtype: Any

    def begins_with_a_row_for_each(self) -> None:
        """Its first state has one row for each contributor, all alike."""
        alone = self.threat.init(1, _COLUMNS)
        check_initial_state(self.label, 1, alone)
        many = self.threat.init(3, _COLUMNS)
        check_initial_state(self.label, 3, many)
        for name, rows in many.items():
            if name not in alone or any(row.tobytes() != alone[name][0].tobytes() for row in rows):
                raise NotConformant(
                    f"{self.label} must begin every contributor alike, and does not in {name!r}"
                )

    def is_pure(self) -> None:
        """The same comes of the same, and all answers have the right form."""
        for number, (one, other) in enumerate(zip(self._answers(), self._answers(), strict=True)):
            (lies, state), (again, kept) = one, other
            same = lies.tobytes() == again.tobytes()
            if not (same and all(state[name].tobytes() == kept[name].tobytes() for name in state)):
                raise NotConformant(
                    f"{self.label} must do the same with the same inputs and generators, and sends "
                    f"or remembers something else in round {number}; all it remembers is its "
                    "state, all its randomness is its generators"
                )

    def _answers(self) -> list[Answer]:
        """Ask it in each round in turn; a state row for each victim."""
        state = self.threat.init(len(_VICTIMS), _COLUMNS)
        answers = []
        for number, scene in enumerate(_SCENES):
            present = [victim for victim in _VICTIMS if victim in scene.members]
            rows = [_VICTIMS.index(victim) for victim in present]
            lies, after = self._ask(number, scene, present, {k: v[rows] for k, v in state.items()})
            state = {name: array.copy() for name, array in state.items()}
            for name, array in state.items():
                array[rows] = after[name]
            answers.append((lies, state))
        return answers

    def _ask(self, number: int, scene: Scene, present: Sequence[int], state: State) -> Answer:
        members = np.array(scene.members)
        updates = _updates(number, members, self.dtype)
        known = KnownUpdates(
            self.threat,
            updates,
            _places(members),
            opportunities=np.array(scene.may),
            members=members,
            round_number=number,
            aggregator=lambda updates: np.asarray(np.median(updates, axis=0)),
        )
        rngs = tuple(stream(0, "trial/update", number, victim) for victim in present)
        kept = dict(state)
        try:
            lies, after = ask(self.threat, self.label, state, known, rngs, found=updates)
        except NotKnown as error:
            raise NotConformant(
                f"{self.label} must look at what it declared only: {error}"
            ) from None
        if known.refused:
            raise NotConformant(
                f"{self.label} must look at what it declared only, and hides that it did not"
            )
        assert kept == state, "ask() hands views of the state over"
        return lies, after


def _updates(number: int, members: NDArray[np.int64], dtype: Any) -> Updates:
    rng = stream(0, "trial/updates", number)
    everybody = 0.5 + rng.standard_normal((8, _COLUMNS))
    updates: Updates = everybody[members].astype(dtype)
    return updates


def _places(members: NDArray[np.int64]) -> Places:
    order = np.argsort(members)
    is_victim = np.isin(members[order], _VICTIMS)
    is_colluder = members[order] == _COLLUDER
    return Places(order[is_victim], order[is_colluder], order[~is_victim & ~is_colluder])
