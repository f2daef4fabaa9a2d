"""Writes docs/claims.md and a page for each experiment, from what was kept of runs in full.

python docs/claims_pages.py [--keep DIR [--part NAME]]

--keep takes claims and pictures of a run into docs/claims/kept/; without it, pages are written anew
from what is there. A run of a part of an experiment (one world, say) is kept under a name of its
own, beside the others. Nothing is kept of a run that is quick, stopped or invalid.
"""

import argparse
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from rallypoint.claims import Claim
from rallypoint.config import to_dict
from rallypoint.experiments import experiments
from rallypoint.experiments.report.recorded import Recorded, read_run
from rallypoint.experiments.tables import caution, interval, number, tally, verdict_in_words

DOCS = Path(__file__).parent
CLAIMS = DOCS / "claims"
KEPT = CLAIMS / "kept"
_WIDEST = 1200  # pixels; pages are read on screens, and a run draws its pictures again for print
_COLOURS = 64
_NO_BREAK = "\u00a0"
_NOT_RUN = "undecided: not run in full"


@dataclass(frozen=True)
class Kept:
    """What is kept of a run."""

    name: str  # of the experiment, and of the part of it, if it is one
    experiment: str
    command: str
    changed: Mapping[str, Any]  # settings that were not the experiment's own
    seeds: Sequence[int]
    started: str
    wall_seconds: float
    commit: str
    cpu: str
    versions: Mapping[str, str]
    pictures: Sequence[str]
    claims: Sequence[Claim]


