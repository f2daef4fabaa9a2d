"""A run's folder is whole at every moment, and nobody else's files are touched."""

import json
import os
import threading
from pathlib import Path

import pytest

from rallypoint.claims import claim_over_seeds
from rallypoint.errors import DuplicateName, InvalidConfig, UnwritablePath
from rallypoint.files import LOCK
from rallypoint.run_folder import RunFolder
from rallypoint.summary import read_summary
from rallypoint.takeover import OWN_FILES, REPORT_SIGN, lies_within


def claim(id="T1/x", values=(1.0, 1.0, 1.0)):
    return claim_over_seeds(id, values, statement="s", source="t", expected=">= 0.9")


def open_run(path, experiment="toy", **about):
    return RunFolder(path, experiment=experiment, config={"a": 1}, seeds=[0, 1, 2], **about)


def content(path):
    files = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
    return files - {LOCK}  # which is there for as long as the run goes on


def manifest(path):
    return json.loads((path / "manifest.json").read_text())


def test_a_run_leaves_its_four_files_and_what_it_drew(tmp_path):
    with open_run(tmp_path / "out", command=["rallypoint", "run"]) as folder:
        folder.add_claim(claim())
        folder.add_file("plots/a.png", b"png")
    assert content(tmp_path / "out") == {*OWN_FILES, "plots/a.png"}
    said = manifest(tmp_path / "out")
    assert said["command"] == ["rallypoint", "run"]
    assert (said["status"], said["config"], said["seeds"]) == ("finished", {"a": 1}, [0, 1, 2])
    assert {"python", "rallypoint", "numpy", "gymnasium", "pettingzoo"} <= set(said["versions"])
    assert {"cpu", "cores", "threads"} <= set(said["machine"])
    assert said["wall_seconds"] >= 0


def test_a_claim_can_be_read_as_soon_as_it_is_finished(tmp_path):
    folder = open_run(tmp_path)
    assert read_summary(tmp_path).claims == ()
    folder.add_claim(claim())
    assert read_summary(tmp_path).claims == (claim(),)
    folder.close("finished")


def test_a_reader_never_meets_half_a_summary(tmp_path):
    folder = open_run(tmp_path)
    counts, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            counts.append(len(read_summary(tmp_path).claims))

    reader = threading.Thread(target=watch)
    reader.start()
    for i in range(50):
        folder.add_claim(claim(f"T{i}"))
    stop.set()
    reader.join()
    folder.close("finished")
    assert counts == sorted(counts)


def test_a_full_disk_leaves_the_last_summary(tmp_path, monkeypatch):
    folder = open_run(tmp_path)
    folder.add_claim(claim())

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UnwritablePath, match="No space left"):
            folder.add_claim(claim("T2"))
    assert [c.id for c in read_summary(tmp_path).claims] == ["T1/x"]
    assert content(tmp_path) == set(OWN_FILES)
    folder.close("failed")


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (ValueError("why"), "failed")]
)
def test_the_manifest_says_how_the_run_ended(error, status, tmp_path):
    def broken_off():
        with open_run(tmp_path) as folder:
            folder.add_claim(claim())
            raise error

    with pytest.raises(type(error)):
        broken_off()
    assert manifest(tmp_path)["status"] == status
    assert manifest(tmp_path)["reason"] == (None if status == "interrupted" else "ValueError: why")
    assert len(read_summary(tmp_path).claims) == 1


def test_rows_are_on_disk_at_once_and_hold_no_nan(tmp_path):
    folder = open_run(tmp_path)
    folder.add_row({"seed": 0, "loss": float("nan")})
    folder.add_row({"seed": 1, "loss": float("inf")})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["loss"] for line in lines] == [None, None]
    folder.close("finished")


def test_an_invalid_run_shows_nothing(tmp_path):
    with open_run(tmp_path) as folder:
        folder.add_claim(claim())
        folder.add_receipts("T1", [{"budget": 3}], [])
        assert read_summary(tmp_path).valid
        folder.add_receipts("T2", [{"budget": 9}], ["it spent 9 of 3"])
        folder.add_claim(claim("T2", (0.0, 0.0, 0.0)))
    summary = read_summary(tmp_path)
    assert not summary.valid
    assert [(c.verdict, c.holds) for c in summary.claims] == [("undecided", False)] * 2
    receipts = json.loads((tmp_path / "receipts.json").read_text())
    assert receipts["disagreements"] == ["T2: it spent 9 of 3"]
    assert set(receipts["receipts"]) == {"T1", "T2"}


def test_a_claim_comes_once(tmp_path):
    with open_run(tmp_path) as folder:
        folder.add_claim(claim())
        with pytest.raises(DuplicateName, match="'T1/x' comes twice"):
            folder.add_claim(claim())


def test_receipts_of_a_condition_come_once(tmp_path):
    with open_run(tmp_path) as folder:
        folder.add_receipts("T1", [], [])
        with pytest.raises(DuplicateName, match="'T1' come twice"):
            folder.add_receipts("T1", [], [])


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".hidden", "summary.json"])
def test_a_file_stays_in_the_folder(name, tmp_path):
    with open_run(tmp_path) as folder, pytest.raises(InvalidConfig, match="plain relative name"):
        folder.add_file(name, b"")


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


def test_a_row_that_finds_no_room_ends_the_run_in_a_sentence(tmp_path, monkeypatch):
    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

        def close(self):
            raise OSError(28, "No space left on device")

    folder = open_run(tmp_path)
    folder._rows.close()
    monkeypatch.setattr(folder, "_rows", Full())
    with pytest.raises(UnwritablePath, match=r"cannot write .*metrics\.jsonl: No space left"):
        folder.add_row({"seed": 0})
    folder.close("failed")
    assert manifest(tmp_path)["status"] == "failed"


def test_a_name_that_no_file_can_have_lies_nowhere(tmp_path):
    assert lies_within(tmp_path, "plots/a.png")
    assert not lies_within(tmp_path, "a" * 5000)
