"""A folder may come from anybody: its page shows what it says, and does nothing it wants."""

import json
import os
from contextlib import suppress

import pytest

from rallypoint.errors import UnreadableFile
from rallypoint.experiments.report.page import render
from rallypoint.experiments.report.recorded import read_run
from rallypoint.run_folder import RunFolder
from tests.experiments.report.toy_runs import claim, edit, page_of, picture, write_run

HTML = "</style></svg>\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"


def test_html_in_every_place_is_shown_and_never_obeyed(tmp_path):
    path = tmp_path / "<b>&amp;"
    with RunFolder(
        path,
        experiment=HTML,
        config={HTML: HTML},
        seeds=(0,),
        command=("rallypoint", "run", HTML),
    ) as folder:
        folder.add_claim(claim("T1", [1.0, 1.0, 1.0], statement=HTML, source=HTML))
        folder.add_claim(claim("T2", [1.0, 1.0, 1.0], source=f"2{HTML}"))
        folder.add_metric(HTML, HTML)
        folder.add_receipts(HTML, [{HTML: HTML}, HTML], [HTML])
        for step in range(4):
            folder.add_row({"claim": HTML, "cell": HTML, "step": step, HTML: step})
    edit(
        path / "manifest.json",
        status="failed",
        reason=HTML,
        started=HTML,
        versions={HTML: HTML},
        machine={HTML: {HTML: HTML}},
        commit={"id": HTML, "modified": True},
        files=["T1-<i>.png", "T1-<u>.gif", HTML.replace("/", "")],
        seal=HTML,
        left_out=[HTML],
    )
    (path / "T1-<i>.png").write_bytes(picture())
    page = page_of(path)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "b", "i", "u"} - {"b"}
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert page.text.count("<script>alert(1)</script>") > 15
    assert "49" not in page.text


@pytest.mark.parametrize("sign", ["\x00", "\x1b[31m", "\u202e", "\u2066"])
def test_signs_that_hide_or_turn_text_are_made_visible(sign, run):
    edit(run / "manifest.json", reason=f"so{sign}far", status="failed")
    html = render([read_run(run)])
    assert sign[0] not in html
    assert "so\N{REPLACEMENT CHARACTER}" in html


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["rm", "-rf", "/"],
        ["rallypoint; rm -rf /"],
        ["python -m rallypointless"],
        ["rallypoint", "run", "x\ny"],
        ["rallypoint", "run", "\u202ex"],
    ],
)
def test_only_a_command_of_ours_is_offered_for_pasting(command, run):
    edit(run / "manifest.json", command=command)
    page = page_of(run)
    assert not page.all("pre")
    assert "No command was recorded that could be given here" in page.text


def test_words_of_a_command_cannot_begin_another(run):
    edit(run / "manifest.json", command=["rallypoint", "run", "x;rm", "$(y)"])
    assert "rallypoint run 'x;rm' '$(y)'" in page_of(run).text


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname.png", "a\0b.png", "link.png"])
def test_a_picture_from_elsewhere_is_refused(name, run):
    (run.parent / "secret.png").write_bytes(picture())
    (run / "link.png").symlink_to(run.parent / "secret.png")
    edit(run / "manifest.json", files=[name])
    with pytest.raises(UnreadableFile, match="lists a file"):
        read_run(run)


@pytest.mark.parametrize("cell", ["..", ".", "../other", "/", "a/b", "a\0"])
def test_a_cell_from_elsewhere_is_refused(cell, run):
    write_run(run.parent / "other")
    edit(run / "manifest.json", cells=[cell])
    with pytest.raises(UnreadableFile, match="lists a cell"):
        read_run(run)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "it is missing"),
        (b"", "it holds no image/png"),
        (b"<svg onload='alert(1)'/>", "it holds no image/png"),
        (picture("GIF"), "it holds no image/png"),
        (picture()[:-40], "it holds no image/png"),
        (picture(size=(9000, 9000)), "it is too large"),
    ],
)
def test_a_picture_that_is_none_leaves_a_note(content, reason, run):
    if content is None:
        (run / "T1-learning.png").unlink()
    else:
        (run / "T1-learning.png").write_bytes(content)
    page = page_of(run)
    assert f"T1-learning.png is not shown: {reason}." in page.text
    assert len(page.all("img")) == 3  # the film and its stills


