"""The promises that a threat to updates makes besides those of every threat."""

import dataclasses

import numpy as np

from rallypoint.draws import stream
from rallypoint.errors import InvalidConfig, NotConformant
from rallypoint.safety.conformance.update_trial import UpdateTrial
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.update import UpdateThreat
from rallypoint.safety.updates.frame import UpdateThreats

_CONTRIBUTORS = 7
_ROUNDS = 4


def assert_is_update_threat(threat: Threat, label: str) -> None:
    """Fail unless a threat at site "update", or after it, keeps the contract of these sites.

    Raises:
        NotConformant: says what must hold and what the threat does.
    """
    if not isinstance(threat, UpdateThreat):
        raise NotConformant(
            f"{label} stands at site {threat.site!r}, so it must be an UpdateThreat"
        )
    try:
        _frame(threat)
    except InvalidConfig as error:
        raise NotConformant(f"it cannot be tried: {error}") from error
    for dtype in (np.float64, np.float32):
        trial = UpdateTrial(threat=threat, label=label, dtype=dtype)
        trial.begins_with_a_row_for_each()
        trial.is_pure()
    _is_nothing_without_victims(threat, label)
    _agrees_with_its_receipt(threat, label)


def _is_nothing_without_victims(threat: UpdateThreat, label: str) -> None:
    frame = _frame(dataclasses.replace(threat, victims=()))
    for number, updates in enumerate(_rounds()):
        delivery = frame.apply(updates, round_number=number, aggregator=_median)
        if delivery.updates.tobytes() != updates.tobytes() or delivery.lied.any():
            raise NotConformant(f"{label} must change nothing when it has no victims")


def _agrees_with_its_receipt(threat: UpdateThreat, label: str) -> None:
    frame = _frame(threat)
    for number, updates in enumerate(_rounds()):
        frame.apply(updates, round_number=number, aggregator=_median)
    if wrong := disagreements(frame.model, frame.receipts()):
        raise NotConformant(f"{label} {wrong[0]}")


def _frame(threat: UpdateThreat) -> UpdateThreats:
    model = ThreatModel(byzantine=Byzantine(members=(0, 3)), threats=(threat,))
    return UpdateThreats(model, contributors=_CONTRIBUTORS, seed=0)


def _rounds() -> list[np.ndarray]:
    rng = stream(0, "trial/rounds")
    return [rng.standard_normal((_CONTRIBUTORS, 5)) for _ in range(_ROUNDS)]


def _median(updates: np.ndarray) -> np.ndarray:
    return np.asarray(np.median(updates, axis=0))
