"""How the majority lies: three ways, one of them with knowledge of the very rule."""

from typing import Any

from rallypoint.experiments.experts.config import ExpertsConfig
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

# Honest work in a world of swapped labels: only the anchors tell which of the two worlds it is.
SWAPPED = "swapped labels"
WAYS = (SWAPPED, "mimic, then flip", "optimal")


def threats(config: ExpertsConfig, way: str, seed: int) -> UpdateThreats | None:
    """Return the frame of a way to lie in updates; None where the lie is in the labels."""
    tables: dict[str, list[dict[str, Any]]] = {
        "mimic, then flip": [
            {"kind": "mimic", "when": {"until": config.flip}},
            {"kind": "sign_flip", "when": {"from": config.flip}},
        ],
        "optimal": [{"kind": "optimal", "direction": "unit"}],
    }
    if way == SWAPPED:
        return None
    members = [f"worker_{index}" for index in range(config.honest, config.contributors)]
    model = ThreatModel.from_dict({"byzantine": {"members": members}, "threats": tables[way]})
    return UpdateThreats(model, contributors=config.contributors, seed=seed)
