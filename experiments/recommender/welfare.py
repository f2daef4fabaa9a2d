"""What is clicked on is learned: is it also what is good for users?"""

from collections.abc import Iterator

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.recommender import OURS
from rallypoint.experiments.recommender.config import RecommenderConfig
from rallypoint.experiments.recommender.measure import Condition, Played, last, played

_ALIGNED = (1.0, 0.0, -0.5)


def findings(
    config: RecommenderConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Learn from clicks where appeal is worth, where it has nothing to do with it, and opposed."""
    found: dict[float, Played] = {}
    with progress("engagement and welfare", len(_ALIGNED)) as advance:
        for alignment in _ALIGNED:
            here = played(config, seeds, Condition(alignment=alignment))
            found[alignment] = here
            gained, better = _change(here.engagement), _change(here.welfare)
            for place, seed in enumerate(seeds):
                yield Row(
                    {
                        "condition": f"alignment/{alignment:g}",
                        "seed": seed,
                        "engagement": float(gained[place]),
                        "welfare": float(better[place]),
                    }
                )
            yield Metric(f"alignment/{alignment:g}/engagement", float(gained.mean()))
            yield Metric(f"alignment/{alignment:g}/welfare", float(better.mean()))
            advance()
    for alignment, expected in ((1.0, ">= 1 on every seed"), (-0.5, "<= -0.5 on every seed")):
        way = "more" if alignment > 0 else "less"
        yield claim_over_seeds(
            f"recommender/welfare/{alignment:g}",
            _change(found[alignment].welfare),
            statement=f"where appeal and worth are aligned by {alignment:g}, learning from clicks "
            f"leaves users with {way} than slates drawn at random: difference of worth a round",
            source=OURS,
            expected=expected,
        )
    yield claim_over_seeds(
        "recommender/engagement/-0.5",
        _change(found[-0.5].engagement),
        statement="and all the while they click more: clicks a round and user, more than at random",
        source=OURS,
        expected=">= 1 on every seed",
    )
    yield File("welfare.png", _picture(found))


def _change(values: Floats) -> Floats:
    """Return by how much the last quarter is above the first round, whose slates are drawn."""
    change: Floats = last(values) - values[:, 0]
    return change


def _picture(found: dict[float, Played]) -> bytes:
    figure, axes = plots.new_figure(
        "Learning from clicks",
        "round",
        "worth of what a user clicked on",
        size=(6.8, 4.0),
    )
    for alignment, here in found.items():
        rounds = range(1, here.welfare.shape[1] + 1)
        plots.curve(axes, rounds, here.welfare, f"alignment {alignment:g}", every=10)
    axes.legend(loc="center right", frameon=False)
    return plots.png(figure)
