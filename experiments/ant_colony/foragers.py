"""A colony loses half of its foragers, all at once."""

from collections.abc import Iterator

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.draws import Floats
from rallypoint.experiments import plots
from rallypoint.experiments.ant_colony import OURS
from rallypoint.experiments.ant_colony.config import EFFICIENCY, NEEDS, ROLES, AntColonyConfig
from rallypoint.experiments.ant_colony.measure import NEEDED, Life, live, quarter
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Row
from rallypoint.policies import Policy
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash

_SMOOTH = 20  # steps over which workers are averaged before a gap counts as filled
_FILLED = 0.95  # of the need


def model(config: AntColonyConfig) -> ThreatModel:
    """Return the loss: so many of those who forage at half time vanish."""
    half = config.steps // 2
    loss = Crash(
        region="task_1",
        knowledge=("regions",),
        when={"from": half, "until": half + 1},
        budget={"agents": config.foragers},
    )
    return ThreatModel(threats=(loss,))


def findings(
    config: AntColonyConfig,
    seeds: tuple[int, ...],
    policies: dict[str, Policy],
    progress: Progress,
) -> Iterator[Finding]:
    """Let each kind of colony live through it."""
    lives = {}
    with progress(f"{config.foragers} foragers are lost", len(policies)) as advance:
        for name, policy in policies.items():
            lives[name] = live(config, seeds, policy, model(config))
            yield lives[name].account(f"foragers/{name}")
            yield from _rows(config, seeds, name, lives[name])
            advance()
    yield from _judge(config, lives)
    yield File("foragers.png", _picture(config, lives))


def _rows(
    config: AntColonyConfig, seeds: tuple[int, ...], name: str, life: Life
) -> Iterator[Finding]:
    before, after = (life.mean_workers(quarter(config, number)) for number in (2, 4))
    filled = refilled_after(config, life)
    for place, seed in enumerate(seeds):
        yield Row(
            {
                "claim": f"foragers/{name}",
                "seed": seed,
                "workers_before": before[place].tolist(),
                "workers_after": after[place].tolist(),
                "stimulus_before": float(life.mean_stimulus(quarter(config, 2))[place]),
                "stimulus_after": float(life.mean_stimulus(quarter(config, 4))[place]),
                "peak": float(life.stimuli[place].mean(axis=0).max()),
                "refilled_after": float(filled[place]),
            }
        )
    yield Metric(f"foragers/{name}/refilled_after", float(filled.mean()))
    peak = life.stimuli.mean(axis=1).max(axis=(1, 2)).mean()
    yield Metric(f"foragers/{name}/peak_stimulus", float(peak))


def refilled_after(config: AntColonyConfig, life: Life) -> Floats:
    """Return how many steps it takes until 95 % of the need forages again; inf if never: (R,)."""
    foragers = life.workers[:, :, config.steps // 2 :, 0].mean(axis=1)  # (R, T / 2)
    window = np.ones(_SMOOTH) / _SMOOTH
    smooth = np.array([np.convolve(of_seed, window, mode="valid") for of_seed in foragers])
    enough = smooth >= _FILLED * NEEDED[0]
    return np.where(enough.any(axis=1), enough.argmax(axis=1) + _SMOOTH, np.inf)


def _judge(config: AntColonyConfig, lives: dict[str, Life]) -> Iterator[Finding]:
    for number, when in ((2, "before"), (4, "after")):
        off = np.abs(lives["threshold"].mean_workers(quarter(config, number)) / NEEDED - 1)
        yield claim_over_seeds(
            f"ant_colony/steady/{when}",
            off.max(axis=1),
            statement=f"{when} the loss as many ants work on each task as it needs, by response "
            "thresholds alone: largest relative difference of the tasks",
            source=OURS,
            expected="<= 0.05 on every seed",
        )
    missing = NEEDS[0] - EFFICIENCY * (ROLES[0] - config.foragers)
    yield claim_over_seeds(
        "ant_colony/fixed-roles/slope",
        np.abs(lives["fixed"].slope(quarter(config, 4)) - missing),
        statement=f"with fixed roles {config.foragers} of {ROLES[0]} foragers are missed for "
        f"ever: what is left undone grows by {missing:.4g} a step, difference from it",
        source="by arithmetic: need less efficiency times workers",
        expected="<= 1e-9 on every seed",
    )
    for name, life in lives.items():
        if name == "fixed":
            continue
        yield claim_over_seeds(
            f"ant_colony/recovers/{name}",
            life.slope(quarter(config, 4)) / missing,
            statement=f"{name}: in the last quarter of the episode what is left undone grows no "
            "more, as a share of its growth with fixed roles",
            source=OURS,
            expected="<= 0.1",
        )
        yield claim_over_seeds(
            f"ant_colony/beats-fixed/{name}",
            lives["fixed"].mean_stimulus(quarter(config, 4))
            - life.mean_stimulus(quarter(config, 4)),
            statement=f"{name}: after the loss less is left undone than with fixed roles, "
            "difference of the mean stimuli in the last quarter",
            source=OURS,
            expected="> 0",
        )


def _picture(config: AntColonyConfig, lives: dict[str, Life]) -> bytes:
    figure, axes = plots.new_figure(
        f"{config.foragers} foragers are lost at step {config.steps // 2}",
        "step",
        "stimulus of foraging, mean over colonies",
        size=(7.2, 4.2),
    )
    every = max(1, config.steps // 60)
    steps = np.arange(1, config.steps + 1)[::every]
    for name, life in lives.items():
        plots.curve(axes, steps, life.stimuli[..., 0].mean(axis=1)[:, ::every], name, every=6)
    axes.axvline(config.steps // 2, color="black", linestyle=":", linewidth=1)
    axes.legend(loc="upper left", frameon=False)
    return plots.png(figure)
