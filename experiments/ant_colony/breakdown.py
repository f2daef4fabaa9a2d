"""How many ants a colony can lose, and how many that only pretend to work it can bear."""

from collections.abc import Callable, Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.ant_colony import OURS
from rallypoint.experiments.ant_colony.config import EFFICIENCY, NEEDS, ROLES, AntColonyConfig
from rallypoint.experiments.ant_colony.measure import SPARE, Life, live, quarter
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.policies import Policy
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import Threat
from rallypoint.safety.threats.crash import Crash
from rallypoint.safety.threats.mapped_action import MappedAction

GROWS = 0.02  # in a step: a fifth of what one in ten of the colony could do away with
_PRETENCE = (0, 4, 5, 6, 4, 5, 6)


def lost(count: int, when: int) -> Threat:
    """So many ants, whoever they are, vanish."""
    return Crash(victims={"count": count}, when={"from": when, "until": when + 1})


def pretending(count: int, when: int) -> Threat:
    """So many ants only seem to do what they choose."""
    return MappedAction(victims={"count": count}, when={"from": when}, table=_PRETENCE)


KINDS: dict[str, Callable[[int, int], Threat]] = {"lost": lost, "pretending": pretending}


def findings(
    config: AntColonyConfig,
    seeds: tuple[int, ...],
    policies: dict[str, Policy],
    progress: Progress,
) -> Iterator[Finding]:
    """Lose more and more ants, then let as many pretend."""
    slopes: dict[tuple[str, str], Floats] = {}
    undone: dict[tuple[str, str], Floats] = {}
    with progress("more are lost", len(KINDS) * len(policies) * len(config.losses)) as advance:
        for kind, threat in KINDS.items():
            for name, policy in policies.items():
                found: list[Life] = []
                for count in config.losses:
                    threats = (threat(count, config.steps // 2),) if count else ()
                    found.append(live(config, seeds, policy, ThreatModel(threats=threats)))
                    yield found[-1].account(f"breakdown/{kind}/{name}/{count}")
                    advance()
                last = quarter(config, 4)
                slopes[kind, name] = np.stack([life.slope(last) for life in found], axis=1)
                undone[kind, name] = np.stack([life.mean_stimulus(last) for life in found], axis=1)
                for place, seed in enumerate(seeds):
                    yield Row(
                        {
                            "claim": f"breakdown/{kind}/{name}",
                            "seed": seed,
                            "losses": list(config.losses),
                            "slope": slopes[kind, name][place].tolist(),
                            "stimulus": undone[kind, name][place].tolist(),
                        }
                    )
    yield from _judge(config, slopes, undone)
    for kind in KINDS:
        of_kind = {name: found for (what, name), found in slopes.items() if what == kind}
        yield File(f"breakdown-{kind}.png", _picture(config, kind, of_kind))


def _judge(
    config: AntColonyConfig,
    slopes: dict[tuple[str, str], Floats],
    undone: dict[tuple[str, str], Floats],
) -> Iterator[Finding]:
    for (kind, name), found in slopes.items():
        yield Metric(f"breakdown/{kind}/{name}/most", _most(config, found))
    too_many = [place for place, count in enumerate(config.losses) if count > SPARE]
    for place in too_many[:1]:
        count = config.losses[place]
        short = sum(NEEDS) - EFFICIENCY * (sum(ROLES) - count)
        for kind in KINDS:
            least = np.min(
                [of[:, place] for (of_kind, _), of in slopes.items() if of_kind == kind], 0
            )
            yield claim_over_seeds(
                f"ant_colony/breakdown/{kind}",
                least - short,
                statement=f"nobody makes up for more than {SPARE} of {sum(ROLES)} ants {kind}: "
                f"with {count} what is left undone grows by at least {short:.4g} a step, excess "
                "over it, the least of all kinds of colony",
                source="by arithmetic: what is needed less what the others can do",
                expected=">= -1e-9 on every seed",
            )
    half = int(np.argmin([abs(count - SPARE // 2) for count in config.losses]))
    more = undone["pretending", "encounters"][:, half] - undone["lost", "encounters"][:, half]
    yield claim_over_seeds(
        "ant_colony/pretenders/encounters",
        more,
        statement=f"to ants that go by whom they meet, {config.losses[half]} pretenders do no less "
        "harm than as many deaths: difference of the mean stimuli in the last quarter",
        source=OURS,
        expected=">= 0",
    )


def _most(config: AntColonyConfig, found: Floats) -> int | None:
    """Return the most ants that can be lost before what is left undone grows for good."""
    grows = found.mean(axis=0) > GROWS
    borne = [count for count, too in zip(config.losses, grows, strict=True) if not too]
    return max(borne) if borne else None


def _picture(config: AntColonyConfig, kind: str, slopes: dict[str, Floats]) -> bytes:
    figure, axes = plots.new_figure(
        f"What is left undone once ants are {kind}",
        f"ants {kind}, of {sum(ROLES)}",
        "growth of all stimuli together, a step",
        size=(7.2, 4.4),
    )
    for name, found in slopes.items():
        plots.curve(axes, config.losses, found, name)
    counts = np.array(config.losses)
    exact = np.maximum(sum(NEEDS) - EFFICIENCY * (sum(ROLES) - counts), 0)
    axes.plot(counts, exact, color="black", linestyle="--", marker="", label="least possible")
    axes.axvline(SPARE + 0.5, color="black", linestyle=":", linewidth=1)
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
