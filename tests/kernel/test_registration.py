"""Environments by name, ours and other people's."""

import os
from functools import partial
from typing import TypedDict, Unpack

import pettingzoo
import pytest

import rallypoint
from rallypoint import registration
from rallypoint.envs.gathering.world import Gathering
from rallypoint.errors import DuplicateName, InvalidConfig, Unavailable, UnknownName
from rallypoint.registration import EnvSpec, envs, register_env, spec
from rallypoint.registry import Registry
from tests.tree import python


@pytest.fixture(autouse=True)
def nothing_stays_registered(monkeypatch):
    own = Registry("env")
    for name in envs:
        own.add(name, envs[name])
    monkeypatch.setattr(registration, "envs", own)
    theirs = [
        (known, dict(known)) for known in (pettingzoo.aec_registry, pettingzoo.parallel_registry)
    ]
    yield
    for known, before in theirs:
        known.clear()
        known.update(before)


def small_ring(*, copies=1, num_agents=2):
    return Gathering(copies=copies, num_agents=num_agents, cells=3)


def test_a_world_is_made_by_its_id_and_knows_it():
    env = rallypoint.make("gathering-v0", copies=[4, 2], num_agents=3)
    assert isinstance(env, Gathering)
    assert (env.id, env.copies.tolist(), env.num_agents) == ("gathering-v0", [4, 2], 3)


def test_a_world_of_your_own_is_known_to_make_and_to_pettingzoo():
    register_env("mylab/small-v2", small_ring, kwargs={"num_agents": 4})
    assert rallypoint.make("mylab/small-v2").num_agents == 4
    assert rallypoint.make("mylab/small-v2", num_agents=5).id == "mylab/small-v2"
    view = pettingzoo.make("parallel", "mylab/small-v2", num_agents=1)
    assert view.possible_agents == ["agent_0"]
    assert pettingzoo.make("aec", "mylab/small-v2").possible_agents[-1] == "agent_3"


def test_without_a_namespace_pettingzoo_knows_it_under_ours():
    register_env("small-v0", small_ring)
    assert pettingzoo.make("parallel", "rallypoint/small-v0").metadata["name"]


def test_an_entry_point_may_be_an_address():
    register_env("ring-v0", "rallypoint.envs.gathering.world:Gathering", kwargs={"cells": 5})
    assert rallypoint.make("ring-v0").cells == 5
    assert spec("ring-v0").kwargs == {"cells": 5}


@pytest.mark.parametrize(
    ("id", "sentence"),
    [
        ("gatherin-v0", "no environment is called 'gatherin-v0'; did you mean 'gathering-v0'"),
        ("gathering_v0", "did you mean 'gathering-v0'"),
        ("gathering-v7", "there is no 'gathering-v7'; the versions there are: gathering-v0$"),
        ("gathering", "there is no 'gathering'; the versions there are: gathering-v0$"),
        ("lunarlander-v3", r"called 'lunarlander-v3'; Gymnasium's is 'gymnasium:LunarLander-v3'"),
        ("", r"no environment is called ''\. Known: .*gathering-v0"),
        (
            "mylab.Lane",
            r"One of your own is known once .*; any other is 'package\.module:factory'$",
        ),
    ],
)
def test_an_unknown_id_gets_the_nearest_or_the_versions_there_are(id, sentence):
    with pytest.raises(UnknownName, match=sentence):
        rallypoint.make(id)


@pytest.mark.parametrize("given", [small_ring, 7, None])
def test_what_is_no_id_is_refused_with_what_takes_it(given):
    with pytest.raises(InvalidConfig, match=r"asked for by its id, .*adapter\.adapt makes copies"):
        rallypoint.make(given)


def test_versions_are_those_of_the_very_name():
    register_env("gathering-variant-v3", small_ring)
    register_env("gathering-v1", small_ring)
    with pytest.raises(UnknownName, match=r"versions there are: gathering-v0, gathering-v1$"):
        rallypoint.make("gathering-v2")


def test_a_taken_id_is_refused_and_stays_what_it_was():
    with pytest.raises(DuplicateName, match=r"'gathering-v0' is taken by .* another version"):
        register_env("gathering-v0", small_ring)
    assert rallypoint.make("gathering-v0").cells == 13


def notebook_cell(name="Ring", cells=3, kwargs=None):
    """Return a class made anew, as by running a notebook's cell, and register it."""
    made = type(name, (Gathering,), {"size": cells, "__module__": "__main__"})
    register_env("cell-v0", made, kwargs=kwargs)
    return made


def test_registering_the_same_once_more_replaces_it():
    notebook_cell(kwargs={"cells": 5})
    again = notebook_cell(kwargs={"cells": 5})
    assert type(rallypoint.make("cell-v0")) is again
    assert pettingzoo.make("parallel", "rallypoint/cell-v0").batch_env.cells == 5
    for _ in range(2):
        register_env("address-v0", "rallypoint.envs.gathering.world:Gathering")