def keep(folder: Path, part: str | None) -> str:
    """Take over what a run in full found; returns under which name."""
    run = read_run(folder)
    manifest, summary = run.manifest, run.summary
    if manifest.get("quick") or manifest["status"] != "finished" or not summary.valid:
        sys.exit(f"{folder} is quick, was stopped or is invalid: run the whole of it")
    if not summary.claims:
        sys.exit(f"{folder} makes no claim")
    own = experiments[summary.experiment]
    name = summary.experiment + (f"-{part}" if part else "")
    defaults = to_dict(own.config())
    commit = manifest["commit"] or {}
    content = {
        "experiment": summary.experiment,
        "command": _command(manifest["command"], {"out", *own.places}),
        "changed": {
            key: value
            for key, value in summary.config.items()
            if key not in own.places and defaults.get(key, ...) != value
        },
        "seeds": list(summary.seeds),
        "started": manifest["started"],
        "wall_seconds": summary.wall_seconds,
        "commit": str(commit.get("id", ""))[:12] + ("+" if commit.get("modified") else ""),
        "cpu": str(manifest["machine"].get("cpu", "")),
        "versions": {key: manifest["versions"].get(key, "") for key in ("python", "numpy")},
        "pictures": list(_keep_pictures(run, name)),
        "claims": [claim.to_dict() for claim in summary.claims],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (KEPT / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    return name


def _command(words: Sequence[str], without: set[str]) -> str:
    """Return the command as anybody would give it: without the places of one machine."""
    told: list[str] = []
    rest = iter(words)
    for word in rest:
        flag, _, value = word.partition("=")
        if flag.removeprefix("--") in without:
            if not value:
                next(rest, None)
        elif word == "--set":
            setting = next(rest, "")
            if setting.partition("=")[0] not in without:
                told += [word, f"'{setting}'"]
        else:
            told.append(word)
    return " ".join(told)


def _keep_pictures(run: Recorded, name: str) -> Iterator[str]:
    for old in KEPT.glob(f"{name}.*.png"):
        old.unlink()
    listed = [file for file in run.manifest["files"] if file.endswith(".png")]
    for file in listed:
        with Image.open(run.folder / file) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((_WIDEST, 10 * _WIDEST))
        small = io.BytesIO()
        picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        kept = f"{name}.{Path(file).stem}.png"
        (KEPT / kept).write_bytes(small.getvalue())
        yield kept


def kept_runs() -> list[Kept]:
    """Return what is kept, by name."""
    found = []
    for file in sorted(KEPT.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        claims = tuple(Claim.from_dict(entry) for entry in content.pop("claims"))
        found.append(Kept(name=file.stem, claims=claims, **content))
    return found


def pages() -> dict[str, str]:
    """Return the text of every page, by its place under docs/."""
    runs = {name: list(group) for name, group in groupby(kept_runs(), lambda run: run.experiment)}
    told = {f"claims/{name}.md": "\n".join(_page(name, runs[name])) for name in runs}
    return {"claims.md": "\n".join(_index(runs))} | told


def _index(runs: Mapping[str, Sequence[Kept]]) -> Iterator[str]:
    yield "# Claims\n"
    yield "What is claimed, what was measured in full, and what does not hold: one page for each"
    yield "experiment, written by `make claims` from what its runs left. Verdicts are"
    yield "[three](decisions/0005-verdicts.md); *documented* are limits that we publish rather than"
    yield "hide. An experiment without numbers was not run in full, and claims nothing here.\n"
    head = ("experiment", "question", "hold", "fail", "documented", "undecided")
    rows = [_counted(name, runs.get(name, ())) for name in experiments]
    counted = [row for row in rows if len(row) == len(head)]
    yield _table(head, [(*row, *[""] * (len(head) - len(row))) for row in rows])
    total = [sum(int(row[place]) for row in counted) for place in range(2, len(head))]
    yield f"\nIn all {total[0]} hold, {total[1]} fail, {total[2]} fail as documented,"
    yield f"{total[3]} are undecided.\n"
    yield "## What does not hold\n"
    yield _table(
        ("claim", "statement", "measured", "expected", "verdict"),
        [
            (f"[{claim.id}](claims/{name}.md#{_anchor(_family(claim))})", *_cells(claim))
            for name, kept in runs.items()
            for run in kept
            for claim in run.claims
            if claim.verdict == "fails"
        ],
    )
    yield ""


def _counted(name: str, kept: Sequence[Kept]) -> tuple[str, ...]:
    question = experiments[name].question
    if not kept:
        return f"`{name}`", question, _NOT_RUN
    claims = [claim for run in kept for claim in run.claims]
    count = Counter(
        "documented" if c.documented_limit and c.verdict == "fails" else c.verdict for c in claims
    )
    counts = (str(count[k]) for k in ("holds", "fails", "documented", "undecided"))
    return f"[`{name}`](claims/{name}.md)", question, *counts


def _page(name: str, kept: Sequence[Kept]) -> Iterator[str]:
    yield f"# `{name}`\n"
    yield f"{experiments[name].question} How it is measured: {', '.join(_read(name))}."
    yield "How to come by a row again: [reproduce a table](../how-to/reproduce.md).\n"
    for run in kept:
        if len(kept) > 1:
            yield f"## {run.name.removeprefix(name + '-')}\n"
        yield from _of_run(run, "#" * (2 + (len(kept) > 1)))


def _of_run(run: Kept, heading: str) -> Iterator[str]:
    yield f"```\n{run.command}\n```\n"
    yield f"{tally(run.claims)[:1].upper()}{tally(run.claims)[1:]}. {_how(run)}"
    if said := caution(run.claims):
        yield f"{said[:1].upper()}{said[1:]}"
    yield ""
    families = list(dict.fromkeys(_family(claim) for claim in run.claims))
    pictures = dict.fromkeys(run.pictures)
    ours = {f: [p for p in pictures if p.startswith(f"{run.name}.{f}-")] for f in families}
    for picture in pictures:
        if not any(picture in found for found in ours.values()):
            yield f"![{_in_words(picture)}](kept/{picture})\n"
    for family in families:
        yield f"{heading} {family}\n"
        yield from (f"![{_in_words(picture)}](kept/{picture})\n" for picture in ours[family])
        claims = [claim for claim in run.claims if _family(claim) == family]
        shown = [(f"`{_condition(claim)}`", *_cells(claim)) for claim in claims]
        yield _table(("condition", "statement", "measured", "expected", "verdict"), shown)
        yield f"\nSource: {'; '.join(dict.fromkeys(claim.source for claim in claims))}.\n"


def _how(run: Kept) -> str:
    commit = f"commit `{run.commit}`" if run.commit else "no commit on record"
    seeds = f"{len(run.seeds)} seeds ({min(run.seeds)} to {max(run.seeds)})"
    changed = ", ".join(f"`{key} = {json.dumps(value)}`" for key, value in run.changed.items())
    return (
        f"{seeds}, {run.wall_seconds:,.0f} s by the clock on {run.cpu}, {run.started[:10]}, "
        f"{commit}, Python {run.versions['python']}, NumPy {run.versions['numpy']}"
        + (f"; not by default: {changed}" if changed else "")
        + "."
    )


def _read(name: str) -> list[str]:
    """Return the pages that the README's table has for an experiment."""
    for line in (DOCS.parent / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and f"`{name}`" in line:
            return [
                f"[{words}](../{page})"
                for words, page in re.findall(r"\[([^\]]+)\]\(docs/([^)]+)\)", line)
            ]
    sys.exit(f"the README's table of questions has no {name!r}")


def _family(claim: Claim) -> str:
    """Return what a claim's conditions have in common: G1, or kardam/quadratic."""
    parts = claim.id.split("/")
    return "/".join(parts[:1] if parts[0] not in experiments else parts[: min(2, len(parts) - 1)])


def _condition(claim: Claim) -> str:
    return claim.id.removeprefix(f"{_family(claim)}/")


def _cells(claim: Claim) -> tuple[str, ...]:
    statement = claim.statement.replace("|", r"\|").replace("*", r"\*")
    measured = f"{number(claim.measured)} {interval(claim).replace(' ', _NO_BREAK)}"
    expected = str(claim.expected).replace(">=", "≥").replace("<=", "≤")
    verdict = verdict_in_words(claim)
    return statement, measured, expected, verdict if claim.holds else f"**{verdict}**"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _in_words(picture: str) -> str:
    return picture.split(".", 1)[1].removesuffix(".png").replace("-", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Keep a run, if one is given, and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, action="append", default=[], help="a run's folder")
    parser.add_argument("--part", help="what it is a part of the experiment of, as a word")
    given = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    for folder in given.keep:
        print(f"kept {keep(folder, given.part)}")
    for page, text in pages().items():
        (DOCS / page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
