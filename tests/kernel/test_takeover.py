"""Of what is in a folder already, a run takes over what runs of its kind left, and nothing else."""

import json
from pathlib import Path

import pytest

from rallypoint.errors import UnwritablePath
from rallypoint.files import LOCK
from rallypoint.summary import read_summary
from rallypoint.takeover import OWN_FILES, REPORT_SIGN, lies_within
from tests.kernel.run_folders import claim, content, manifest, open_run


def test_an_earlier_run_is_replaced_file_by_file(tmp_path):
    with open_run(tmp_path, about={"cells": ["a=1"]}) as folder:
        folder.add_claim(claim())
        folder.add_file("old.png", b"")
        with open_run(tmp_path / "a=1") as cell:
            cell.add_file("old.png", b"")
    (tmp_path / "notes.txt").write_text("mine")
    with open_run(tmp_path):
        assert content(tmp_path) == {*OWN_FILES, "notes.txt"}
        assert not (tmp_path / "a=1").exists()
        assert read_summary(tmp_path).claims == ()


def test_somebody_elses_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("chapter 1")
    with pytest.raises(UnwritablePath, match="holds other files; give a new or empty folder"):
        open_run(tmp_path)
    assert content(tmp_path) == {"thesis.tex"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "an app"}', "\0"])
def test_somebody_elses_manifest_is_left_alone(text, tmp_path):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UnwritablePath, match="holds other files"):
        open_run(tmp_path)
    assert (tmp_path / "manifest.json").read_text() == text


@pytest.mark.parametrize(
    "lists", [{"files": 0.1}, {"files": {"x": 1}}, {"files": "x"}, {"cells": 7}, {"cells": None}]
)
def test_a_manifest_whose_lists_are_none_is_left_alone(lists, tmp_path):
    told = {"experiment": "toy", "format": 1, "files": ["x"]} | lists
    (tmp_path / "x").write_text("kept")
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(UnwritablePath, match="holds other files"):
        open_run(tmp_path)
    assert (tmp_path / "x").read_text() == "kept"


def test_another_experiments_run_is_left_alone(tmp_path):
    with open_run(tmp_path) as folder:
        folder.add_claim(claim())
    with pytest.raises(UnwritablePath, match="holds a run of 'toy'"):
        open_run(tmp_path, "other")
    assert len(read_summary(tmp_path).claims) == 1


@pytest.mark.parametrize("linked", [False, True], ids=["..", "link"])
def test_a_manifest_cannot_have_files_elsewhere_removed(linked, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    out = tmp_path / "out"
    with open_run(out):
        pass
    (out / "link").symlink_to(tmp_path)
    name = "link/victim" if linked else "../victim"
    (out / "manifest.json").write_text(
        json.dumps(manifest(out) | {"files": [name, 3, str(victim)]})
    )
    with open_run(out):
        assert victim.read_text() == "mine"


def test_a_manifest_cannot_have_a_run_elsewhere_removed_as_a_cell(tmp_path):
    with open_run(tmp_path / "victim"), open_run(tmp_path / "out", about={"cells": ["link"]}):
        pass
    (tmp_path / "out/link").symlink_to(tmp_path / "victim")
    with open_run(tmp_path / "out"):
        assert content(tmp_path / "victim") == set(OWN_FILES)


def test_a_place_that_takes_no_files_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritablePath, match="is a file"):
        open_run(tmp_path / "file")
    with pytest.raises(UnwritablePath, match="cannot write"):
        open_run(tmp_path / "file" / "below")
    with pytest.raises(UnwritablePath, match="cannot write"):
        open_run(Path("/proc/nowhere"))


def test_the_folder_of_a_run_that_goes_on_is_left_alone(tmp_path):
    with open_run(tmp_path) as first:
        first.add_row({"whose": "first"})
        with pytest.raises(UnwritablePath, match="is in use by a run that goes on"):
            open_run(tmp_path)
        first.add_claim(claim())
    assert (tmp_path / "metrics.jsonl").read_text() == '{"whose":"first"}\n'
    assert len(read_summary(tmp_path).claims) == 1
    assert not (tmp_path / LOCK).exists()
    open_run(tmp_path).close("finished")


def test_a_cell_that_somebody_uses_keeps_the_whole_sweep(tmp_path):
    with open_run(tmp_path, about={"cells": ["a=1"]}), open_run(tmp_path / "a=1"):
        pass
    with (
        open_run(tmp_path / "a=1"),
        pytest.raises(UnwritablePath, match=r"a=1 is in use"),
    ):
        open_run(tmp_path)
    assert set(OWN_FILES) < content(tmp_path)
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("killed_before", ["its manifest", "its end"])
def test_the_folder_of_a_run_whose_process_was_killed_is_taken_over(killed_before, tmp_path):
    if killed_before == "its end":
        open_run(tmp_path).close("running")
    (tmp_path / LOCK).write_text("process 1 on this-machine\n")
    with open_run(tmp_path):
        pass
    assert manifest(tmp_path)["status"] == "finished"
    assert not (tmp_path / LOCK).exists()


def test_only_what_appeared_during_a_run_is_adopted(tmp_path):
    open_run(tmp_path).close("finished")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with open_run(tmp_path) as folder:
        (tmp_path / "events").mkdir()
        (tmp_path / "events/log.csv").write_text("a library's")
        folder.adopt()
        assert folder.files == (*OWN_FILES, "events/log.csv")
    with open_run(tmp_path):
        assert content(tmp_path) == {*OWN_FILES, "mine/notes.txt"}


def test_our_report_of_an_earlier_run_goes_with_it_and_no_other_page_does(tmp_path):
    open_run(tmp_path).close("finished")
    page = tmp_path / "report.html"
    page.write_text(f'<!doctype html>{REPORT_SIGN} 0.1">old claims')
    with open_run(tmp_path):
        assert not page.exists()
    page.write_text("<!doctype html>my own")
    with open_run(tmp_path):
        assert page.exists()


def test_a_name_that_no_file_can_have_lies_nowhere(tmp_path):
    assert lies_within(tmp_path, "plots/a.png")
    assert not lies_within(tmp_path, "a" * 5000)
