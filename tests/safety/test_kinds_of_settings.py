"""Settings that Python gives to threats are of the kinds declared, as those of files are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat, threats
from tests.kernel.wrong_kinds import wrong_settings


@pytest.mark.parametrize("name", list(threats))
def test_no_model_takes_a_word_for_a_yes_or_a_yes_for_a_number(name):
    """Some of a kind's own checks come first, and may not survive what they look at."""
    found = list(wrong_settings(threats[name], words=False))
    assert ("seed", 0.5) in found
    for key, value in found:
        try:
            made = threats[name](**{key: value})
        except (InvalidConfig, TypeError):
            continue
        with pytest.raises(InvalidConfig, match=rf"threats\[0\] \({name}\): {key} is "):
            ThreatModel(threats=(made,), byzantine={"count": 1})


@dataclass(frozen=True, kw_only=True)
class Odd(Threat):
    """Somebody's, of kinds that are not plain."""

    kind: ClassVar[str] = "odd"
    site: ClassVar[str] = "action"

    does: Callable[[dict, Any], Any] | None = None
    table: dict[str, int] | int = 0
    share: float = 0.0

    def apply(self, state, known, draws):
        raise NotImplementedError


def test_settings_of_other_kinds_are_left_to_whom_they_belong():
    odd = Odd(does=lambda *_: None, table={"a": "b"}, share=1)
    assert ThreatModel(threats=(odd,)).threats == (odd,)
    with pytest.raises(InvalidConfig, match="share is a number, got True"):
        ThreatModel(threats=(Odd(share=True),))
