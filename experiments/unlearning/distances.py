"""How near each way to forget comes to training again, on logistic regression."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats, Mask, stream
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.unlearning import SOURCE
from rallypoint.experiments.unlearning.config import UnlearningConfig
from rallypoint.safety.defences.unlearning import (
    Logistic,
    Ridge,
    downdate,
    plain_sgd,
    radius,
    unlearn,
)

_ROWS, _ENTRIES, _MU = 1000, 10, 0.05
_WAYS = ("old optimum", "plain SGD", "anchored steps")
_NEAR = 0.1  # of the distance there was
_FEW = 0.05  # of the data: what one contributor's share usually is


def problem(seed: int, number: int, share: float) -> tuple[Logistic, Mask]:
    """Draw data some of whose targets are flipped; those are to be forgotten."""
    rng = stream(seed, "unlearning/problem", number)
    x = rng.normal(size=(_ROWS, _ENTRIES)) / np.sqrt(_ENTRIES)
    truth = 3 * rng.normal(size=_ENTRIES)
    y = np.where(rng.random(_ROWS) < 1 / (1 + np.exp(-x @ truth)), 1.0, -1.0)
    forget = np.arange(_ROWS) < share * _ROWS
    return Logistic(x, np.where(forget, -y, y), mu=_MU), forget


def findings(
    config: UnlearningConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Forget in every way, as often as there are problems."""
    away = np.empty((len(seeds), len(config.shares), len(_WAYS)))
    held = np.empty((len(seeds), len(config.shares)))
    with progress("forgetting", away[..., 0].size) as advance:
        for place, seed in enumerate(seeds):
            for at, share in enumerate(config.shares):
                found = [_measured(config, seed, k, share) for k in range(config.problems)]
                away[place, at] = np.mean([one[:-1] for one in found], axis=0)
                held[place, at] = np.max([one[-1] for one in found])
                distances = dict(zip(_WAYS, away[place, at].tolist(), strict=True))
                yield Row({"share": share, "seed": seed, **distances})
                advance()
    yield from _judge(config, away, held)
    yield _downdated(seeds)
    yield File("distances.png", _picture(config, away))


def _measured(config: UnlearningConfig, seed: int, number: int, share: float) -> list[float]:
    """Return distances to training again, and the share of the ball that was needed."""
    head, forget = problem(seed, number, share)
    optimum = head.optimum()
    again = head.only(~forget).optimum()
    rng = stream(seed, "unlearning/steps", number)
    ours = unlearn(head, forget, optimum, steps=config.steps, rng=rng)
    rng = stream(seed, "unlearning/steps", number)
    plain = plain_sgd(head, forget, optimum, steps=ours.gradients, rng=rng)
    found = [float(np.linalg.norm(at - again)) for at in (optimum, plain, ours.parameters)]
    return [*found, found[0] / radius(head, forget, optimum)]


def _judge(config: UnlearningConfig, away: Floats, held: Floats) -> Iterator[Finding]:
    for at, share in enumerate(config.shares):
        for way, of_way in zip(_WAYS, away[:, at].mean(axis=0).tolist(), strict=True):
            yield Metric(f"distance/{share:g}/{way}", of_way)
        yield claim_over_seeds(
            f"unlearning/near/{share:g}",
            away[:, at, 2] / away[:, at, 0],
            statement=f"forgetting {100 * share:g} % of the data by {config.steps} anchored steps "
            "takes most of the way to training again: share of the distance that is left",
            source=SOURCE,
            expected=f"<= {_NEAR:g} on every seed",
        )
        if share <= _FEW:
            yield claim_over_seeds(
                f"unlearning/beats-sgd/{share:g}",
                away[:, at, 2] / away[:, at, 1],
                statement=f"with {100 * share:g} % to forget, plain SGD on the rest with as many "
                "gradients stays further away: ratio of the distances",
                source=SOURCE,
                expected="<= 0.3 on every seed",
            )
    yield claim_over_seeds(
        "unlearning/ball",
        held.max(axis=1),
        statement="what training again finds lies in the ball that the gradients of what goes "
        "tell: its distance as a share of the radius, at its largest",
        source="ours, by strong convexity",
        expected="<= 1 on every seed",
    )


def _downdated(seeds: tuple[int, ...]) -> Finding:
    off = []
    for seed in seeds:
        rng = stream(seed, "unlearning/ridge")
        x = rng.normal(size=(_ROWS, _ENTRIES))
        head = Ridge(x, x @ rng.normal(size=_ENTRIES) + rng.normal(size=_ROWS), mu=_MU)
        forget = np.arange(_ROWS) < _ROWS // 10
        off.append(np.abs(downdate(head, forget) - head.only(~forget).optimum()).max())
    return claim_over_seeds(
        "unlearning/downdate",
        off,
        statement="in ridge regression forgetting is exact: largest difference from training again",
        source="by the normal equations",
        expected="<= 1e-8 on every seed",
    )


def _picture(config: UnlearningConfig, away: Floats) -> bytes:
    figure, axes = plots.new_figure(
        f"Forgetting by {config.steps} steps, logistic regression",
        "share of the data that is forgotten",
        "distance to training again",
    )
    for place, way in enumerate(_WAYS):
        plots.curve(axes, config.shares, away[:, :, place], way)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(config.shares, [f"{100 * share:g} %" for share in config.shares])
    axes.minorticks_off()
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
