"""The house rules that no linter knows."""

import re
from collections.abc import Iterator

import pytest

from tests.tree import ROOT, python_files

MAX_LINES = 300
FAULTS = {
    "global or unseeded randomness": r"np\.random\.(?!Generator|SeedSeq|Philox|default_rng\(\w)",
    "an ignored type error without its code": r"#\s*type:\s*ignore(?!\[)",
    "a silenced linter without its code": r"#\s*noqa(?!: [A-Z]+\d)",
    "unfinished work": r"\b(TO[D]O|FIXM[E]|XX[X])\b",
}
SAYS_NOTHING = {"common.py", "helpers.py", "misc.py", "util.py", "utils.py"}


def faults(path: str, text: str) -> Iterator[str]:
    """Yield a sentence for each rule that a module breaks."""
    if path.rpartition("/")[2] in SAYS_NOTHING:
        yield f"{path}: the name says nothing; name the idea in it"
    if (lines := text.count("\n")) > MAX_LINES:
        yield f"{path}: {lines} lines; more than {MAX_LINES} hold more than one idea"
    for private in re.findall(r"(?m)^(_[a-zA-Z]\w*)(?::.*)? = ", text):
        if len(re.findall(rf"\b{private}\b", text)) == 1:
            yield f"{path}: {private} is private, and nothing here uses it"
    for fault, pattern in FAULTS.items():
        yield from (f"{place}: {fault}" for place in places(path, text, pattern))


def places(path: str, text: str, pattern: str) -> Iterator[str]:
    """Yield where a pattern occurs, as path:line: match."""
    for match in re.finditer(pattern, text):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{path}:{line}: {match.group()!r}"


def words_not_used() -> dict[str, str]:
    """Read the glossary: each word that we do not use, and the one we do."""
    word_by_other = {}
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| **"):
            _, word, *_, others, _ = line.split("|")
            word_by_other |= dict.fromkeys(re.findall(r"`(.+?)`", others), word.strip(" *"))
    return word_by_other


def other_words(path: str, text: str) -> Iterator[str]:
    """Yield a sentence for each word that the glossary replaces."""
    for other, word in words_not_used().items():
        spaced = re.escape(other).replace(r"\ ", r"[\s-]+")  # however it is broken
        for place in places(path, text, rf"(?i)\b{spaced}s?\b"):
            yield f"{place}: the word is {word}"


def test_modules_keep_the_house_rules():
    found = [
        fault
        for path in python_files()
        for fault in faults(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_one_word_per_thing():
    pages = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.md")]
    pages += [path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")]
    found = [
        other
        for path in [*pages, *python_files()]
        if path != "docs/glossary.md"
        for other in other_words(path, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("safety/utils.py", ""),
        ("safety/a.py", "\n" * (MAX_LINES + 1)),
        ("safety/a.py", "np.ran~dom.rand(3)"),
        ("safety/a.py", "np.ran~dom.default_rng()"),
        ("safety/a.py", "x = y  # ty~pe: ignore"),
        ("safety/a.py", "x = y  # no~qa"),
        ("safety/a.py", "# TO~DO: think"),
        ("safety/a.py", "_MOST: int = 3\n_LEAST = 2\nmiddle = _LEAST\n"),
    ],
)
def test_a_planted_fault_is_found(path, text):
    # The tilde keeps this very file free of faults.
    assert len(list(faults(path, text.replace("~", "")))) == 1


@pytest.mark.parametrize("text", ["a ro~gue agent", "Ti~me-\nsteps", "the defe~nses"])
def test_a_planted_word_is_found(text):
    assert len(list(other_words("a.md", text.replace("~", "")))) == 1


def test_coded_exceptions_and_seeded_generators_are_no_fault():
    text = "a  # type: ignore[misc]\nb  # noqa: S101\nnp.random.default_rng(0)\n"
    assert not list(faults("safety/a.py", text))
