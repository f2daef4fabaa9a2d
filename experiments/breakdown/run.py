"""Attacks every rule with everything, for every number of liars, then judges."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.breakdown import FAR, KAPPA, MEAN, SOURCE, picture
from rallypoint.experiments.breakdown.config import BreakdownConfig
from rallypoint.experiments.breakdown.contestants import ATTACKS, Contestant, contestants
from rallypoint.experiments.breakdown.measure import errors
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row

BROKEN = 10.0  # honest standard deviations: an honest update is one away


def run(config: BreakdownConfig, seeds: tuple[int, ...], progress: Progress) -> Iterator[Finding]:
    """Yield rows as they are measured, then what is claimed of them."""
    rules = list(contestants(config))
    shape = (len(seeds), len(config.dimensions), len(config.liars), len(rules), len(ATTACKS))
    found = np.empty(shape)
    with progress("rules under attack", shape[0] * shape[1] * shape[2]) as advance:
        for at in np.ndindex(shape[:3]):
            seed, d, f_real = seeds[at[0]], config.dimensions[at[1]], config.liars[at[2]]
            found[at] = errors(config, seed, d, f_real, rules)
            yield from _rows({"seed": seed, "d": d, "f_real": f_real}, rules, found[at])
            advance()
    found = np.minimum(found, FAR)
    worst = np.nan_to_num(found).max(axis=-1)  # (R, D, F, rules); who refuses does no harm
    for place, rule in enumerate(rules):
        yield from _judge(config, rule, worst[..., place])
        yield Metric(f"{rule.name}/f-that-it-takes", rule.most if rule.is_bounded else 0)
        yield Metric(f"{rule.name}/broken", _first_broken(config, found[..., place, :]))
    middle = len(config.dimensions) // 2
    d = config.dimensions[middle]
    yield File("breakdown.png", picture.heat_map(config, d, rules, found[:, middle]))
    yield File("breakdown-curves.png", picture.curves(config, d, rules, found[:, middle]))


def _rows(where: dict[str, int], rules: list[Contestant], found: Floats) -> Iterator[Row]:
    for rule, by_attack in zip(rules, found, strict=True):
        values = {
            label: None if np.isnan(error) else float(error)
            for label, error in zip(ATTACKS, by_attack, strict=True)
        }
        told = rule.told(where["f_real"])
        yield Row({**where, "rule": rule.name, "f": told, "error": values})


def _judge(config: BreakdownConfig, rule: Contestant, worst: Floats) -> Iterator[Claim]:
    """Judge a rule by the worst attack on it: (R, D, F)."""
    n, half = config.contributors, config.liars[-1]
    if not rule.is_bounded:
        yield claim_over_seeds(
            f"breakdown/breaks/{rule.name}",
            worst[:, :, config.liars.index(1)].min(axis=1),
            statement=f"one liar of {n} is enough to break {rule.name}: error under the worst "
            "attack, in honest standard deviations, where it is least over d",
            source=MEAN,
            expected=f"> {BROKEN:g} on every seed",
        )
        return
    within = [place for place, f_real in enumerate(config.liars) if f_real <= rule.most]
    yield claim_over_seeds(
        f"breakdown/withstands/{rule.name}",
        worst[:, :, within].max(axis=(1, 2)),
        statement=f"as long as it is told the truth, up to f = {rule.most} of {n}, no attack "
        f"breaks {rule.name}: error under the worst, at its largest over d and f_real",
        source=SOURCE,
        expected=f"< {BROKEN:g} on every seed",
    )
    yield claim_over_seeds(
        f"breakdown/breaks/{rule.name}",
        worst[:, :, -1].min(axis=1),
        statement=f"{half} liars of {n} break {rule.name}, told of {rule.most}: error under the "
        "worst attack, where it is least over d",
        source=SOURCE,
        expected=f"> {BROKEN:g} on every seed",
    )
    kappas = {
        place: kappa
        for place in within
        if config.liars[place] and (kappa := rule.kappa(n, config.liars[place])) is not None
    }
    if kappas:
        shares = np.stack([worst[:, :, place] ** 2 / kappa for place, kappa in kappas.items()])
        yield claim_over_seeds(
            f"breakdown/kappa/{rule.name}",
            shares.max(axis=(0, 2)),
            statement=f"the constant that {rule.name} declares holds: squared error over kappa "
            "times the honest variance, at its largest over d, f and attacks",
            source=KAPPA,
            expected="<= 1 on every seed",
        )


def _first_broken(config: BreakdownConfig, found: Floats) -> dict[str, object] | None:
    """Say with how many liars a rule, (R, D, F, attacks), breaks on most seeds, and by what."""
    typical = np.median(np.nan_to_num(found), axis=0).max(axis=0)  # (F, attacks)
    for f_real, by_attack in zip(config.liars, typical, strict=True):
        if by_attack.max() > BROKEN:
            by = [label for label, error in zip(ATTACKS, by_attack, strict=True) if error > BROKEN]
            return {"f_real": f_real, "by": by}
    return None