OWN = ("manifest.json", "summary.json", "receipts.json")


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"format": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 1, "experiment": "toy", "claims": ' + b"[" * 60 + b"]" * 60 + b"}",
        b"1" * 5000,
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
def test_a_corrupt_or_foreign_file_is_named_in_one_sentence(name, content, run):
    (run / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=name) as refused:
        read_run(run)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", OWN)
def test_every_key_may_be_missing_or_of_another_type(name, run):
    content = json.loads((run / name).read_text())
    for key in content:
        for replaced in ({}, {key: [[]]}, {key: "x"}, {key: -1.5}):
            changed = {k: v for k, v in content.items() if k != key} | replaced
            (run / name).write_text(json.dumps(changed))
            with suppress(UnreadableFile):  # or it is a page; nothing else
                render([read_run(run)])


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("number", [0, 7])
def test_a_file_of_another_format_is_refused(name, number, run):
    edit(run / name, format=number)
    with pytest.raises(UnreadableFile, match=f"{name} has format {number}, and this version"):
        read_run(run)


@pytest.mark.parametrize("name", OWN)
def test_a_file_cut_anywhere_is_refused(name, run):
    content = (run / name).read_bytes().rstrip()
    for end in range(0, len(content), 97):
        (run / name).write_bytes(content[:end])
        with pytest.raises(UnreadableFile, match=name):
            read_run(run)


@pytest.mark.parametrize("name", OWN)
def test_a_missing_file_or_one_that_is_no_plain_file_is_refused(name, run):
    (run / name).unlink()
    with pytest.raises(UnreadableFile, match=name):
        read_run(run)
    os.mkfifo(run / name)  # reading it would wait for ever
    with pytest.raises(UnreadableFile, match="no plain file"):
        read_run(run)


def test_a_file_too_large_for_a_page_is_refused_unread(run):
    with (run / "summary.json").open("ab") as file:
        file.truncate(65_000_000)
    with pytest.raises(UnreadableFile, match="65,000,000 bytes"):
        read_run(run)


def test_metrics_cut_off_in_the_last_line_are_used_as_far_as_they_go(run):
    rows = run / "metrics.jsonl"
    rows.write_bytes(rows.read_bytes() + b'{"claim": "T1", "cyc')
    page = page_of(run)
    assert "The last line of metrics.jsonl was cut off; left out." in page.text
    assert "Learning curves" in page.text


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff", b"", b"[" * 100_000])
def test_metrics_corrupt_within_are_refused_with_the_line(line, run):
    rows = run / "metrics.jsonl"
    rows.write_bytes(b"{}\n" + line + b"\n" + rows.read_bytes())
    with pytest.raises(UnreadableFile, match=r"metrics\.jsonl, line 2"):
        read_run(run)


def test_metrics_that_are_missing_or_too_large_leave_a_note(run):
    with (run / "metrics.jsonl").open("ab") as file:
        file.truncate(65_000_000)
    assert "too many to draw" in page_of(run).text
    (run / "metrics.jsonl").unlink()
    assert "metrics.jsonl is missing" in page_of(run).text


def test_rows_of_any_shape_are_no_reason_to_fail(run):
    values = [None, True, "x", [1], {"a": 1}, 1e308, -1e308, 10**30, 0.0]
    with (run / "metrics.jsonl").open("a") as file:
        for value in values:
            for key in ("claim", "cycle", "seed", "share", "step"):
                row = {"claim": "T1", "cycle": 3, "seed": 0, "share": 1.0, key: value}
                file.write(json.dumps(row) + "\n")
    assert "Learning curves" in page_of(run).text


def test_two_files_that_contradict_each_other_are_refused(run):
    edit(run / "receipts.json", valid=False, disagreements=["changed"])
    with pytest.raises(UnreadableFile, match="disagree on whether the run is valid"):
        read_run(run)


def test_files_of_two_runs_are_not_mixed(run):
    edit(run / "summary.json", experiment="other")
    with pytest.raises(UnreadableFile, match="'other'"):
        read_run(run)


@pytest.mark.parametrize("number", [1e308, -1e308, 5e-324, 0.0])
def test_any_number_in_a_claim_can_be_shown(number, run):
    content = json.loads((run / "summary.json").read_text())
    for entry in content["claims"]:
        entry |= {"measured": number, "interval": [number, number], "level": number}
    edit(run / "summary.json", claims=content["claims"])
    assert "T1/clear" in page_of(run).text
