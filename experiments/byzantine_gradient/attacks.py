"""The attacks: what f of the contributors do, to their data or to their updates."""

from collections.abc import Sequence
from typing import Any

from rallypoint.safety.threat_model import ThreatModel

_ALL_KNOWING = ["honest_updates", "aggregator"]

# By label: the threats of the Byzantine contributors, as in a threat file. Numbers are published
# ones; noise is ten times as long as an update, since what is long is a matter of the task.
ATTACKS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "noise": [
        {
            "kind": "gaussian",
            "deviation": 10.0,
            "in_own_lengths": True,
            "knowledge": ["own_update"],
        }
    ],
    "random_action": [{"kind": "random_action", "victims": "byzantine"}],
    "constant_action": [{"kind": "constant_action", "victims": "byzantine", "action": 0}],
    "sign_flip": [{"kind": "sign_flip", "factor": 2.5}],
    "reward_flip": [{"kind": "reward_flip", "victims": "byzantine"}],
    "alie": [{"kind": "alie", "z": "optimal", "knowledge": _ALL_KNOWING}],
    "fedpg": [{"kind": "fedpg"}],
    "min_max": [{"kind": "min_max", "perturbation": "unit"}],
    "min_max_std": [{"kind": "min_max", "perturbation": "std"}],
    "optimal_reverse": [{"kind": "optimal", "direction": "reverse"}],
    "opt_ema": [{"kind": "opt_ema"}],
}
NORMALIZED: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "normalized": [{"kind": "normalized"}],
}


def threat_model(attack: str, members: Sequence[int]) -> ThreatModel:
    """Return the threats of an attack by some contributors; where nobody lies, there are none."""
    threats = {**NORMALIZED, **ATTACKS}[attack]
    if not members:
        return ThreatModel()
    return ThreatModel.from_dict({"byzantine": {"members": list(members)}, "threats": threats})
