"""Every registered threat keeps the contract, and each way to break it is named."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import rallypoint
from rallypoint.draws import Draws
from rallypoint.errors import NotConformant, UnknownName
from rallypoint.safety import threats as kinds
from rallypoint.safety.conformance import assert_is_threat
from rallypoint.safety.known import Known
from rallypoint.safety.threats import Proposal, Site, State, Threat, register, threats
from rallypoint.safety.threats.crash import Crash
from tests.safety.broken_threats import BROKEN, Sound
from tests.safety.stubs import Doze, Noise, Stop
from tests.safety.unsteady_threats import UNSTEADY, ByAFunction, Steady


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch):
    list(threats)  # found
    monkeypatch.setattr(threats, "_parts", dict(threats._parts))


@pytest.mark.parametrize("kind", list(threats))
def test_every_registered_threat_keeps_the_contract(kind):
    assert_is_threat(kind)


def test_every_module_of_threats_imports():
    assert threats.unavailable == {}


@pytest.mark.parametrize("kind", [Doze, Noise, Stop, Steady, ByAFunction])
def test_the_honest_stubs_keep_the_contract(kind):
    register(kind)
    assert_is_threat(kind.kind)
    assert_is_threat(kind(victims={"count": 1}, when={"every": 2}, budget={"agents": 1}))


def test_settings_other_than_the_default_can_be_tried():
    assert_is_threat(Crash(victims={"count": 1}, when={"from": 2}, mode="frozen"))
    assert_is_threat(Crash(victims="byzantine"))


def test_a_threat_can_be_tried_in_another_world():
    env = rallypoint.make("gathering-v0", copies=3)
    assert_is_threat(Crash(), env=env)
    register(Stop)
    assert_is_threat(Stop(), env=env)


def test_the_example_for_authors_keeps_the_contract():
    _, _, example = kinds.__doc__.partition("    @register\n")
    example, _, _ = example.partition("and check it with")
    lines = ["@register", *(line.removeprefix("    ") for line in example.splitlines())]
    names = {
        "dataclass": dataclass,
        "ClassVar": ClassVar,
        "np": np,
        "Draws": Draws,
        "Known": Known,
        "Proposal": Proposal,
        "Site": Site,
        "State": State,
        "Threat": Threat,
        "register": register,
        "__name__": __name__,
    }
    exec("\n".join(lines), names)  # noqa: S102 - it is our own docstring
    assert_is_threat("doze")


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UnknownName, match="no threat is called 'crsh'; did you mean 'crash'"):
        assert_is_threat("crsh")


def test_the_sound_one_keeps_the_contract():
    register(Sound)
    assert_is_threat("sound")


@pytest.mark.parametrize("broken", BROKEN | UNSTEADY, ids=lambda kind: kind.__name__)
def test_a_broken_threat_is_refused_and_its_fault_named(broken):
    register(broken)
    with pytest.raises(NotConformant, match=(BROKEN | UNSTEADY)[broken]) as caught:
        assert_is_threat("sound")
    assert "the threat 'sound'" in str(caught.value)


def test_a_threat_that_is_not_registered_is_refused():
    with pytest.raises(NotConformant, match="registered under its kind: decorate it with @regi"):
        assert_is_threat(Sound())


def test_a_threat_found_by_another_name_than_its_kind_is_refused(monkeypatch):
    monkeypatch.setattr(threats, "_parts", {**threats._parts, "gale": Sound})
    with pytest.raises(NotConformant, match=r"'gale' must be of the kind by .* and is 'sound'"):
        assert_is_threat("gale")


def test_what_is_no_threat_is_refused():
    with pytest.raises(NotConformant, match="an instance of a subclass of Threat, not 3"):
        assert_is_threat(3)
    with pytest.raises(NotConformant, match="instance of a subclass"):
        assert_is_threat(Crash)
