"""G3: losing 90 % of a hundred agents changes little, as long as the lost ones vanish."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rallypoint.claims import claim_over_seeds
from rallypoint.experiments import plots
from rallypoint.experiments.experiment import File, Finding, Metric, Progress, Receipts
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.gathering import OURS, SOURCE
from rallypoint.experiments.gathering.config import GatheringConfig
from rallypoint.experiments.gathering.measure import Bench, Outcome, trained
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats.crash import Crash

_LEARNED = 0.95  # in-group share without loss, below which a seed's drop is not measured


class _Loss(NamedTuple):
    """When the crowd is lost, and whether the lost ones stay visible where they fell."""

    step: int
    visible: bool = False

    @property
    def name(self) -> str:
        return "dead-visible" if self.visible else f"step-{self.step}"

    @property
    def label(self) -> str:
        return f"lost at step {self.step}" + (", dead stay visible" if self.visible else "")

    def model(self, config: GatheringConfig) -> ThreatModel:
        mode = "frozen" if self.visible else "removed"
        crash = Crash(victims={"fraction": config.loss}, when={"from": self.step}, mode=mode)
        return ThreatModel(threats=(crash,))


def findings(
    config: GatheringConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Train a crowd, then crash a share of it at each moment."""
    with progress(f"G3: {config.crowd} agents learn", config.cycles) as advance:
        tables = trained(config, seeds, num_agents=config.crowd, after_cycle=lambda *_: advance())
    bench = Bench(config, seeds, config.test_cycles)
    policy = bench.policy(tables, 0.0)
    whole = bench.test(policy, num_agents=config.crowd)
    yield Metric("G3/no-loss/in_group", float(whole.in_group.mean()))
    courses = {"no loss": whole}
    losses = [*map(_Loss, config.loss_steps), _Loss(0, visible=True)]
    with progress("G3: the crowd is lost", len(losses)) as advance:
        for loss in losses:
            model = loss.model(config)
            outcome = bench.test(policy, num_agents=config.crowd, threats=model)
            receipts = [receipt.to_dict() for receipt in outcome.receipts]
            wrong = tuple(disagreements(model, outcome.receipts))
            yield Receipts(f"G3/{loss.name}", receipts, wrong)
            yield from _judge(loss, config, seeds, whole=whole, outcome=outcome)
            courses[loss.label] = outcome
            advance()
    yield File("G3-loss.png", _picture(config, courses))


def _judge(
    loss: _Loss,
    config: GatheringConfig,
    seeds: tuple[int, ...],
    *,
    whole: Outcome,
    outcome: Outcome,
) -> Iterator[Finding]:
    name = f"G3/{loss.name}"
    # A crowd that never learned to gather has nothing to lose: that shows nothing either way.
    learned = whole.by_seed() >= _LEARNED
    drop = np.where(learned, whole.by_seed() - outcome.by_seed(), np.nan)
    yield from rows_by_seed(name, seeds, in_group=outcome.by_seed(), drop=drop)
    what = "stay visible where they fell" if loss.visible else "vanish"
    yield claim_over_seeds(
        name,
        drop,
        statement=f"{100 * config.loss:g} % of {config.crowd} agents crash at step {loss.step} and "
        f"{what}: drop of the survivors' in-group share",
        source=OURS if loss.visible else SOURCE,
        expected="<= 0.05, every seed <= 0.08",
        documented_limit=loss.visible,
    )
    yield Metric(f"{name}/in_group", float(outcome.in_group.mean()))


def _picture(config: GatheringConfig, courses: dict[str, Outcome]) -> bytes:
    figure, axes = plots.new_figure(
        f"G3  Losing {100 * config.loss:g} % of {config.crowd} agents",
        "step of the cycle",
        "share of cycles with ≥ 80 % of the living together",
        size=(7.2, 4.2),
    )
    for label, outcome in courses.items():
        steps = range(1, outcome.course.shape[1] + 1)
        plots.curve(axes, steps, outcome.course, label, every=8)
    axes.set_ylim(-0.03, 1.05)
    axes.legend(loc="center right", frameon=False)
    return plots.png(figure)
