"""P1, P2 and P5: ten contributors of which three lie, rule by rule and attack by attack."""

from collections.abc import Iterator, Sequence

from rallypoint.claims import Claim
from rallypoint.experiments.byzantine_gradient import FEDPG_BR, OURS, scores
from rallypoint.experiments.byzantine_gradient.attacks import ATTACKS
from rallypoint.experiments.byzantine_gradient.cells import Grid, run_cells
from rallypoint.experiments.byzantine_gradient.config import ByzantineGradientConfig
from rallypoint.experiments.byzantine_gradient.judging import (
    Table,
    attacked,
    by_seed,
    metrics,
    reported,
    worst_attack,
)
from rallypoint.experiments.byzantine_gradient.kept import Kept
from rallypoint.experiments.byzantine_gradient.pictures import curves, heat_map
from rallypoint.experiments.byzantine_gradient.rules import PROMISING, RULES, WITH_BULYAN
from rallypoint.experiments.byzantine_gradient.setting import Setting
from rallypoint.experiments.experiment import File, Finding, Metric, Progress

_BLIND = ("noise", "sign_flip", "constant_action", "alie", "fedpg")
# P2a: by rule, the share that it keeps under these, and the ones that are reported instead.
_KEEPS: dict[str, tuple[float, tuple[str, ...]]] = {
    "geometric_median": (0.8, ()),
    "nnm+trimmed_mean": (0.8, ()),
    "caf": (0.8, ()),
    "krum": (0.8, ("alie",)),
    "multi_krum": (0.8, ()),
    "median": (0.8, ("constant_action",)),
    "trimmed_mean": (0.6, ()),
}
_BREAKS_THE_MEAN = {
    "sign_flip": 0.25,
    "constant_action": 0.25,
    "optimal_reverse": 0.25,
    "noise": 0.4,
}
# At eight episodes a round no rule stands up to every attack unless contributors have momentum.
KNOWN_TO_FAIL = {("B8", rule) for rule in RULES} | {("K15", "bulyan")}
_SPARES_THE_MEAN = ("reward_flip", "fedpg")


def settings(config: ByzantineGradientConfig) -> Iterator[tuple[Setting, Sequence[str]]]:
    """Yield each setting with its rules: first those that P1 and P2 are about."""
    for momentum in config.momenta:
        yield Setting(rounds=config.rounds, momentum=momentum), RULES
    for momentum in config.momenta if config.larger else ():
        yield Setting(rounds=config.rounds, momentum=momentum, episodes=config.larger), PROMISING
    if config.bulyan_workers:
        yield Setting(rounds=config.rounds, workers=config.bulyan_workers), WITH_BULYAN


