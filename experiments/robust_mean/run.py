"""Estimates a mean from corrupt samples by every rule, at every d, then judges how errors grow."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.experiments.robust_mean import FILTER, QUE
from rallypoint.experiments.robust_mean.config import RobustMeanConfig
from rallypoint.experiments.robust_mean.picture import picture
from rallypoint.experiments.robust_mean.samples import SHAPES, draw
from rallypoint.safety.aggregation import aggregate

_HONEST = "honest alone"  # their mean, which nobody can know
_BY_EACH = ("mean", "median", "trimmed_mean", "geometric_median")
RULES = (_HONEST, *_BY_EACH, "filter")
_FEW = "few: "  # rules on fewer samples
FEW_RULES = (f"{_FEW}{_HONEST}", f"{_FEW}filter", f"{_FEW}que")
_ALL = (*RULES, *FEW_RULES)
_FOUND_OUT = tuple(shape for shape in SHAPES if shape != "subtle")


def run(config: RobustMeanConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    shape = (len(SHAPES), len(seeds), len(config.dimensions))
    errors = np.empty((*shape, len(_ALL)))
    work = sum(config.dimensions) * shape[0] * shape[1]
    with progress("estimating means", work) as advance:
        for at in np.ndindex(shape):
            name, seed, d = list(SHAPES)[at[0]], seeds[at[1]], config.dimensions[at[2]]
            for place, rule in enumerate(_ALL):
                error = _error(config, name, seed, d, rule)
                errors[(*at, place)] = error
                yield Row({"shape": name, "seed": seed, "d": d, "rule": rule, "error": error})
            advance(d)
    by_shape = dict(zip(SHAPES, errors, strict=True))  # (R, D, rules) each
    for name in _FOUND_OUT:
        yield from _found_out(config, name, by_shape[name])
    yield from _not_found_out(config, by_shape["subtle"])
    for name, found in by_shape.items():
        for place, rule in enumerate(_ALL):
            means = found[..., place].mean(axis=0)
            by_d = {str(d): float(e) for d, e in zip(config.dimensions, means, strict=True)}
            yield Metric(f"{name}/{rule}/error", by_d)
    yield File("robust-mean.png", picture(config, by_shape, RULES))


def _error(config: RobustMeanConfig, shape: str, seed: int, d: int, rule: str) -> float:
    n = config.few if rule.startswith(_FEW) else config.samples
    samples = draw(seed, shape, samples=n, corrupt=config.corrupt(n), d=d)
    rule = rule.removeprefix(_FEW)
    if rule == _HONEST:
        return float(np.linalg.norm(samples.honest.mean(axis=0)))
    return float(np.linalg.norm(aggregate(rule, samples.rows, samples.corrupt)))


def _found_out(config: RobustMeanConfig, name: str, errors: Floats) -> Iterator[Claim]:
    """Judge the errors (R, D, rules) on corrupt samples that a filter can find."""
    words = name.replace("_", " ")
    for label, few, source in (("filter", "", FILTER), ("que", _FEW, QUE)):
        ratio = errors[..., _place(few + label)] / errors[..., _place(few + _HONEST)]
        n = config.few if few else config.samples
        yield claim_over_seeds(
            f"robust_mean/{label}/{name}",
            ratio.max(axis=1),
            statement=f"{config.share:.0%} corrupt samples of {n} ({words}) cost {label} little: "
            "its error over that of the honest mean, at the worst d",
            source=source,
            expected="< 1.5 on every seed",
        )
    for rule in _BY_EACH:
        powers = np.polyfit(np.log(config.dimensions), np.log(errors[..., _place(rule)]).T, 1)[0]
        for end, expected in (("least", ">= 0.4 on every seed"), ("most", "<= 0.6 on every seed")):
            yield claim_over_seeds(
                f"robust_mean/{rule}/{name}/{end}",
                powers,
                statement=f"the error of {rule} grows like the square root of d ({words}): power "
                "of d",
                source=FILTER,
                expected=expected,
            )


def _not_found_out(config: RobustMeanConfig, errors: Floats) -> Iterator[Claim]:
    """Judge the errors (R, D, rules) on corrupt samples that look like honest ones."""
    honest, filtered = errors[..., _place(_HONEST)], errors[..., _place("filter")]
    yield claim_over_seeds(
        "robust_mean/filter/subtle",
        (filtered - honest).max(axis=1),
        statement="what a filter cannot see, it can bear: its error beyond that of the honest mean "
        f"is at most the square root of the corrupt share, {config.share:g}, at every d",
        source=FILTER,
        expected=f"<= {np.sqrt(config.share):.3f} on every seed",
    )
    yield claim_over_seeds(
        "robust_mean/filter/subtle-found",
        (filtered / honest).max(axis=1),
        statement="also a cloud three standard deviations off costs the filter little: its error "
        "over that of the honest mean, at the worst d",
        source=FILTER,
        expected="< 1.5 on every seed",
        documented_limit=True,
    )


def _place(rule: str) -> int:
    return _ALL.index(rule)