def test_registering_something_else_under_the_id_is_refused():
    first = notebook_cell(kwargs={"cells": 5})
    for other in ({"name": "Rink"}, {"kwargs": {"cells": 7}}, {}):
        with pytest.raises(DuplicateName, match=r"'cell-v0' is taken by .* another version"):
            notebook_cell(**{"kwargs": {"cells": 5}} | other if other else {})
    assert type(rallypoint.make("cell-v0")) is first


def test_what_makes_it_with_some_arguments_given_is_known_again():
    def cell(**given):
        made = type("Ring", (Gathering,), {"__module__": "__main__"})
        register_env("partial-v0", partial(small_ring, made, **given))

    cell(cells=5)
    cell(cells=5)
    with pytest.raises(DuplicateName, match=r"'partial-v0' is taken"):
        cell(cells=7)
    with pytest.raises(DuplicateName, match=r"'partial-v0' is taken"):
        register_env("partial-v0", partial(small_ring, cells=5))


def test_two_lambdas_are_not_taken_for_one():
    register_env("lambda-v0", lambda copies: Gathering(copies=copies))
    with pytest.raises(DuplicateName):
        register_env("lambda-v0", lambda copies: Gathering(copies=copies, cells=5))


@pytest.mark.parametrize("id", ["ring", "ring-v", "ring_v0", "a/b/ring-v0", "ring v0", "-v0"])
def test_an_id_without_a_version_is_refused(id):
    with pytest.raises(InvalidConfig, match="an environment id looks like 'name-v0' or"):
        register_env(id, small_ring)


@pytest.mark.parametrize("entry_point", ["somewhere", "a.b:", ":C", "a b:C", None, 3])
def test_what_is_no_entry_point_is_refused(entry_point):
    with pytest.raises(
        InvalidConfig, match=r"an entry point looks|entry_point is text or a function"
    ):
        EnvSpec(id="ring-v0", entry_point=entry_point)


@pytest.mark.parametrize(
    "address", ["no_such_library:Ring", "rallypoint.envs.gathering.world:Ring"]
)
def test_an_entry_point_that_does_not_import_says_why(address):
    register_env("ring-v0", address)
    with pytest.raises(Unavailable, match=f"'ring-v0' cannot be used: '{address}' does not import"):
        rallypoint.make("ring-v0")


def test_a_setting_it_does_not_have_gets_the_nearest():
    with pytest.raises(InvalidConfig, match="gathering-v0 has no setting 'cell'; did you mean 'ce"):
        rallypoint.make("gathering-v0", cell=13)


class Cells(TypedDict, total=False):
    copies: int
    cells: int


def ring_of(*, num_agents=2, **settings: Unpack[Cells]):
    return Gathering(num_agents=num_agents, **settings)


def test_settings_that_are_handed_on_are_known_where_they_are_declared():
    register_env("ring-v0", ring_of)
    assert rallypoint.make("ring-v0", copies=2, num_agents=3, cells=5).cells == 5
    sentence = "ring-v0 has no setting 'cell'; did you mean 'cells'.* Known: cells, num_agents$"
    with pytest.raises(InvalidConfig, match=sentence):
        rallypoint.make("ring-v0", cell=5)


def test_what_makes_no_world_is_refused():
    register_env("nothing-v0", lambda copies: {})
    with pytest.raises(InvalidConfig, match="'nothing-v0' makes a dict, which is no BatchEnv"):
        rallypoint.make("nothing-v0")


@pytest.fixture
def installed(tmp_path):
    """Return where a package is installed that has a good entry point and two bad ones."""
    (tmp_path / "lab.py").write_text(
        "from rallypoint.envs.gathering.world import Gathering\n"
        "def rings(*, copies=1, **settings):\n"
        "    return Gathering(copies=copies, num_agents=2, **settings)\n"
    )
    (tmp_path / "broken_lab.py").write_text("1 / 0\n")
    info = tmp_path / "lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[rallypoint.envs]\n"
        "lab/rings-v1 = lab:rings\n"
        "lab/broken-v0 = broken_lab:rings\n"
        "lab/gone-v0 = lab:gone\n"
    )
    return os.fspath(tmp_path)


def test_worlds_of_other_packages_are_found_and_a_broken_one_breaks_nothing(installed):
    said = python(
        "-c",
        "import rallypoint\n"
        "from rallypoint.registration import envs\n"
        "env = rallypoint.make('lab/rings-v1', copies=3, cells=5)\n"
        "print(env.id, env.num_agents, env.cells, env.reset(seed=0)['agents'].shape)\n"
        "print([id for id in envs if id.startswith(('lab', 'gathering'))])\n"
        "for id, reason in sorted(envs.unavailable.items()): print(id, '|', reason)\n"
        "try:\n"
        "    rallypoint.make('lab/broken-v0')\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, '|', str(error)[:40])\n",
        PYTHONPATH=os.pathsep.join(
            [installed, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        ),
    )
    assert said.splitlines() == [
        "lab/rings-v1 2 5 (3, 2, 5)",
        "['gathering-v0', 'lab/rings-v1']",
        "lab/broken-v0 | broken_lab:rings raises ZeroDivisionError: division by zero",
        "lab/gone-v0 | lab:gone raises AttributeError: module 'lab' has no attribute 'gone'",
        "Unavailable | env 'lab/broken-v0' cannot be used: brok",
    ]