def findings(
    config: ByzantineGradientConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Run setting by setting, and judge each as soon as it is run."""
    kept, attacks = Kept(config.kept), config.attacks or tuple(ATTACKS)
    for setting, rules in settings(config):
        table: Table = {rule: {} for rule in rules}
        for cell in run_cells(Grid(setting, attacks, rules), seeds, kept, progress):
            table[cell.rule][cell.attack] = cell.outcomes
            yield from reported(cell, seeds)
        yield from _worst(setting, table)
        if setting == Setting(rounds=config.rounds):
            yield from _mean_breaks(table)
            yield from _others_do_not(table)
            yield from _reward_flip(table)
            yield from _along_the_gradient(table)
        yield from metrics(setting, table)
        yield from _improvements(setting, table)
        yield File(f"{setting.name}.png", heat_map(setting, table))
        yield File(f"{setting.name}-curves.png", curves(setting, table))


def _worst(setting: Setting, table: Table) -> Iterator[Claim]:
    """Say of every rule what its worst attack does; ours, and the median, should bear it: P5."""
    for rule, of_rule in table.items():
        worst, own = worst_attack(of_rule), by_seed(of_rule["none"])
        least = by_seed(of_rule[worst]).min()
        is_p5 = rule in PROMISING and setting.workers == Setting.workers
        yield scores.claim(
            f"{'P5' if is_p5 else 'worst'}/{setting.name}/{rule}",
            scores.worst_share(attacked(of_rule), own),
            statement=f"{worst} does most (worst run {least:.0f}), and under it too {rule} keeps "
            f"nine tenths of its unattacked return; {_in_words(setting)}",
            source=OURS,
            expected=">= 0.9",
            documented_limit=(setting.name, rule) in KNOWN_TO_FAIL,
        )


def _in_words(setting: Setting) -> str:
    momentum = f"momentum {setting.momentum:g}" if setting.momentum else "no momentum"
    return f"{setting.liars} of {setting.workers} lie, {setting.episodes} episodes, {momentum}"


def _mean_breaks(table: Table) -> Iterator[Claim]:
    """P1."""
    of_rule = table["mean"]
    own = by_seed(of_rule["none"])
    for attack, share in _BREAKS_THE_MEAN.items():
        if attack in of_rule:
            yield scores.claim(
                f"P1/mean/{attack}",
                scores.kept_share(by_seed(of_rule[attack]), own),
                statement=f"under {attack} the mean keeps at most {share:.0%} of its return",
                source=FEDPG_BR,
                expected=f"<= {share}",
            )
    for attack in _SPARES_THE_MEAN:
        if attack in of_rule:
            yield scores.claim(
                f"P1/mean/{attack}",
                scores.kept_share(by_seed(of_rule[attack]), own),
                statement=f"{attack} does not break the mean: it keeps more than half",
                source=OURS,
                expected="> 0.5",
            )


def _others_do_not(table: Table) -> Iterator[Claim]:
    """P2a."""
    for rule, (share, reported_only) in _KEEPS.items():
        of_rule = table[rule]
        for attack in _BLIND:
            if attack in of_rule and attack not in reported_only:
                yield scores.claim(
                    f"P2a/{rule}/{attack}",
                    scores.kept_share(by_seed(of_rule[attack]), by_seed(of_rule["none"])),
                    statement=f"under {attack} {rule} keeps at least {share:.0%} of its return",
                    source=FEDPG_BR,
                    expected=f">= {share}",
                )


def _reward_flip(table: Table) -> Iterator[Claim]:
    """P2a: what little reward flipping does to the mean, no rule undoes."""
    if "reward_flip" not in table["mean"]:
        return
    of_mean = by_seed(table["mean"]["reward_flip"])
    found = [
        scores.difference(by_seed(of_rule["reward_flip"]), of_mean, among=len(table) - 1)
        for rule, of_rule in table.items()
        if rule != "mean"
    ]
    largest = max(found, key=lambda gain: gain.interval[0])
    yield scores.claim(
        "P2a/reward_flip/no-better-than-the-mean",
        largest._replace(interval=(largest.interval[0], largest.interval[0])),
        statement="under reward_flip no rule returns more than the mean by more than the interval: "
        "of all rules' gains, the largest lower end at level 0.95 for all at once, which is judged",
        source=OURS,
        expected="<= 0",
    )


def _along_the_gradient(table: Table) -> Iterator[Claim]:
    """P2b and P2c."""
    of_median = table["median"]
    for attack in ("min_max", "optimal_reverse"):
        if attack in of_median:
            yield scores.claim(
                f"P2b/median/{attack}",
                scores.kept_share(by_seed(of_median[attack]), by_seed(of_median["none"])),
                statement=f"under {attack}, aimed along the gradient, the coordinate median keeps "
                "at least 80% of its return",
                source=OURS,
                expected=">= 0.8",
            )
    for rule in ("krum", "multi_krum"):
        of_rule = table[rule]
        if "optimal_reverse" in of_rule:
            yield scores.claim(
                f"P2c/{rule}",
                scores.kept_share(by_seed(of_rule["optimal_reverse"]), by_seed(of_rule["none"])),
                statement=f"{rule}, though n >= 2 f + 3, loses more than half under the optimal "
                "reverse without momentum",
                source=OURS,
                expected="< 0.5",
            )


def _improvements(setting: Setting, table: Table) -> Iterator[Finding]:
    for rule, of_rule in table.items():
        if rule != "median":
            yield Metric(
                f"{setting.name}/{rule}/better-than-median",
                scores.improvement(attacked(of_rule), attacked(table["median"])).to_dict(),
            )
