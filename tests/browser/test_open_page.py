"""The browser sees what is wrong with a page, so that other tests can rest on it."""

import pytest

from tests.browser.chromium import BrowserError

pytestmark = pytest.mark.browser

SOUND = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>t</title><style>p { color: #111 } @media (prefers-color-scheme: dark) { p { color: #eee } }
</style><p id="here"><a href="#here">here</a></p>"""
COLOUR = "getComputedStyle(document.querySelector('p')).color"


@pytest.mark.parametrize(
    ("dark", "colour"), [(False, "rgb(17, 17, 17)"), (True, "rgb(238, 238, 238)")]
)
@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_is_as_wide_and_as_dark_as_asked(open_page, width, dark, colour):
    page = open_page(SOUND, width, dark)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate(COLOUR) == colour


def test_nothing_is_wrong_with_a_sound_page(open_page):
    page = open_page(SOUND, 360)
    assert [page.complaints, page.requests, page.overflow] == [[], [], []]
    assert [page.dead_links, page.broken_pictures, page.faint_words] == [[], [], []]


@pytest.mark.parametrize(
    ("part", "seen", "told"),
    [
        ("<script>console.error('so bad')</script>", "complaints", "so bad"),
        ("<script>throw new Error('worse')</script>", "complaints", "Uncaught"),
        ("<img src='http://localhost:1/x.png'>", "requests", "http://localhost:1/x.png"),
        ("<div style='width: 900px'>wide</div>", "overflow", "DIV : "),
        ("<a href='#there'>", "dead_links", "#there"),
        ("<p style='color: #999'>pale</p>", "faint_words", "2.85: pale"),
        ("<p style='background: #111c'>covered</p>", "faint_words", "covered"),
        ("<img alt='torn' src='data:image/png;base64,AAAA'>", "broken_pictures", "torn"),
    ],
)
def test_what_is_wrong_is_seen(part, seen, told, open_page):
    (found,) = getattr(open_page(SOUND + part, 360), seen)
    assert told in found


def test_what_scrolls_in_its_own_box_is_no_overflow(open_page):
    box = "<div style='overflow-x: auto'><div style='width: 900px'>wide</div></div>"
    assert open_page(SOUND + box, 360).overflow == []


def test_a_page_from_a_file_is_told_apart_from_one_as_text(open_page, tmp_path):
    file = tmp_path / "own.html"
    file.write_text(SOUND)
    assert open_page(file).url == file.as_uri()
    picture = open_page(file).screenshot(tmp_path / "shown.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_opened_or_computed_is_said(open_page, tmp_path):
    with pytest.raises(BrowserError, match="ERR_FILE_NOT_FOUND"):
        open_page(tmp_path / "nowhere.html")
    with pytest.raises(BrowserError, match="ReferenceError"):
        open_page(SOUND).evaluate("nothing")
