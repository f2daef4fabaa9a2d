"""A file is there whole, or not at all."""

import os
import threading
from pathlib import Path

import pytest

from rallypoint.errors import UnwritablePath
from rallypoint.files import LOCK, FolderLock, writable_folder, write_atomically


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("content", ["one line\n", "ümläut", b"\x00\xff", ""])
def test_what_is_written_is_there_and_nothing_else(tmp_path, content):
    path = tmp_path / "deep" / "down.json"
    write_atomically(path, content)
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert names(tmp_path) == ["deep", "down.json"]


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, "a long first version")
    write_atomically(path, "short")
    assert path.read_text() == "short"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failing_write_leaves_what_was_there_and_nothing_half_written(
    tmp_path, monkeypatch, fails
):
    path = tmp_path / "a.txt"
    write_atomically(path, "before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "replace")), full)
    with pytest.raises(
        UnwritablePath, match=r"cannot write .*a\.txt: No space left on device; give"
    ):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


def test_an_interrupted_write_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.txt", "after")
    assert names(tmp_path) == []


def test_a_reader_never_meets_half_of_a_file(tmp_path):
    path, versions = tmp_path / "a.txt", ["a" * 100_000, "b" * 200_000]
    write_atomically(path, versions[0])
    done = threading.Event()

    def rewrite():
        for number in range(40):
            write_atomically(path, versions[number % 2])
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    while not done.is_set():
        assert path.read_text() in versions
    writer.join()


def test_a_place_that_cannot_be_written_to_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    for place in ("file/a.txt", "file/deep/a.txt", "folder"):
        with pytest.raises(UnwritablePath, match=f"cannot write .*{place}: .*give another place$"):
            write_atomically(tmp_path / place, "text")
    assert names(tmp_path) == ["file", "folder"]


def test_a_folder_is_made_and_tried_and_left_empty(tmp_path):
    folder = writable_folder(tmp_path / "runs" / "one")
    assert folder.is_dir()
    assert names(folder) == []
    assert writable_folder(folder) == folder


def test_a_folder_that_takes_no_files_is_refused_at_once(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(UnwritablePath, match=r"cannot write .*runs"):
        writable_folder(tmp_path / "runs")


def test_a_folder_is_kept_for_one_until_it_is_given_back(tmp_path):
    lock = FolderLock(tmp_path)
    who = rf"in use by a run that goes on \(process {os.getpid()} on .+\); .*give another place$"
    with pytest.raises(UnwritablePath, match=who):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    assert names(tmp_path) == []
    FolderLock(tmp_path).release()


def test_what_a_process_that_died_left_in_a_folder_keeps_nobody_out(tmp_path):
    (tmp_path / LOCK).write_text("process 1 on this-machine\n")
    FolderLock(tmp_path).release()
    assert names(tmp_path) == []


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("rallypoint.files.fcntl.flock", unsupported)
    FolderLock(tmp_path).release()
    assert names(tmp_path) == []
