"""Settings that Python gives to threats are of the kinds declared, as those of files are."""

import pytest

from rallypoint.errors import InvalidConfig
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import threats
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
