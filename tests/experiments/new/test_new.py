"""``rallypoint new``: what is written works, is found once installed, and takes nobody's place."""

import json
from pathlib import Path

import pytest

from tests.tree import python

KINDS = ("env", "threat", "update-threat", "aggregator", "agent")
REGISTERED = {"update-threat": "threat"}  # kinds of parts are fewer
NAMES = {
    "env": "mine_env/mine_env-v0",
    "threat": "mine_threat",
    "update-threat": "mine_update_threat",
    "aggregator": "mine_aggregator",
    "agent": "mine_agent",
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Return a folder with a new package of each kind, installed into its folder ``site``."""
    folder = tmp_path_factory.mktemp("new")
    for kind in KINDS:
        python("-m", "rallypoint", "new", kind, f"mine-{kind}", cwd=folder)
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target=site")
    python(*pip, *(f"./mine-{kind}" for kind in KINDS), cwd=folder)
    return folder


def test_what_is_written_passes_its_own_tests(packages):
    (packages / "pytest.ini").write_text("[pytest]\n")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"mine-{kind}" for kind in KINDS))
    said = python(*words, cwd=packages, PYTHONPATH=str(packages / "site"))
    assert "10 passed" in said


@pytest.mark.parametrize("kind", KINDS)
def test_once_installed_it_is_listed_beside_ours(kind, packages):
    listed_as = f"{REGISTERED.get(kind, kind)}s"
    words = ("-m", "rallypoint", "list", listed_as, "--json")
    listed = json.loads(python(*words, cwd=packages, PYTHONPATH=str(packages / "site")))
    (found,) = (entry for entry in listed[listed_as] if entry["name"] == NAMES[kind])
    assert found["available"]
    assert found["about"]


def test_its_pieces_are_used_together_from_the_command_line(packages):
    words = (
        *("train", "--env", NAMES["env"], "--agent", "mine_agent", "--steps", "300"),
        *("--threats", "mine-threat/mine_threat.toml", "--out", "trained"),
    )
    python("-m", "rallypoint", *words, cwd=packages, PYTHONPATH=str(packages / "site"))
    (receipt,) = json.loads((packages / "trained/receipts.json").read_text())["receipts"][
        "training"
    ]
    assert receipt["kind"] == "mine_threat"
    assert sum(receipt["applications"].values()) > 0


def test_a_lie_about_updates_is_told_to_a_rule(packages):
    words = (
        *("train", "--env", "cartpole-v1", "--agent", "gpomdp", "--steps", "400"),
        *("--workers", "5", "--byzantine", "2", "--aggregator", "mine_aggregator"),
        *("--set", "policy=[4]", "--copies", "5", "--out", "lied"),
        *("--threats", "mine-update-threat/mine_update_threat.toml"),
    )
    python("-m", "rallypoint", *words, cwd=packages, PYTHONPATH=str(packages / "site"))
    (receipt,) = json.loads((packages / "lied/receipts.json").read_text())["receipts"]["training"]
    assert receipt["kind"] == "mine_update_threat"
    assert sum(receipt["applications"].values()) > 0


def test_it_is_in_good_shape(packages):
    for folder in (packages / f"mine-{kind}" for kind in KINDS):
        python("-m", "ruff", "format", "--check", ".", cwd=folder)
        python("-m", "ruff", "check", "--select", "E,F,I,B,UP,SIM", ".", cwd=folder)


REFUSED = {
    "no kind": (("new", "world", "mine"), "'world' is not one of"),
    "no name": (("new", "env"), "Missing argument 'NAME'"),
    "upper case": (("new", "env", "Mine"), "in lower case"),
    "path": (("new", "env", "../mine"), "in lower case"),
    "word of Python": (("new", "threat", "lambda"), "in lower case"),
    "one of ours": (("new", "threat", "crash"), "there is threat 'crash' already"),
    "somebody's package": (("new", "env", "numpy"), "there is a package 'numpy' already"),
    "of the standard library": (("new", "agent", "json"), "there is a package 'json' already"),
    "not empty": (("new", "env", "mine", "--out", "taken"), "exists, and is not empty"),
    "a file": (("new", "env", "mine", "--out", "taken/thesis.tex"), "exists, and is not empty"),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_names_and_places_that_are_taken_are_refused(words, says, rallypoint):
    Path("taken").mkdir()
    Path("taken/thesis.tex").write_text("")
    done = rallypoint(*words)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert says in done.err
    assert sorted(map(str, Path().rglob("*"))) == ["taken", "taken/thesis.tex"]
