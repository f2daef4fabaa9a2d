"""The JSON schema of threat files, and the page that explains them."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest

from rallypoint.config import to_dict
from rallypoint.experiments.threat_schema import threat_file_schema
from rallypoint.safety.limits import Byzantine
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat, register, threats
from tests.safety.interruption.ways import EVERY_WAY

PAGE = Path(__file__).parents[2] / "docs" / "threats.md"
SCHEMA = threat_file_schema()


def is_valid(model):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(model)


def test_the_command_prints_the_schema(rallypoint):
    assert json.loads(rallypoint("threats", "schema").out) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_takes_every_threat_there_is():
    for kind in threats.values():
        assert is_valid({"threats": [kind().to_dict()]})
        assert is_valid({"threats": [{"kind": kind.kind}]})
    for threat in EVERY_WAY:
        assert is_valid({"format": 1, "threats": [threat.to_dict()]})
    assert is_valid({})


def test_the_schema_takes_the_examples_of_the_documentation():
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) > 1
    for block in blocks:
        table = tomllib.loads(block)
        assert is_valid(table), block
        ThreatModel.from_dict(table)


@pytest.mark.parametrize(
    "model",
    [
        {"format": 2},
        {"threat": []},
        {"threats": [{"victims": "all"}]},
        {"threats": [{"kind": "crsh"}]},
        {"threats": [{"kind": "crash", "theta": 0.5}]},
        {"threats": [{"kind": "crash", "when": {"from_": 3}}]},
        {"threats": [{"kind": "crash", "when": {"from": "3"}}]},
        {"threats": [{"kind": "crash", "budget": {"agnets": 3}}]},
        {"threats": [{"kind": "crash", "victims": {"share": 0.5}}]},
        {"threats": [{"kind": "crash", "knowledge": ["everything"]}]},
        {"threats": [{"kind": "interruption", "initiation": {"regoin": "I"}}]},
        {"threats": [{"kind": "interruption", "theta": {"c": "1"}}]},
        {"threats": [{"kind": "interruption", "policy": {"acton": 1}}]},
        {"byzantine": {"cuont": 1}},
    ],
)
def test_the_schema_refuses_what_threat_files_do_not_have(model):
    assert not is_valid(model)


def test_the_schema_knows_the_threats_of_others_even_where_nothing_describes_them(monkeypatch):
    list(threats)
    monkeypatch.setattr(threats, "_parts", dict(threats._parts))

    @register
    @dataclass(frozen=True, kw_only=True)
    class Odd(Threat):
        """Has a setting that no schema describes."""

        kind: ClassVar[str] = "odd"
        site: ClassVar[str] = "action"

        phase: complex = 1j

        def apply(self, state, known, draws):
            raise NotImplementedError

    validator = jsonschema.Draft202012Validator(threat_file_schema())
    assert validator.is_valid({"threats": [{"kind": "odd", "phase": 3}, {"kind": "crash"}]})
    assert not validator.is_valid({"threats": [{"kind": "even"}]})


def test_byzantine_of_any_form_is_taken():
    for byzantine in (Byzantine(count=2), Byzantine(fraction=0.5), Byzantine(members=(1, "a"))):
        assert is_valid({"byzantine": json.loads(json.dumps(to_dict(byzantine)))})
