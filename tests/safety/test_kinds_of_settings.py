"""Settings of somebody's own threat may be of kinds that nothing is known of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat


@dataclass(frozen=True, kw_only=True)
class Odd(Threat):
    """Somebody's, of kinds that are not plain."""

    kind: ClassVar[str] = "odd"
    site: ClassVar[str] = "action"

    does: Callable[[dict, Any], Any] | None = None
    table: np.ndarray | int = 0
    share: float = 0.0

    def apply(self, state, known, draws):
        raise NotImplementedError


def test_settings_of_other_kinds_are_left_to_whom_they_belong():
    odd = Odd(does=lambda *_: None, table={"a": "b"}, share=1)
    assert ThreatModel(threats=(odd,)).threats == (odd,)
    with pytest.raises(InvalidConfig, match="Odd: share is a number, got True"):
        Odd(share=True)
