"""What is claimed of the curves: G5 and B1."""

from collections.abc import Iterator, Mapping

from rallypoint.claims import Claim, claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments.byzantine_gathering import OURS, PHAN
from rallypoint.experiments.byzantine_gathering.config import ByzantineGatheringConfig
from rallypoint.experiments.byzantine_gathering.measure import LEVEL, breakdown_points
from rallypoint.experiments.byzantine_gathering.sides import NO_DEFENCE

_TWO = 2  # liars of ten, of whom G5 speaks

_Curves = Mapping[tuple[str, str], Floats]  # attacker, defence -> in-group share (R, F)


def of_attacker(
    config: ByzantineGatheringConfig, attacker: str, curves: _Curves
) -> Iterator[Claim]:
    """Judge what one attacker did; nothing is claimed of the mild ones."""
    if attacker == "anti_goal":
        yield from _two_liars(config, curves)
        yield from _gains(config, curves)
        yield from _breakdowns(config, curves)
    if attacker == "look_ahead":
        bare, trimmed = curves[attacker, NO_DEFENCE], curves[attacker, "trim_median"]
        for f in (1, 2):
            yield claim_over_seeds(
                f"B1/look_ahead/f-{f}",
                trimmed[:, f] - bare[:, f],
                statement=f"against {f} who look ahead, trimming around the median gathers more "
                "often than no defence, seed by seed (no level is claimed)",
                source=OURS,
                expected="> 0",
            )


def _two_liars(config: ByzantineGatheringConfig, curves: _Curves) -> Iterator[Claim]:
    bare, around_self, around_median = (
        curves["anti_goal", name][:, _TWO] for name in (NO_DEFENCE, "trim_self", "trim_median")
    )
    liars = f"2 of {config.num_agents} go where nobody should be"
    yield claim_over_seeds(
        "G5/none",
        bare,
        statement=f"{liars}: the others, undefended, seldom gather",
        source=OURS,
        expected="<= 0.4 on every seed",
    )
    yield claim_over_seeds(
        "G5/trim_self",
        around_self,
        statement=f"{liars}: leaving out the 2 farthest from oneself, the others mostly gather",
        source=OURS,
        expected=">= 0.65",
        statistic="median",
    )
    yield claim_over_seeds(
        "G5/trim_self-gain",
        around_self - bare,
        statement=f"{liars}: leaving out the 2 farthest from oneself gains, seed by seed",
        source=OURS,
        expected=">= 0.3 on every seed",
    )
    yield claim_over_seeds(
        "G5/trim_self-always",
        around_self,
        statement=f"{liars}: leaving out the 2 farthest from oneself gathers on whatever seed",
        source=OURS,
        expected=">= 0.75 on every seed",
        documented_limit=True,
    )
    yield claim_over_seeds(
        "G5/trim_median",
        around_median,
        statement=f"{liars}: leaving out the 2 farthest from the median, the others gather",
        source=OURS,
        expected=">= 0.9 on every seed",
    )


def _gains(config: ByzantineGatheringConfig, curves: _Curves) -> Iterator[Claim]:
    bare = curves["anti_goal", NO_DEFENCE][:, 1:]
    for name in ("trim_self", "trim_median"):
        yield claim_over_seeds(
            f"B1/anti_goal/{name}-gain",
            (curves["anti_goal", name][:, 1:] - bare).min(axis=1),
            statement=f"{name} gains on no defence against 1 … {config.most} anti-goal liars of "
            f"{config.num_agents}, seed by seed: the least gain over their number",
            source=OURS,
            expected="> 0 on every seed",
        )


def _breakdowns(config: ByzantineGatheringConfig, curves: _Curves) -> Iterator[Claim]:
    for name, expected in ((NO_DEFENCE, "<= 0.1"), ("trim_median", ">= 0.35")):
        yield claim_over_seeds(
            f"B1/anti_goal/{name}-breakdown",
            breakdown_points(curves["anti_goal", name], config.num_agents),
            statement=f"share of anti-goal liars at which the in-group share of the others, with "
            f"defence {name}, falls below {LEVEL:g}",
            source=OURS,
            expected=expected,
        )


def of_prepared(config: ByzantineGatheringConfig, prepared: Floats, curves: _Curves) -> Claim:
    """Judge what it gains to have learned among antagonists: (R, F)."""
    return claim_over_seeds(
        "B1/antagonists/gain-f-2",
        prepared[:, _TWO] - curves["anti_goal", NO_DEFENCE][:, _TWO],
        statement=f"2 of {config.num_agents} go where nobody should be: who has learned among "
        "antagonists whose number varied gathers more often than who learned in peace, undefended",
        source=PHAN,
        expected=">= 0.3 on every seed",
    )


def of_declared(config: ByzantineGatheringConfig, found: Mapping[tuple[int, str], Floats]) -> Claim:
    """Judge what it costs to declare too few: (f_real, defence) -> (R, declared)."""
    curve = found[2, "trim_median"]
    one, two = (curve[:, config.declared.index(f)] for f in (1, 2))
    return claim_over_seeds(
        "B1/declared/too-low",
        two - one,
        statement="trimming around the median for one anti-goal liar where there are two loses",
        source=OURS,
        expected="> 0",
    )
