"""What a frame takes for a threat model, and when it may be stepped."""

from collections.abc import Sequence

import numpy as np

from rallypoint.batch_env import Mask, refuse_ended
from rallypoint.errors import InvalidConfig, NotReset
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat

Threats = ThreatModel | Threat | Sequence[Threat]


def as_model(threats: Threats) -> ThreatModel:
    """Return the threat model, or the one of these threats alone.

    Raises:
        InvalidConfig: it is neither; says what is.
    """
    if isinstance(threats, ThreatModel):
        return threats
    if isinstance(threats, Threat):
        return ThreatModel(threats=(threats,))
    if not isinstance(threats, Sequence) or isinstance(threats, str | bytes):
        raise InvalidConfig(
            f"threats are a ThreatModel, a threat or a list of threats, got {threats!r}; a threat "
            "file is read by ThreatModel.from_toml"
        )
    return ThreatModel(threats=tuple(threats))


def refuse_unready(id: str, ended: Mask, *, started: bool) -> None:
    """Refuse a step, before any threat acts: a refused step must leave everything as it was.

    Raises:
        NotReset: nothing has started.
        EpisodeEnded: some copies (E,) have ended.
    """
    if not started:
        raise NotReset(f"{id} must be reset before its first step")
    if np.count_nonzero(ended):
        refuse_ended(id, ended)
