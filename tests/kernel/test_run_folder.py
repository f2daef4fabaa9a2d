"""A run's folder is whole at every moment, and says how the run ended."""

import json
import os
import threading

import pytest

from rallypoint.errors import DuplicateName, InvalidConfig, UnwritablePath
from rallypoint.summary import read_summary
from rallypoint.takeover import OWN_FILES
from tests.kernel.run_folders import claim, content, manifest, open_run


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


def test_a_setting_on_which_last_digits_depend_is_among_the_versions(tmp_path, monkeypatch):
    for value, is_told in (("1", True), ("0", False), ("", False)):
        monkeypatch.setenv("RALLYPOINT_FAST", value)
        with open_run(tmp_path / f"out{value}"):
            pass
        told = manifest(tmp_path / f"out{value}")["versions"]
        assert (told.get("RALLYPOINT_FAST") == "1") is is_told


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
