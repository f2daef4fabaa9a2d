"""Runs as the real writer leaves them, small enough to make by the dozen."""

import io
import json

from PIL import Image

from rallypoint.claims import claim_over_seeds
from rallypoint.config import to_dict
from rallypoint.experiments.exhibits import Exhibit
from rallypoint.experiments.report.page import render
from rallypoint.experiments.report.recorded import read_run
from rallypoint.run_folder import RunFolder
from tests.experiments.report.reading import Page

EXHIBIT = Exhibit(kind="learning", measure="share", over="cycle", panels=("claim",))
COMMAND = ("rallypoint", "run", "toy", "--set", "note=two words", "--out", "runs/a")


def picture(kind="PNG", *, frames=1, size=(24, 16)):
    """Return the bytes of a picture; of each frame another grey."""
    images = [Image.new("L", size, 40 * (place + 1)) for place in range(frames)]
    buffer = io.BytesIO()
    if frames > 1:
        images[0].save(buffer, kind, save_all=True, append_images=images[1:])
    else:
        images[0].save(buffer, kind)
    return buffer.getvalue()


def claim(name, values, expected=">= 0.9", **more):
    return claim_over_seeds(
        name,
        values,
        statement=more.pop("statement", f"what {name} says"),
        source=more.pop("source", "Author (2020), section 2"),
        expected=expected,
        **more,
    )


def write_run(path, *, cycles=10, seeds=(0, 1, 2), disagreements=(), command=COMMAND):
    """Write a finished run with a bit of everything."""
    config = {"cycles": cycles, "label": "plain"}
    about = {"quick": True, "exhibits": [to_dict(EXHIBIT)]}
    with RunFolder(
        path, experiment="toy", config=config, seeds=seeds, command=command, about=about
    ) as folder:
        for cycle in (1, 2, 5, 10):
            for seed in seeds:
                share = 0.1 * cycle - 0.01 * seed
                folder.add_row({"claim": "T1", "cycle": cycle, "seed": seed, "share": share})
        for seed, share in zip(seeds, (0.96, 0.97, 0.98), strict=False):
            folder.add_row({"claim": "T1/clear", "seed": seed, "noise": 5.0, "share": share})
        folder.add_claim(claim("T1/clear", [0.96, 0.97, 0.98]))
        folder.add_claim(claim("T1/missed", [0.1, 0.2, 0.3]))
        folder.add_claim(claim("T1/crossed", [0.85, 0.9, 0.97]))
        limit = claim("T2/known", [0.5, 0.6, 0.55], source="Other (2021)", documented_limit=True)
        folder.add_claim(limit)
        folder.add_metric("T1/aside", 12.3456)
        folder.add_metric("T1/details", {"mean": [1, 2]})
        folder.add_receipts("T2/known", [{"whose": "own", "count": 3}], disagreements)
        folder.add_file("T1-learning.png", picture())
        folder.add_file("before-and-after.gif", picture("GIF", frames=3))
        folder.add_file("tables.bin", b"no picture")
    return path


def edit(path, **changes):
    """Change keys of a JSON file, as nobody should."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))


def page_of(*folders):
    """Read folders and the page made of them."""
    return Page(render([read_run(folder) for folder in folders]))
