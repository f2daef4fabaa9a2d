"""Pictures on a page: each once, and no more bytes than there is room for."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from rallypoint.experiments.report.pictures import read_pictures, shared_out
from rallypoint.experiments.report.recorded import picture_room, read_run
from rallypoint.run_folder import RunFolder
from tests.experiments.report.toy_runs import page_of, write_run


def noisy(rng, *, frames=1, kind="PNG", size=(450, 300)):
    """Return a picture that takes its room."""
    images = [
        Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))
        for _ in range(frames)
    ]
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(buffer, kind, **more)
    return buffer.getvalue()


def decoded(uri):
    return base64.b64decode(uri.partition(",")[2])


@pytest.fixture
def folder(tmp_path, rng):
    (tmp_path / "a.png").write_bytes(noisy(rng))
    (tmp_path / "small.png").write_bytes(noisy(rng, size=(20, 20)))
    (tmp_path / "film.gif").write_bytes(noisy(rng, frames=3, kind="GIF", size=(120, 80)))
    return tmp_path


NAMES = ("a.png", "small.png", "film.gif")


def test_with_room_enough_pictures_are_carried_as_they_are(folder):
    found = read_pictures(folder, NAMES, room=10_000_000)
    assert found.notes == ()
    for picture in found.pictures:
        assert decoded(picture.uri) == (folder / picture.name).read_bytes()


def test_what_takes_more_than_its_share_is_made_smaller_and_films_stand_still(folder):
    found = read_pictures(folder, NAMES, room=40_000)
    large, small, film = found.pictures
    assert decoded(small.uri) == (folder / "small.png").read_bytes()
    assert len(decoded(large.uri)) <= 40_000
    with Image.open(io.BytesIO(decoded(large.uri))) as image:
        assert image.width < 450
        assert image.width / image.height == pytest.approx(1.5, rel=0.02)
    assert (large.width, large.height) == (450, 300)  # as it was, so that it lies as it did
    assert film.uri == ""
    assert film.is_film
    (note,) = found.notes
    assert note.startswith(
        "2 of 3 pictures are smaller than they were drawn, and films stand still"
    )


def test_room_is_shared_fairly(rng):
    for _ in range(50):
        sizes = {str(number): int(size) for number, size in enumerate(rng.integers(1, 100, 6))}
        room = int(rng.integers(1, 400))
        shares = shared_out(sizes, room)
        assert sum(shares.values()) <= room
        assert all(shares[name] <= size for name, size in sizes.items())
        cut = [shares[name] for name in sizes if shares[name] < sizes[name]]
        if cut:
            assert max(cut) - min(cut) <= 1
            assert min(cut) >= max((shares[n] for n in sizes if shares[n] == sizes[n]), default=0)


def test_all_runs_of_a_page_have_room_together():
    for num_runs in (1, 10, 100):
        assert picture_room(num_runs) * num_runs * 4 / 3 < 10_000_000


def test_a_page_of_many_runs_says_that_pictures_are_smaller(tmp_path, rng):
    with RunFolder(tmp_path / "a", experiment="toy", config={}, seeds=(0,)) as folder:
        folder.add_file("T1.png", noisy(rng))
    assert read_run(tmp_path / "a").notes == ()
    (note,) = read_run(tmp_path / "a", of_runs=100).notes
    assert "1 of 1 pictures are smaller" in note


def test_a_picture_that_is_there_already_is_not_carried_twice(tmp_path):
    page = page_of(write_run(tmp_path / "a"), write_run(tmp_path / "b"))
    assert len(page.all("img")) == 4
    assert page.text.count("to the bit, as another on this page") == 2
    links = {link["href"] for link in page.all("a")}
    assert {"#run-1-plot-1", "#run-1-film-1"} <= links
