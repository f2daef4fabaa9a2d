"""Compiled code is an extra: used where it pays, never needed, never in the way."""

import sys
import textwrap

import pytest

from rallypoint import acceleration
from rallypoint.errors import InvalidConfig, Unavailable
from tests.tree import python

MODULE = "rallypoint.envs.gathering.compiled_step"
TRIPLE = """
from rallypoint.acceleration import compiled, inlined

@inlined
def twice(number):
    return 2 * number

@compiled("int64(int64)")
def triple(number):
    return twice(number) + number
"""
USE_TRIPLE = "import triple; assert triple.triple(14) == 42; print(*triple.triple.stats.cache_hits)"


@pytest.fixture
def no_numba(monkeypatch):
    """Make numba impossible to import, or to find."""
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)


@pytest.mark.parametrize(
    ("switch", "pays", "used"),
    [
        (None, True, True),
        (None, False, False),
        ("", False, False),
        ("1", False, True),
        ("0", True, False),
        ("0", False, False),
    ],
)
def test_it_is_used_where_it_pays_or_where_it_is_asked_for(monkeypatch, switch, pays, used):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    if switch is not None:
        monkeypatch.setenv("RALLYPOINT_FAST", switch)
    module = acceleration.compiled_module(MODULE, pays=pays)
    assert (module is not None) is used


@pytest.mark.parametrize("is_loaded", [False, True])
def test_short_loops_come_in_where_numba_is_loaded_already(monkeypatch, is_loaded):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    acceleration.compiled_module(MODULE, pays=True)
    if not is_loaded:
        monkeypatch.delitem(sys.modules, "numba")
    assert (acceleration.compiled_beside(MODULE) is not None) is is_loaded


def test_a_switch_that_means_nothing_is_refused(monkeypatch):
    monkeypatch.setenv("RALLYPOINT_FAST", "yes")
    with pytest.raises(InvalidConfig, match="must be 0, 1 or unset, got 'yes'"):
        acceleration.compiled_module(MODULE, pays=True)


@pytest.mark.usefixtures("no_numba")
def test_without_numba_numpy_does_the_work(monkeypatch):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    assert acceleration.compiled_module(MODULE, pays=True) is None


@pytest.mark.usefixtures("no_numba")
def test_numba_that_is_asked_for_and_missing_is_named_with_the_way_to_it(monkeypatch):
    monkeypatch.setenv("RALLYPOINT_FAST", "1")
    with pytest.raises(Unavailable, match=r"pip install 'rallypoint\[fast\]'"):
        acceleration.compiled_module(MODULE, pays=True)


def test_numba_that_is_installed_and_broken_is_told_once_and_left_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("RALLYPOINT_FAST", raising=False)
    monkeypatch.setattr(acceleration, "_tried_in_vain", set())
    (tmp_path / "broken.py").write_text("raise SystemError('needs NumPy 1.0 or less')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(RuntimeWarning, match="needs NumPy 1.0 or less"):
        assert acceleration.compiled_module("broken", pays=True) is None
    (tmp_path / "broken.py").write_text("raise AssertionError('it was tried again')")
    assert acceleration.compiled_module("broken", pays=True) is None
    monkeypatch.setenv("RALLYPOINT_FAST", "1")
    with pytest.raises(Unavailable, match="tried again"):  # who asks for it is answered each time
        acceleration.compiled_module("broken", pays=True)


def test_nothing_loads_numba_before_there_is_much_to_train():
    python(
        "-c",
        textwrap.dedent("""
            import sys, rallypoint
            from rallypoint.agents import agents
            from rallypoint.agents.tabular.encoding import Sectors
            from rallypoint.agents.tabular.training import train

            env = rallypoint.make("gathering-v0")
            train(env, agents["traced_q_learning"](), Sectors(), episodes=1, seed=0)
            assert "numba" not in sys.modules
        """),
        RALLYPOINT_FAST="",
    )


@pytest.fixture
def use_triple(tmp_path):
    """Return what compiles a function in a fresh process, and where it keeps the code."""
    (tmp_path / "triple.py").write_text(TRIPLE)
    kept = tmp_path / "kept"

    def use(folder=kept):
        # The one place there is, so that nothing is kept elsewhere.
        only = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
        return python("-c", USE_TRIPLE, cwd=tmp_path, NUMBA_CACHE_DIR=str(folder), **only)

    return use, kept


def test_machine_code_is_kept_and_found_again(use_triple):
    use, kept = use_triple
    assert use() == "\n"
    assert list(kept.rglob("*.nbc"))
    assert use() == "int64(int64)\n"


def test_where_nothing_can_be_kept_it_is_compiled_each_time(use_triple, tmp_path):
    use, _ = use_triple
    (tmp_path / "file").write_text("in the way")
    use(folder=tmp_path / "file" / "kept")


def test_what_was_kept_and_is_damaged_is_compiled_again(use_triple):
    use, kept = use_triple
    use()
    for path in kept.rglob("*.nb*"):
        path.write_bytes(path.read_bytes()[:40])
    use()
