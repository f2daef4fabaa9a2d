"""Threat models and their files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import rallypoint
from rallypoint.errors import InvalidConfig, NotOffered, UnknownName, UnreadableFile
from rallypoint.safety.frame import Threatened
from rallypoint.safety.limits import Budget, Byzantine, Schedule, Share
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.updates import UpdateThreats

FILE = """
format = 1
[byzantine]
members = ["agent_3", 1]

[[threats]]
kind = "crash"
victims = { fraction = 0.9 }
when = { from = 5, until = 20, every = 3, probability = 0.5 }
budget = { steps_per_episode = 10, agents = 4 }
knowledge = ["true_state"]
mode = "frozen"

[[threats]]
kind = "crash"
victims = "byzantine"

[[threats]]
kind = "crash"
victims = ["agent_0", 2]
"""
MODEL = ThreatModel(
    byzantine=Byzantine(members=("agent_3", 1)),
    threats=(
        Crash(
            victims=Share(fraction=0.9),
            when=Schedule(from_=5, until=20, every=3, probability=0.5),
            budget=Budget(steps_per_episode=10, agents=4),
            knowledge=("true_state",),
            mode="frozen",
        ),
        Crash(victims="byzantine"),
        Crash(victims=("agent_0", 2)),
    ),
)


def written(tmp_path, text):
    path = tmp_path / "threats.toml"
    path.write_text(text)
    return path


def test_a_file_says_what_python_says(tmp_path):
    assert ThreatModel.from_toml(written(tmp_path, FILE)) == MODEL


def test_a_model_comes_back_from_json_unchanged():
    plain = json.loads(json.dumps(MODEL.to_dict()))
    assert ThreatModel.from_dict(plain) == MODEL
    assert ThreatModel.from_dict(plain).to_dict() == plain


def as_toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value)


def test_a_model_comes_back_from_toml_unchanged(tmp_path):
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in MODEL.to_dict().items())
    # An inline table per threat is TOML too; None, which it lacks, must not be there.
    assert ThreatModel.from_toml(written(tmp_path, text)) == MODEL


def test_plain_tables_are_taken_in_python_too():
    assert Crash(
        victims={"fraction": 0.9},
        when={"from": 5, "until": 20, "every": 3, "probability": 0.5},
        budget={"steps_per_episode": 10, "agents": 4},
        knowledge=["true_state"],
        mode="frozen",
    ) == MODEL.threats[0]  # fmt: skip
    assert ThreatModel(byzantine={"count": 2}).byzantine == Byzantine(count=2)


def test_an_empty_model_is_a_model(tmp_path):
    assert ThreatModel.from_toml(written(tmp_path, "format = 1")) == ThreatModel()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("format = 2", InvalidConfig, "of format 1, got format 2"),
        ("threat = []", InvalidConfig, "no key 'threat'; did you mean 'threats'"),
        ("threats = 3", InvalidConfig, r"\[\[threats\]\] in TOML"),
        ("byzantine = 2", InvalidConfig, r"\[byzantine\] is a table"),
        ("[byzantine]\nmember = [1]", InvalidConfig, "did you mean 'members'"),
        ("[[threats]]", InvalidConfig, r"threats\[0\] is a table with a kind"),
        ("[[threats]]\nkind = 'crsh'", UnknownName, "'crsh'; did you mean 'crash'"),
        ("[[threats]]\nkind = 'crash'\nmod = 'frozen'", InvalidConfig, "did you mean 'mode'"),
        ("[[threats]]\nkind = 'crash'\nmode = 'frosen'", InvalidConfig, "did you mean 'frozen'"),
        (
            "[[threats]]\nkind = 'crash'\nvictims = 'al'",
            InvalidConfig,
            r"threats\[0\].*victims are \"all\"",
        ),
        (
            "[[threats]]\nkind = 'crash'\nvictims = {fracton = 1}",
            InvalidConfig,
            r"threats\[0\] \(crash\).victims has no key 'fracton'; did you mean 'fraction'",
        ),
        (
            "[[threats]]\nkind = 'crash'\nwhen = {form = 1}",
            InvalidConfig,
            "'form'; did you mean 'from'",
        ),
        (
            "[[threats]]\nkind = 'crash'\nwhen = {from = '5'}",
            InvalidConfig,
            r"threats\[0\] \(crash\)\.when: from is an integer, got '5'",
        ),
        (
            "[[threats]]\nkind = 'crash'\nknowledge = ['true_sate']",
            InvalidConfig,
            "'true_sate'; did you mean 'true_state'",
        ),
        (
            "[[threats]]\nkind = 'crash'\nvictims = 'byzantine'",
            InvalidConfig,
            r"nobody is; say who in \[byzantine\]",
        ),
        ("format = ", UnreadableFile, "no TOML: .*end of document"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(text, error, message, tmp_path):
    with pytest.raises(error, match=message) as caught:
        ThreatModel.from_toml(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match=r"cannot read threat file .*none\.toml: No such file"):
        ThreatModel.from_toml(tmp_path / "none.toml")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_file_without_end_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="more than 1,000,000 characters"):
        ThreatModel.from_toml("/dev/zero")
    long = tmp_path / "long.toml"
    long.write_text("format = 1\n" + "# once more\n" * 10**5)
    with pytest.raises(UnreadableFile, match=r"long\.toml has more"):
        ThreatModel.from_toml(long)


@pytest.mark.parametrize("given", [("crash",), "crash", Crash(), None, 3])
def test_what_is_no_threat_is_refused(given):
    with pytest.raises(InvalidConfig, match="threats is a list of Threats, got "):
        ThreatModel(threats=given)


def test_threats_may_be_whatever_is_gone_through():
    each = {"one": Crash(), "other": Crash(victims=[0])}
    meant = ThreatModel(threats=tuple(each.values()))
    assert ThreatModel(threats=each.values()) == meant
    assert ThreatModel(threats=(threat for threat in each.values())) == meant


def test_a_part_of_a_model_keeps_the_numbers_that_threats_have_in_the_file():
    table = {
        "byzantine": {"count": 1},
        "threats": [
            {"kind": "sign_flip"},
            {"kind": "crash", "when": {"from": 2}},
            {"kind": "zero"},
            {"kind": "reward_flip"},
        ],
    }
    model = ThreatModel.from_dict(table)
    assert model.numbers == (0, 1, 2, 3)
    assert model.in_world().numbers == (1, 3)
    assert model.at("update").numbers == (0, 2)
    assert model.in_world().at("feedback").numbers == (3,)
    other = replace(model.in_world(), threats=model.threats[:1])
    assert other.numbers == (0,)  # others in their place: counted anew
    assert "numbers" not in model.to_dict()
    lies = UpdateThreats(model.at("update"), contributors=3, seed=0)
    assert [receipt.index for receipt in lies.receipts()] == [0, 2]
    assert disagreements(model.at("update"), lies.receipts()) == []
    with pytest.raises(NotOffered, match=r"threats\[2\]"):
        Threatened(
            rallypoint.make("cartpole-v1"),
            replace(model.at("presence"), threats=(Crash(mode="frozen"),), numbers=(2,)),
        )
