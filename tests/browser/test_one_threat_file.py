"""The page about three trainings under one threat file, as a reader opens it."""

import gc

import pytest

from tests.end_to_end.runs import make_runs

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Ray's own
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return the page's path."""
    folder = tmp_path_factory.mktemp("one_threat_file")
    make_runs(folder)
    gc.collect()  # what Ray forgot, while its warnings are let through
    return folder / "page.html"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_opens_whole_on_every_screen(page, open_page, width, dark):
    opened = open_page(page, width, dark)
    assert (opened.complaints, opened.requests) == ([], [])
    assert (opened.overflow, opened.dead_links, opened.broken_pictures) == ([], [], [])


def test_a_reader_finds_the_runs_and_what_went_wrong_in_them(page, open_page):
    text = open_page(page).evaluate("document.body.textContent")
    for told in ("here", "ray", "sb3", "interruption", "lossy_sight", "anti_goal", "sign_flip"):
        assert told in text, told
