"""Plants backdoors in every way, looks for them, and learns again without."""

from collections.abc import Iterator

import numpy as np

from rallypoint.experiments.backdoor import marked, planted, planting, removed, scheduled, teammate
from rallypoint.experiments.backdoor.attacked import sound
from rallypoint.experiments.backdoor.config import BackdoorConfig
from rallypoint.experiments.backdoor.kept import Kept
from rallypoint.experiments.backdoor.picture import picture
from rallypoint.experiments.experiment import File, Finding, Progress, Row


def run(config: BackdoorConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield what planted clouds tell, then what attacks do, then what is claimed of it."""
    yield from planted.findings(seeds)
    with progress("learning", _trainings(config) * len(seeds)) as advance:
        kept = Kept(config, advance)
        clean = np.empty((len(seeds), 2))
        for place, seed in enumerate(seeds):
            cell = sound(kept, range(config.workers), seed)
            clean[place] = cell["return"], cell["obeys"]
            yield Row(
                {"attack": None, "seed": seed, "return": cell["return"], "obeys": cell["obeys"]}
            )
        found: dict[str, planting.Measured] = {}
        yield from planting.findings(kept, seeds, clean, found)
        yield from marked.findings(kept, seeds)
        yield from teammate.findings(kept, seeds)
        yield from removed.findings(kept, seeds)
        yield from scheduled.findings(kept, seeds, clean)
    by_form = {form: measured.of_policies for form, measured in found.items()}
    yield File("backdoor.png", picture(by_form, {f: m.recalls for f, m in found.items()}, clean))


def _trainings(config: BackdoorConfig) -> int:
    """Return how many policies are asked for on each seed, learned anew or not."""
    return (
        1
        + 2 * len(planting.FORMS)
        + 2  # with marks and without
        + 2  # teams
        + 2 * len(removed.FORMS)
        + len(scheduled.FORMS) * len(config.spreads)
    )
