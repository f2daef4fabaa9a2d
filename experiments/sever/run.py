"""Aggregates lies in every way, and judges which way catches which."""

from collections.abc import Iterator

import numpy as np

from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts, Row
from rallypoint.experiments.sever import learning
from rallypoint.experiments.sever.config import WAYS, SeverConfig
from rallypoint.experiments.sever.judging import IN_WORDS, of_updates
from rallypoint.experiments.sever.trajectories import SCENES, Gradients, gradients
from rallypoint.safety.aggregation import aggregate
from rallypoint.safety.defences.detection import sever
from rallypoint.safety.receipts import combined

_RULE = "trimmed_mean"  # across contributors
_NOTHING = 1e-3  # of an error, below which no more is shown: some ways leave none at all


def run(config: SeverConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield what each way makes of one update, then of a training, and what is claimed of both."""
    errors = np.empty((len(SCENES), len(seeds), len(WAYS)))
    recalls = np.empty((len(SCENES), len(seeds)))
    with progress("following trajectories back", recalls.size) as advance:
        for s, scene in enumerate(SCENES):
            receipts, wrong = [], []
            for place, seed in enumerate(seeds):
                told = gradients(config, scene, seed)
                errors[s, place], recalls[s, place] = _ways(config, told)
                receipts.append(told.receipts)
                wrong += told.wrong
                by_way = dict(zip(WAYS, errors[s, place].tolist(), strict=True))
                yield Row({"scene": scene, "seed": seed, "recall": recalls[s, place]} | by_way)
                advance()
            summed = [combined(parts) for parts in zip(*receipts, strict=True)]
            yield Receipts(scene, [one.to_dict() for one in summed], tuple(wrong))
    for s, scene in enumerate(SCENES):
        for way, error in zip(WAYS, errors[s].mean(axis=0).tolist(), strict=True):
            yield Metric(f"{scene}/{way}/error", error)
        yield Metric(f"{scene}/recall", float(recalls[s].mean()))
    yield from of_updates(
        dict(zip(SCENES, errors, strict=True)), dict(zip(SCENES, recalls, strict=True))
    )
    yield File("sever.png", _picture(errors))
    yield from learning.findings(config, seeds, progress)


def _ways(config: SeverConfig, told: Gradients) -> tuple[list[float], float]:
    """Return how far each way is from the honest mean, by its length; and what is caught inside."""
    severed = [sever(own, config.share).kept for own in told.each]
    plain = told.each.mean(axis=1)  # (contributors, d)
    filtered = np.stack(
        [own[kept].mean(axis=0) for own, kept in zip(told.each, severed, strict=True)]
    )
    answers = (
        plain.mean(axis=0),
        aggregate(_RULE, plain, config.liars),
        filtered.mean(axis=0),
        aggregate(_RULE, filtered, config.liars),
    )
    length = float(np.linalg.norm(told.honest))
    found = [float(np.linalg.norm(answer - told.honest)) / length for answer in answers]
    return found, float((~np.stack(severed))[told.lies].mean())


def _picture(errors: Floats) -> bytes:
    figure, axes = plots.new_figure(
        "Who catches which lies",
        "",
        "distance from the honest mean, in its lengths",
        size=(7.2, 4.0),
    )
    width = 0.8 / len(WAYS)
    for w, way in enumerate(WAYS):
        places = np.arange(len(SCENES)) + (w - (len(WAYS) - 1) / 2) * width
        axes.bar(places, errors[..., w].mean(axis=1), width, label=way, color=plots.COLOURS[w])
        for s, place in enumerate(places.tolist()):
            found = errors[s, :, w]
            axes.plot(np.full(len(found), place), found, ".k", markersize=3, alpha=0.5)
    axes.set_xticks(
        range(len(SCENES)),
        [IN_WORDS[s].replace(" in ", "\nin ").replace(" that ", "\nthat ") for s in SCENES],
    )
    axes.set_yscale("log")
    axes.set_ylim(bottom=_NOTHING)
    axes.legend(ncols=len(WAYS), loc="upper center", bbox_to_anchor=(0.5, -0.18))
    return plots.png(figure)
