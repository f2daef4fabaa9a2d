"""One registry for every kind of part."""

import importlib
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rallypoint import registry
from rallypoint.errors import DuplicateName, Unavailable, UnknownName
from rallypoint.registry import Registry, import_address


@pytest.fixture
def fruits():
    found = Registry[int]("fruit")
    for name in ("pear", "apple", "fig"):
        found.add(name, len(name))
    return found


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a package with a registry of its own, one part, and one module that fails."""
    files = {
        "__init__.py": "from rallypoint.registry import Registry\nnuts = Registry('nut', __name__)",
        "hazel.py": "from orchard import nuts\n\n@nuts.register('hazel')\ndef crack(): return 1",
        "coco.py": "import no_such_library",
    }
    folder = tmp_path / "orchard"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("orchard")
    for name in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        del sys.modules[name]


def entry_point(name, load):
    return SimpleNamespace(name=name, value=f"somewhere:{name}", load=load)


def fail(error):
    raise error


def test_parts_are_found_by_name_and_iterated_over_sorted(fruits):
    assert fruits["fig"] == 3
    assert list(fruits) == ["apple", "fig", "pear"]
    assert len(fruits) == 3
    assert "fig" in fruits
    assert "plum" not in fruits


def test_a_taken_name_is_refused_and_says_by_what(fruits):
    with pytest.raises(DuplicateName, match="fruit names are unique, and 'fig' is taken by 3"):
        fruits.add("fig", 0)
    assert fruits["fig"] == 3


def test_an_unknown_name_gets_the_nearest_and_all_there_are(fruits):
    with pytest.raises(UnknownName) as raised:
        fruits["aple"]
    assert str(raised.value) == (
        "no fruit is called 'aple'; did you mean 'apple'? Known: apple, fig, pear"
    )
    with pytest.raises(KeyError):
        fruits["aple"]


def test_whoever_asks_for_a_part_of_their_own_reads_how_it_is_known(package):
    with pytest.raises(
        UnknownName, match=r"Known: hazel\. One of your own is known once the module"
    ):
        package.nuts["mine"]
    with pytest.raises(UnknownName, match=r"did you mean 'hazel'.* Known: hazel$"):
        package.nuts["hazl"]  # a slip of the pen


def test_a_package_is_imported_at_first_use_and_its_parts_are_there(package):
    assert "orchard.hazel" not in sys.modules
    assert package.nuts["hazel"]() == 1
    assert list(package.nuts) == ["hazel"]


def test_a_module_that_does_not_import_is_listed_and_breaks_nothing_else(package):
    assert package.nuts.unavailable == {"coco": "No module named 'no_such_library'"}
    assert "hazel" in package.nuts
    with pytest.raises(Unavailable, match="nut 'coco' cannot be used: No module named 'no_such"):
        package.nuts["coco"]


def test_a_module_that_is_broken_in_any_way_is_listed_and_breaks_nothing_else(package):
    (folder,) = package.__path__
    for name, text in {"aaa": "1 / 0\n", "bee": "def\n", "twice": "import orchard.hazel\n"
                       "orchard.nuts.add('hazel', 2)\n"}.items():  # fmt: skip
        Path(folder, f"{name}.py").write_text(text)
    importlib.invalidate_caches()
    assert list(package.nuts) == ["hazel"]
    assert package.nuts["hazel"]() == 1
    reasons = package.nuts.unavailable
    assert reasons["aaa"] == "orchard.aaa raises ZeroDivisionError: division by zero"
    assert reasons["bee"].startswith("orchard.bee raises SyntaxError: ")
    assert reasons["twice"].startswith("orchard.twice raises DuplicateName: nut names are unique")
    with pytest.raises(Unavailable, match=r"nut 'aaa' cannot be used: orchard\.aaa raises Zero"):
        package.nuts["aaa"]
    assert "aaa" not in package.nuts


def test_of_a_packages_folders_those_that_are_named_are_looked_into(package):
    (folder,) = package.__path__
    for name in ("shrubs", "hedges", "bogs"):
        inner = Path(folder) / name
        inner.mkdir()
        (inner / "__init__.py").write_text("import no_such_bog" if name == "bogs" else "")
        part = f"from orchard import nuts\n\nnuts.add('{name}', len)"
        (inner / "leaf.py").write_text(part)
    importlib.invalidate_caches()
    package.nuts._folders = ("shrubs", "bogs")
    assert list(package.nuts) == ["hazel", "shrubs"]
    assert package.nuts.unavailable["bogs"] == "No module named 'no_such_bog'"


@pytest.mark.parametrize(
    "place", ["safety.threats:threats", "agents:agents", "experiments:experiments"]
)
def test_our_own_parts_are_all_there(place):
    found = import_address(f"rallypoint.{place}")
    assert len(found) > 0
    assert found.unavailable == {}


def test_what_a_cell_of_a_notebook_defines_anew_takes_the_place_it_had(package):
    def cell(name, place="__main__"):
        return package.nuts.register("pecan")(type(name, (), {"__module__": place}))

    cell("Pecan")
    again = cell("Pecan")
    assert package.nuts["pecan"] is again
    for other in ({"name": "Walnut"}, {"name": "Pecan", "place": "elsewhere"}):
        with pytest.raises(DuplicateName, match="'pecan' is taken by"):
            cell(**other)
    package.nuts.add("lambda", lambda: 1)
    with pytest.raises(DuplicateName, match="'lambda' is taken by"):
        package.nuts.add("lambda", lambda: 2)
    assert package.nuts["pecan"] is again


def test_the_same_part_may_take_its_own_name_if_it_says_so(fruits):
    assert fruits.add("fig", 3.0, is_same=lambda old, new: old == new) == 3.0
    with pytest.raises(DuplicateName, match="'fig' is taken by 3"):
        fruits.add("fig", 4, is_same=lambda old, new: old == new)


def test_an_address_may_name_an_attribute_of_an_attribute():
    assert import_address("pathlib:Path.cwd")() == Path.cwd()
    for address, error in (("pathlib:Pat", AttributeError), ("no_such:Path", ImportError)):
        with pytest.raises(error):
            import_address(address)


def test_a_registry_of_a_package_is_pickled_by_address(package):
    assert pickle.loads(pickle.dumps(package.nuts)) is package.nuts  # noqa: S301  # our own


def test_other_packages_join_through_entry_points(monkeypatch):
    asked = []
    points = [
        entry_point("kiwi", lambda: 4),
        entry_point("bad", lambda: fail(ZeroDivisionError("by nought"))),
        entry_point("worse", lambda: fail(AttributeError("nothing there"))),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: asked.append(group) or points)
    fruits = Registry[int]("fruit")
    fruits.add("fig", 3)
    assert list(fruits) == ["fig", "kiwi"]
    assert asked == ["rallypoint.fruits"]
    assert fruits.unavailable == {
        "bad": "somewhere:bad raises ZeroDivisionError: by nought",
        "worse": "somewhere:worse raises AttributeError: nothing there",
    }
    with pytest.raises(Unavailable, match="fruit 'bad' cannot be used: somewhere:bad raises Zero"):
        fruits["bad"]


def test_a_name_of_ours_is_refused_to_others_before_any_look_up_too(package):
    assert "orchard.hazel" not in sys.modules
    with pytest.raises(DuplicateName, match="'hazel' is taken by <function crack"):
        package.nuts.add("hazel", 2)
    assert package.nuts["hazel"]() == 1
    assert package.nuts.unavailable == {"coco": "No module named 'no_such_library'"}


def test_parts_of_ours_may_be_registered_without_looking_for_the_others(package):
    importlib.import_module("orchard.hazel")
    assert "orchard.coco" not in sys.modules
    assert package.nuts._unavailable == {}


def test_a_package_under_import_is_not_asked_for_its_entry_points(package, monkeypatch):
    asked = []
    monkeypatch.setattr(registry, "entry_points", lambda group: asked.append(group) or [])
    package.nuts.add("pecan", 2)
    assert not asked
    assert list(package.nuts) == ["hazel", "pecan"]
    assert asked == ["rallypoint.nuts"]


def test_an_entry_point_under_a_name_of_ours_is_listed_as_refused(monkeypatch, package):
    points = [entry_point("hazel", lambda: 4)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert package.nuts["hazel"]() == 1
    reason = package.nuts.unavailable["hazel"]
    assert reason.startswith("somewhere:hazel raises DuplicateName: nut names are unique")


def test_an_entry_point_of_what_its_own_package_registered_before_is_no_other(tmp_path, package):
    text = "from orchard import nuts\nnuts.add('brazil', (len, 1))\n"
    (tmp_path / "somewhere.py").write_text(text)
    importlib.invalidate_caches()
    importlib.import_module("somewhere")
    del sys.modules["somewhere"]
    package.nuts._join(entry_point("brazil", lambda: len))
    assert package.nuts["brazil"] == (len, 1)
    assert "brazil" not in package.nuts.unavailable


def test_what_a_function_of_a_package_registered_is_the_packages_own(tmp_path, package):
    """A script asks a package to register what it has, as is common with Gymnasium's."""
    text = "from orchard import nuts\ndef register_all():\n    nuts.add('brazil', (len, 1))\n"
    (tmp_path / "somewhere.py").write_text(text)
    importlib.invalidate_caches()
    importlib.import_module("somewhere").register_all()
    del sys.modules["somewhere"]
    package.nuts._join(entry_point("brazil", lambda: len))
    assert package.nuts["brazil"] == (len, 1)
    assert "brazil" not in package.nuts.unavailable


def test_an_entry_point_does_not_take_a_name_that_its_own_loading_registered(monkeypatch):
    fruits = Registry[int]("fruit")
    points = [entry_point("kiwi", lambda: fruits.add("kiwi", 4))]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert fruits["kiwi"] == 4


def test_a_module_that_looks_a_part_up_while_it_is_imported_does_not_go_round(package):
    (folder,) = package.__path__
    text = "from orchard import nuts\nknown = list(nuts)\nnuts.add('wal', known)\n"
    Path(folder, "wal.py").write_text(text)
    importlib.invalidate_caches()
    assert set(package.nuts) == {"hazel", "wal"}
