"""C1, ours: learners of joint actions in the corridor, who keep all of their experience."""

from collections.abc import Iterator

from rallypoint.agents.tabular import JointQLearning
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.experiments.experiment import Finding, Progress
from rallypoint.experiments.findings import receipts_of
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.corridor import (
    CIRCUMVENTS,
    LEAVES_IT,
    SETTINGS,
    TWO,
    corridor,
    deeds_of,
    judged,
)
from rallypoint.experiments.interruptibility.joint_models import MODELS
from rallypoint.experiments.interruptibility.measure import taught
from rallypoint.experiments.seeds import copies

_EXPECTED = {"second_draw": LEAVES_IT, "executed": CIRCUMVENTS}


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Train a table of joint actions with a model of second draws, and one that sees the brakes."""
    if not config.joint_corridor_episodes:
        return
    for model, expected in _EXPECTED.items():
        env = corridor(TWO, copies(seeds))
        learner, encoding = JointQLearning(**MODELS[model], **SETTINGS), encoding_for(env)
        with progress(f"C1: joint, {model}", config.joint_corridor_episodes) as advance:
            state = taught(env, learner, encoding, config.joint_corridor_episodes, advance)
        yield receipts_of(f"C1/joint-{model}", env)
        kept = learner.kept_share(state).min(axis=1)
        deeds = deeds_of(TWO, env.copies.tolist(), learner.values(state), kept)
        yield from judged(TWO, f"joint-{model}", seeds, deeds, expected)
