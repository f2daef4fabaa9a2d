"""summary.json is read back as it was written, and nothing else is."""

import json

import pytest

from rallypoint.claims import claim_over_seeds
from rallypoint.errors import InvalidConfig, UnreadableFile
from rallypoint.plain_json import to_json
from rallypoint.summary import Summary, read_summary

SUMMARY = Summary(
    experiment="gathering",
    valid=True,
    config={"cycles": 1000},
    seeds=(0, 1),
    wall_seconds=12.3,
    claims=(
        claim_over_seeds("T1", [1, 1, 1], statement="s", source="t", expected=">= 0 on every seed"),
        claim_over_seeds(
            "T2", [0, 0, 0], statement="s", source="t", expected=">= 1", documented_limit=True
        ),
        claim_over_seeds("T3", [float("nan")], statement="s", source="t", expected=">= 1"),
    ),
    metrics={"first": 9.5},
)


def changed(**changes):
    return json.dumps(SUMMARY.to_dict() | changes)


def first_claim(**changes):
    entry = SUMMARY.to_dict()["claims"][0] | changes
    return changed(claims=[{key: value for key, value in entry.items() if value is not ...}])


def test_a_summary_has_the_keys_that_scripts_depend_on():
    keys = ["format", "experiment", "valid", "config", "seeds", "wall_seconds", "claims", "metrics"]
    assert list(SUMMARY.to_dict()) == keys
    assert SUMMARY.to_dict()["format"] == 1


def test_a_summary_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "summary.json"
    file.write_text(to_json(SUMMARY.to_dict()))
    assert read_summary(file) == read_summary(tmp_path) == SUMMARY


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no JSON, or was cut off"),
        (changed()[:200], "is no JSON, or was cut off"),
        ("\0\1", "is no JSON"),
        ("[]", "is no summary of a rallypoint run"),
        ('{"name": "an app"}', "is no summary of a rallypoint run"),
        (changed(format=2), "has format 2, and this version of rallypoint reads 1"),
        (changed(claims=3), "claims"),
        (changed(seeds="all"), "seeds"),
        (changed(valid=False), "an invalid run shows nothing"),
        (first_claim(measured="high"), "measured"),
        (first_claim(verdict="maybe"), "verdict"),
        (first_claim(expected="a lot"), "looks like"),
        (first_claim(holds=False), "says both 'holds' and False"),
        (first_claim(statement=...), "statement"),
    ],
)
def test_anything_else_is_refused_in_one_line(text, says, tmp_path):
    file = tmp_path / "summary.json"
    file.write_text(text)
    with pytest.raises(UnreadableFile) as refused:
        read_summary(file)
    message = str(refused.value)
    assert says in message
    assert str(file) in message
    assert "\n" not in message


def test_a_missing_summary_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="cannot read"):
        read_summary(tmp_path)


def test_an_invalid_run_cannot_claim_anything():
    with pytest.raises(InvalidConfig, match="shows nothing"):
        Summary(**{**vars(SUMMARY), "valid": False})
