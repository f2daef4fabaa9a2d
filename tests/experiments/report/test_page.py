"""What a reader finds on the page."""

import itertools
import json

import pytest

from rallypoint.experiments.report.page import render
from rallypoint.experiments.report.recorded import read_run
from rallypoint.run_folder import RunFolder
from rallypoint.summary import read_summary
from tests.experiments.report.reading import Page
from tests.experiments.report.toy_runs import claim, edit, page_of, picture, write_run


@pytest.fixture
def page(finished_run):
    return page_of(finished_run)


def test_every_claim_is_there_with_its_numbers_and_its_verdict(finished_run, page):
    for made in read_summary(finished_run).claims:
        assert made.id in page.text
        assert made.statement in page.text
        assert f"{made.measured:.3f} [{made.interval[0]:.3f}, {made.interval[1]:.3f}]" in page.text
        assert made.verdict in page.text
    assert "95 % bootstrap, n = 3" in page.text
    assert "≥ 0.9" in page.text


def test_a_verdict_says_how_far_the_threshold_is(page):
    assert "holds clear of it by 0.06" in page.text
    assert "fails misses it by 0.6" in page.text
    assert "undecided the interval crosses it" in page.text


def test_a_documented_limit_stands_apart_and_is_no_failure(page):
    claims, _, limits = page.text.partition("Documented limits Known in advance")
    assert "what T2/known says" in limits
    assert "what T2/known says" not in claims
    assert "fails, as documented" in limits
    assert "1 of 3 claims hold, 1 fails, 1 undecided; 1 of 1 documented limit fails" in page.text


def test_a_documented_limit_that_holds_is_said_to(tmp_path):
    with RunFolder(tmp_path / "a", experiment="toy", config={}, seeds=[0, 1, 2]) as folder:
        folder.add_claim(claim("T2/known", [0.95, 0.96, 0.97], documented_limit=True))
    page = page_of(tmp_path / "a")
    assert "1 of 1 documented limit holds, though documented not to" in page.text
    assert page.text.count("holds, though documented not to") >= 3  # at a glance and in the table


def test_intervals_over_few_seeds_come_with_a_caution(page):
    assert "95 % bootstrap intervals over 3 seeds cover about 74 %" in page.text


def left_out_of(path, *kinds):
    with RunFolder(path, experiment="train", config={}, seeds=[0]) as folder:
        folder.note("left_out", list(kinds))
    return path


def test_threats_that_nobody_could_meet_are_named_in_a_banner_and_in_chips(tmp_path):
    path = left_out_of(tmp_path / "a", "gaussian", "packet_loss", "gaussian")
    page = page_of(path)
    assert "Left out: gaussian, packet_loss. The threat file names them" in page.text
    chips = [attributes for attributes in page.all("span") if attributes.get("class") == "chip"]
    assert len(chips) == 2
    assert page.text.count("without gaussian") == page.text.count("without packet_loss") == 1
    other = left_out_of(tmp_path / "b")
    assert "Left out" not in page_of(other).text
    beside = Page(render([read_run(path), read_run(other)]))
    assert beside.text.count("without gaussian") == 2  # in the overview, and in its own part


def test_names_of_what_was_left_out_are_words_and_nothing_else(tmp_path):
    page = page_of(left_out_of(tmp_path / "a", "<script>alert(1)</script>"))
    assert not page.all("script")
    assert "without <script>alert(1)</script>" in page.text


def test_the_seal_is_there_to_be_published(finished_run, page):
    assert json.loads((finished_run / "manifest.json").read_text())["seal"] in page.text


def test_every_verdict_has_a_shape_beside_its_colour(page):
    shapes = {attributes["id"] for attributes in page.all("symbol")}
    used = {attributes["href"].lstrip("#") for attributes in page.all("use")}
    assert used == shapes == {"sign-holds", "sign-fails", "sign-undecided", "sign-limit"}


def test_several_sources_become_numbered_notes(page):
    assert "Author (2020), section 2" in page.text
    assert "Other (2021)" in page.text
    assert "what T2/known says [2]" in page.text


def test_learning_curves_are_drawn_from_the_rows(page):
    assert page.text.count("Curve of T1") == 1
    assert "share goes from 0.09 at cycle 1 to 0.99 at 10" in page.text
    assert "0.990 [0.980, 1.000]" in page.text  # the table below


def test_pictures_are_inside_the_page_and_say_what_they_show(page):
    images = page.all("img")
    assert len(images) == 4  # a plot, a film and its two stills
    assert all(image["src"].startswith("data:image/") for image in images)
    assert all(image["alt"] and image["width"] and image["height"] for image in images)
    assert "Plot: T1 learning, for 1 of 3 claims hold" in images[-1]["alt"]


def test_receipts_metrics_and_other_files_are_listed(page):
    assert '{"whose": "own", "count": 3}' in page.text
    assert "T1/aside 12.35" in page.text
    assert 'T1/details {"mean": [1, 2]}' in page.text
    assert "tables.bin" in page.text


def test_the_manifest_says_what_a_repetition_needs(finished_run, page):
    manifest = read_run(finished_run).manifest
    assert "rallypoint run toy --set 'note=two words' --out runs/a" in page.text
    for version in manifest["versions"].values():
        assert version in page.text
    assert manifest["started"] in page.text
    assert str(manifest["machine"]["cpu"]) in page.text
    assert "seeds 0–2" in page.text
    assert "state finished" in page.text


