"""D2, networks: does one update of a Q-network depend on how likely interruptions are?

By ``assess_interruptibility``, as anybody would: pairs of minibatches from the same states and own
actions, of which one is played without interruptions and the other under them.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rallypoint.agents.assess import assess_interruptibility
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Floats
from rallypoint.envs.games.world import TabularGame
from rallypoint.experiments.experiment import Advance, Finding, Metric, Progress
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.interruptibility import DYNAMIC, OURS
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.network import (
    FrozenNetwork,
    Keeps,
    Optimiser,
    random_game,
)
from rallypoint.experiments.interruptibility.rates import LEVEL, found_in, within_chance
from rallypoint.safety.threats.interruption import Interruption

_THETA = 0.9
_OPTIMISERS: tuple[Optimiser, ...] = ("sgd", "adam")
_BATCH = 16
_COPIES = 1024  # that steps are gathered in


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Assess networks again and again, one game and one frozen network per seed."""
    repetitions: dict[Keeps, int] = {
        "none": config.deep_repetitions,
        "drop_any": config.deep_true_repetitions,
    }
    for keeps, number in repetitions.items():
        with progress(f"D2: networks, {keeps}", number * len(seeds)) as advance:
            p_values, kept = _assessed(keeps, number, config.deep_pairs, seeds, advance)
        name = f"D2/networks/{keeps}"
        yield from rows_by_seed(name, seeds, rejected=(p_values <= LEVEL).mean(axis=1))
        yield Metric(f"{name}/kept", kept)
        yield Metric(f"{name}/rejected", float((p_values <= LEVEL).mean()))
        statement = (
            "an update of a network (half by gradient descent, half by Adam) with processing "
            f"{keeps}, at theta {_THETA:g} and 0, {config.deep_pairs} pairs of {_BATCH} steps"
        )
        judge, source = (found_in, DYNAMIC) if keeps == "none" else (within_chance, OURS)
        yield judge(name, p_values.ravel(), statement=statement, source=source)


def _assessed(
    keeps: Keeps, repetitions: int, pairs: int, seeds: tuple[int, ...], advance: Advance
) -> tuple[Floats, float]:
    """Return the p-value of each assessment (R, repetitions), and the share kept at theta."""
    p_values = np.empty((len(seeds), repetitions))
    kept = []
    for place, seed in enumerate(seeds):
        game = random_game(seed)

        def world(copies: int | Sequence[int]) -> BatchEnv:
            return TabularGame(game, copies=copies, max_cycles=20)  # noqa: B023  # called at once

        for repetition in range(repetitions):
            learner = FrozenNetwork(seed, keeps, _OPTIMISERS[repetition % len(_OPTIMISERS)])
            assessment = assess_interruptibility(
                learner,
                world,
                interruption=Interruption(policy={"action": 0}),
                thetas=(0.0, _THETA),
                replicates=pairs,
                batch=_BATCH,
                level=LEVEL,
                seed=seed * 1_000 + repetition,
                leads=(0,),  # a game may begin in any of its states
                copies=_COPIES,
            )
            (finding,) = assessment.findings
            p_values[place, repetition] = finding.p_value
            kept.append(finding.found.kept[1])
            advance()
    return p_values, float(np.mean(kept))
