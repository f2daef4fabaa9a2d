"""The JSON schema of threat files, and the page that explains them."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypedDict

import jsonschema
import pytest

from rallypoint.config import to_dict
from rallypoint.errors import InvalidConfig
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


class Shape(TypedDict):
    """A part that is no config."""

    sides: int


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Somebody's own, called as one of ours is."""

    period: int = 3


@dataclass(frozen=True, kw_only=True)
class Picky(Threat):
    """Checks itself by other errors than ours."""

    kind: ClassVar[str] = "picky"
    site: ClassVar[str] = "action"

    size: float = 1.0
    own: Schedule = field(default_factory=Schedule)
    shape: Shape | None = None

    def __post_init__(self):
        """Refuse sizes below 0."""
        assert self.size >= 0

    def apply(self, state, known, draws):
        raise NotImplementedError


def test_a_threat_of_others_may_check_itself_and_name_its_parts_as_it_likes(monkeypatch):
    list(threats)
    monkeypatch.setattr(threats, "_parts", dict(threats._parts))
    register(Picky)
    definitions = threat_file_schema()["$defs"]
    size = definitions["picky.Picky"]["properties"]["size"]
    assert size["minimum"] == 0
    [ours] = [name for name in definitions if name.startswith("picky.rallypoint.")]
    assert definitions[ours]["properties"]["every"]["minimum"] == 1


NUMBERS = (-1e300, -1.0, -5e-324, 0.0, 5e-324, 0.5, 1.0 - 2**-53, 1.0, 1.0 + 2**-52, 2.0, 3.5)
WHOLE = (-(10**12) - 1, -1, 0, 1, 2, 3, 11, 12, 10**6 + 1, 10**12, 10**12 + 1, 2**64 - 1, 2**64)
NESTED = {
    "when": ({"from": 0}, {"until": 1}, {"every": 1}, {"probability": 0.5}),
    "budget": ({"steps_per_episode": 1}, {"agents": 1}, {"rounds": 1}, {"norm": 0.5}),
    "victims": ({"fraction": 0.5}, {"count": 1}),
}


def tables(kind):
    """Yield tables of a kind with one number, whole or real, and all that might stand there."""
    of_kind = SCHEMA["$defs"][f"{kind.kind}.{kind.__name__}"]["properties"]
    for key, setting in of_kind.items():
        types = {one.get("type") for one in setting.get("anyOf", [setting])}
        for value in NUMBERS if "number" in types else WHOLE if "integer" in types else ():
            yield {"kind": kind.kind, key: value}


def is_loaded(table):
    try:
        ThreatModel.from_dict(table)
    except InvalidConfig:
        return False
    return True


@pytest.mark.parametrize("name", list(threats))
def test_schema_and_loader_agree_on_numbers_at_their_bounds_and_just_beyond(name):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    # What these may be depends on other settings, which no schema says.
    together = {"neuron_faults": {"bits", "capacity"}}.get(name, {"poisoned", "of"})
    for table in tables(threats[name]):
        if not together & set(table):
            model = {"byzantine": {"count": 1}, "threats": [table]}
            assert validator.is_valid(model) == is_loaded(model), table


@pytest.mark.parametrize("key", sorted(NESTED))
def test_schema_and_loader_agree_on_limits_and_who_is_byzantine(key):
    for (part, value), *_ in (example.items() for example in NESTED[key]):
        for number in NUMBERS if isinstance(value, float) else WHOLE:
            tried = [{"threats": [{"kind": "crash", key: {part: number}}]}]
            if key == "victims":
                tried.append({"byzantine": {part: number}})
            for model in tried:
                assert is_valid(model) == is_loaded(model), model


def test_bounds_are_in_the_schema_as_files_may_have_them():
    settings = SCHEMA["$defs"]["interruption.Interruption"]["properties"]
    [theta] = [one for one in settings["theta"]["anyOf"] if one.get("type") == "number"]
    assert theta == {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    gamma = SCHEMA["$defs"]["hidden_vulnerability.HiddenVulnerability"]["properties"]["precision"]
    assert (gamma["exclusiveMinimum"], gamma["exclusiveMaximum"]) == (0, 1)
    every = SCHEMA["$defs"]["crash.Schedule"]["properties"]["every"]
    assert every["minimum"] == 1


def test_numbers_that_go_with_others_have_no_bounds_of_their_own():
    """Of so many percepts, so many are poisoned: neither is given alone."""
    model = {"threats": [{"kind": "trigger", "poisoned": 3, "of": 10}]}
    assert is_valid(model)
    assert is_loaded(model)
    capacity = SCHEMA["$defs"]["neuron_faults.NeuronFaults"]["properties"]["capacity"]
    assert not {"minimum", "maximum"} & set(capacity)


def test_byzantine_of_any_form_is_taken():
    for byzantine in (Byzantine(count=2), Byzantine(fraction=0.5), Byzantine(members=(1, "a"))):
        assert is_valid({"byzantine": json.loads(json.dumps(to_dict(byzantine)))})