def test_a_page_tells_all_of_a_threat_file_and_not_its_beginning(tmp_path):
    threats = [{"kind": "stutter", "victims": [f"agent_{i}"], "steps": i} for i in range(30)]
    config = {"threats": {"byzantine": {"members": [7]}, "threats": threats}}
    with RunFolder(tmp_path / "run", experiment="train", config=config, seeds=(0,)):
        pass
    text = page_of(tmp_path / "run").text
    assert "threats.byzantine.members [7]" in text
    for place in range(30):
        for told in ("stutter", f'.victims ["agent_{place}"]', f".steps {place}"):
            assert f"threats[{place}]{told if told[0] == '.' else f' {told}'} " in f"{text} "


def test_receipts_by_the_hundred_are_folded(tmp_path):
    for count, folded in ((20, False), (40, True)):
        told = {f"condition-{number}": ["as it says"] for number in range(count)}
        with RunFolder(tmp_path / str(count), experiment="toy", config={}, seeds=(0,)) as folder:
            for condition, receipts in told.items():
                folder.add_receipts(condition, receipts, ())
        text = page_of(tmp_path / str(count)).text
        assert (f"All {count} receipts" in text) == folded
        assert f"condition-{count - 1}" in text


def test_a_question_names_the_page_where_the_experiment_is_known(run):
    assert page_of(run).text.count("Experiment toy") == 2  # nobody registered it: title, heading
    for name in ("manifest.json", "summary.json"):
        edit(run / name, experiment="gathering")
    assert "Do agents learn to gather" in page_of(run).text
    edit(run / "manifest.json", title="ppo learns in torus-v0")  # a training has no other
    assert page_of(run).text.count("ppo learns in torus-v0") == 2


def test_an_invalid_run_says_so_before_anything_else(tmp_path):
    page = page_of(write_run(tmp_path / "run", disagreements=["crashed one too many"]))
    assert (
        page.text.index("Invalid run: it shows nothing")
        < page.text.index("T1/clear: undecided") + 10**6
    )
    assert "T2/known: crashed one too many" in page.text
    assert "Valid run" not in page.text
    assert "holds clear" not in page.text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyboardInterrupt(), "Interrupted run."),
        (MemoryError("all of it"), "The run failed. MemoryError: all of it."),
    ],
)
def test_a_run_that_did_not_finish_says_so_and_shows_what_it_has(error, words, tmp_path):
    folder = RunFolder(tmp_path / "run", experiment="toy", config={}, seeds=(0,))
    folder.add_claim(claim("T1/early", [1.0, 1.0, 1.0]))
    folder.__exit__(type(error), error, None)
    page = page_of(tmp_path / "run")
    assert f"{words} What is here was finished before" in page.text
    assert "T1/early" in page.text
    assert "Valid so far." in page.text


def test_a_run_that_is_still_going_on_has_a_page_too(tmp_path):
    with RunFolder(tmp_path / "run", experiment="toy", config={}, seeds=(0,)):
        page = page_of(tmp_path / "run")
    assert "Unfinished run." in page.text
    assert "No claim was finished." in page.text


def test_several_runs_stand_side_by_side(tmp_path):
    page = page_of(write_run(tmp_path / "a"), write_run(tmp_path / "b", cycles=20, seeds=(7, 8, 9)))
    assert "2 runs" in page.text
    assert "toy: runs side by side" in page.text
    assert "b cycles = 20, seeds 7–9" in page.text
    links = {attributes["href"] for attributes in page.all("a")}
    assert {"#run-1", "#run-2"} <= links


def test_the_cells_of_a_sweep_show_their_own_plots(tmp_path):
    cells = ["cycles=1", "cycles=2"]
    with RunFolder(
        tmp_path / "sweep", experiment="toy", config={}, seeds=(0,), about={"cells": cells}
    ) as outer:
        with RunFolder(
            tmp_path / "sweep" / cells[0], experiment="toy", config={}, seeds=(0,)
        ) as inner:
            inner.add_file("T1.png", picture())
        outer.add_claim(claim("T1/cycles=1", [1.0, 1.0, 1.0]))
    page = page_of(tmp_path / "sweep")
    assert "Plots of cycles=1" in page.text
    assert len(page.all("img")) == 1
    assert "Cell cycles=2 was not reached." in page.text


def test_links_and_labels_lead_to_something_and_anchors_are_unique(tmp_path):
    page = page_of(write_run(tmp_path / "a"), write_run(tmp_path / "b"))
    ids = page.ids()
    assert len(set(ids)) == len(ids)
    leads = [attributes.get("href") for _, attributes in page.elements]
    leads += [f"#{attributes.get('aria-labelledby', ids[0])}" for _, attributes in page.elements]
    assert {lead for lead in leads if lead} <= {f"#{name}" for name in ids}


def test_headings_go_down_one_level_at_a_time(tmp_path):
    page = page_of(write_run(tmp_path / "a"), write_run(tmp_path / "b"))
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))


def test_the_page_loads_nothing_and_runs_nothing(page):
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/"))
    policies = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policies[0].startswith("default-src 'none'")


def test_its_style_loads_nothing_either(run):
    html = render([read_run(run)])
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_the_same_run_gives_the_same_page(run):
    assert render([read_run(run)]) == render([read_run(run)])
