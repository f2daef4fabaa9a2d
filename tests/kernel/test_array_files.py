import zipfile

import numpy as np
import pytest

from rallypoint.array_files import read_array, read_arrays, write_arrays
from rallypoint.errors import UnreadableFile


def test_what_is_written_is_read_again(tmp_path):
    write_arrays(tmp_path / "a.npz", {"x/y": np.arange(3)}, {"format": 1})
    arrays, about = read_arrays(tmp_path / "a.npz", what="archive")
    assert arrays["x/y"].tolist() == [0, 1, 2]
    assert about == {"format": 1}


@pytest.mark.parametrize(
    ("at", "value"),
    [(6, 163), (8, 1), (10, 8), (10, 99)],
    ids=["later version", "password", "compressed", "compressed as nobody can"],
)
def test_an_archive_whose_list_is_broken_is_refused(tmp_path, at, value):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x": np.arange(3)}, {})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + at] = value
    path.write_bytes(bytes(content))
    with pytest.raises(UnreadableFile, match="is no readable archive"):
        read_arrays(path, what="archive")


HEADERS = {
    "open": b"{'descr': '<i8', 'fortran_order': False, 'shape': (3, 3L",
    "no dict": b"if: (",
    "too large": b"{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }" % 2**50,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_an_array_whose_header_is_broken_is_refused(tmp_path, header):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x": np.arange(3)}, {})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"s:x.npy": start + header}).items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile, match="is no readable archive"):
        read_arrays(path, what="archive")


def test_one_array_is_read_by_itself_and_none_that_is_too_large(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x/y": np.arange(3), "long": np.zeros(10**4)}, {})
    assert read_array(path, "x/y", what="archive", most=24).tolist() == [0, 1, 2]
    says = "a.npz is no readable archive: long has 80,128 bytes, where 100 are the most$"
    with pytest.raises(UnreadableFile, match=says):
        read_array(path, "long", what="archive", most=100)
    np.save(tmp_path / "bare.npy", np.arange(3))
    with pytest.raises(UnreadableFile, match=r"bare\.npy is no readable archive"):
        read_array(tmp_path / "bare.npy", "x/y", what="archive", most=24)
