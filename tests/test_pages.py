"""The pages under docs/ do what they say."""

import importlib.util
import re

import pytest

from rallypoint.experiments.listing import registries
from tests.tree import ROOT

PAGES = sorted((ROOT / "docs").glob("**/*.md"))
FOLLOWED = ("tutorials", "how-to")  # with their commands: tests/test_tutorials.py


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if blocks_of(page) and page.parent.name not in FOLLOWED],
    ids=lambda p: p.stem,
)
def test_its_blocks_run_one_after_another_and_end_in_what_they_show(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for registry in registries().values():  # what a page registers is nobody else's part
        monkeypatch.setattr(registry, "_parts", {**registry})
    namespace = {"__name__": "page"}
    for block in blocks_of(page):
        assert "\nassert " in block, f"shows nothing:\n{block}"
        exec(compile(block, page.name, "exec"), namespace)  # noqa: S102 - our own page


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_local_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_module_of_the_reference_exists():
    modules = [
        module
        for page in (ROOT / "docs/reference").glob("*.md")
        for module in re.findall(r"automodule:: (\S+)", page.read_text(encoding="utf-8"))
    ]
    assert len(modules) == len(set(modules)), "documented twice"
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "docs/site/toc.yml").read_text(encoding="utf-8")
    named = re.findall(r"(?:root|file|glob): (\S+)", navigation)
    assert len(named) == len(set(named)), "named twice"
    listed = {page for name in named for page in (ROOT / "docs").glob(f"{name}.md")}
    missing = sorted(page.relative_to(ROOT / "docs").as_posix() for page in {*PAGES} - listed)
    assert not missing, "name it in docs/site/toc.yml"
