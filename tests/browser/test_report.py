"""The page of runs, in a real browser: on a phone and on a desk, in light and in dark."""

import pytest

from rallypoint.experiments.report.page import render
from rallypoint.experiments.report.recorded import read_run
from tests.experiments.report.test_exhibits import shown_run
from tests.experiments.report.test_hostile import HTML
from tests.experiments.report.toy_runs import edit, write_run

pytestmark = pytest.mark.browser

everywhere = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
on_both = pytest.mark.parametrize("width", [360, 1280], ids=["phone", "desk"])


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return pages of one run, of several beside each other, and of one that means harm."""
    folder = tmp_path_factory.mktemp("runs")
    one = write_run(folder / "one")
    edit(one / "manifest.json", left_out=["gaussian", "packet_loss", "a_kind_of_a_long_name"])
    shown = shown_run(folder / "shown")
    others = [shown_run(folder / f"rate-{rate}", rate=rate, shift=rate) for rate in (1, 2)]
    many = [write_run(folder / f"many-{number}", cycles=number) for number in range(9)]
    hostile = write_run(folder / "harm", disagreements=[HTML])
    edit(
        hostile / "manifest.json",
        reason=HTML,
        status="failed",
        started=HTML,
        left_out=[HTML, "w" * 300],
    )
    edit(hostile / "summary.json", metrics={HTML: HTML, "w" * 300: "x" * 300})
    texts = {
        "one run": [one],
        "all kinds of drawings": [shown],
        "several runs": [one, shown, *others],
        "many runs": many,
        "a hostile run": [hostile],
    }
    return {name: render([read_run(path) for path in paths]) for name, paths in texts.items()}


KINDS = ("one run", "all kinds of drawings", "several runs", "many runs", "a hostile run")
every_page = pytest.mark.parametrize("kind", KINDS)


@every_page
@everywhere
@on_both
def test_nothing_is_wrong_with_a_page(kind, dark, width, pages, open_page):
    page = open_page(pages[kind], width, dark)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.complaints == []
    assert page.requests == []
    assert page.overflow == []
    assert page.dead_links == []
    assert page.broken_pictures == []
    assert page.faint_words == []


@every_page
def test_on_paper_nothing_is_wrong_either(kind, pages, open_page):
    page = open_page(pages[kind], 720, printed=True)
    assert page.overflow == []
    assert page.faint_words == []
    moving = "[...document.querySelectorAll('.moving')].every((film) => !film.checkVisibility())"
    assert page.evaluate(moving)


def test_long_names_leave_room_for_scores_on_a_phone(open_page, tmp_path):
    run = shown_run(tmp_path / "run")
    rows = run / "metrics.jsonl"
    long = "presence+observation+interruption+feedback+update"
    rows.write_text(rows.read_text().replace('"mean"', f'"{long}"'))
    page = open_page(render([read_run(run)]), 360)
    ends = page.evaluate(
        "[...document.querySelectorAll('.compared td.number')].map("
        "(cell) => cell.querySelector('b').getBoundingClientRect().right)"
    )
    assert ends
    assert max(ends) < 360
    assert page.overflow == []


def test_hostile_names_do_nothing(pages, open_page):
    page = open_page(pages["a hostile run"])
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.querySelectorAll('[onerror], [onload]').length") == 0
    assert "<script>alert(1)</script>" in page.evaluate("document.body.innerText")


def shown(page, what):
    return page.evaluate(f"document.querySelector({what!r}).checkVisibility()")


def test_a_film_can_be_paused_by_who_has_no_mouse(pages, open_page):
    page = open_page(pages["one run"])
    assert shown(page, ".moving")
    page.evaluate("document.querySelector('.hold').focus()")
    page.press(" ")
    assert not shown(page, ".moving")
    assert shown(page, ".stills img")
    page.press(" ")
    assert shown(page, ".moving")


def test_a_film_stands_still_for_who_wants_that_until_it_is_played(pages, open_page):
    page = open_page(pages["one run"], still=True)
    assert not shown(page, ".moving")
    assert page.evaluate("document.querySelector('.film label').innerText") == "Play"
    page.evaluate("document.querySelector('.hold').click()")
    assert shown(page, ".moving")


def test_letters_in_drawings_can_be_read_on_a_phone(pages, open_page):
    page = open_page(pages["all kinds of drawings"], 360)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.chart text')].filter((text) => text.checkVisibility())"
        ".map((text) => text.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 10


def test_words_in_drawings_stay_inside_them(pages, open_page):
    for width in (360, 1280):
        page = open_page(pages["all kinds of drawings"], width)
        outside = page.evaluate(
            "[...document.querySelectorAll('.chart > svg')].flatMap((svg) => {"
            "const box = svg.getBoundingClientRect();"
            "return [...svg.querySelectorAll('text')].filter((text) => {"
            "const own = text.getBoundingClientRect();"
            "return own.left < box.left - 1 || own.right > box.right + 1;"
            "}).map((text) => text.textContent); })"
        )
        assert outside == []
