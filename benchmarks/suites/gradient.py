"""Our policy gradients: PPO beside SB3's, many small updates beside a big one, and robust rules.

PPO is equal on both sides: the torus with N = 10, copies, steps of a rollout, minibatches, epochs,
nets of 64 × 64 tanh units, gradients cut to a length of 0.5, Adam. SB3 sees it through our view.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from goals import Faster, Goal
from timing import Case, Work

from suites import Suite

_COPIES, _STEPS, _AGENTS, _EPOCHS = 64, 64, 10, 10
_LEAST = {2048: 1.7, 512: 2.2, 256: 2.5}  # times SB3, by minibatch
_OURS, _THEIRS = "PPO, torus N=10, ours", "PPO, torus N=10, SB3"

# Contributors, rows of each, units of both layers: n small updates beside one big one.
_SPLITS = ((50, 64, 64), (50, 256, 64), (50, 64, 16), (50, 256, 16), (20, 128, 64))
_SMALL = 1 / 1.5

# Rules at n = 20, d about 10,000, beside the gradients they combine.
_CONTRIBUTORS = 20
_TENTH = {2048: 0.10, 5120: 0.10}
_SHARES = {  # rule -> share of the gradient work, by total batch
    "krum": _TENTH,
    "multi_krum": _TENTH,
    "nnm+krum": _TENTH,
    "geometric_median": _TENTH,
    "caf": _TENTH,
    "mda": _TENTH,
    "mean_of_directions": _TENTH,
    "max_min_mix": _TENTH,
    "trimmed_mean": {2048: 0.25, 5120: 0.12},
    "median": {2048: 0.25, 5120: 0.12},
    "nnm+trimmed_mean": {},  # only shown
}
TOTALS = (2048, 5120)


def cases(*, quick: bool) -> Sequence[Case]:
    """Return everything; an iteration of PPO is a piece of work, or an update."""
    runs = [
        Case(
            row=row,
            column=f"B={minibatch}",
            prepare=partial(prepare, minibatch),
            rounds=1 if quick else 3,
        )
        for row, prepare in ((_OURS, _our_ppo), (_THEIRS, _sb3_ppo))
        for minibatch in _LEAST
    ]
    updates = [
        Case(
            row=_split(n, b, h),
            column=f"n={1 if big else n}",
            prepare=partial(_updates, n, b, h, big=big),
        )
        for n, b, h in _SPLITS
        for big in (False, True)
    ]
    rules = [
        Case(row=ruled(rule), column=f"B={total}", prepare=partial(aggregation, rule, total))
        for rule in (*_SHARES, None)
        for total in TOTALS
    ]
    return [*runs, *updates, *rules]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what is expected of each."""
    del quick
    runs = [
        Faster(
            section="minibatch",
            row=_OURS,
            column=f"B={minibatch}",
            case=f"{_OURS} B={minibatch}",
            than=(f"{_THEIRS} B={minibatch}",),
            called="SB3",
            least=least,
        )
        for minibatch, least in _LEAST.items()
    ]
    updates = [
        Faster(
            section="updates",
            row=_split(n, b, h),
            column="rate",
            case=f"{_split(n, b, h)} n={n}",
            than=(f"{_split(n, b, h)} n=1",),
            called="one of all",
            least=_SMALL,
        )
        for n, b, h in _SPLITS
    ]
    rules = [
        Faster(
            section="rules",
            row=ruled(rule),
            column=f"B={total}",
            case=f"{ruled(rule)} B={total}",
            than=(f"{ruled(None)} B={total}",),
            called="the gradients",
            least=1 / shares[total] if shares else None,
        )
        for rule, shares in _SHARES.items()
        for total in TOTALS
    ]
    return [*runs, *updates, *rules]


SUITE = Suite(
    cases=cases,
    goals=goals,
    packages=("stable-baselines3", "torch", "rallypoint", "numpy"),
)


def _split(contributors: int, rows: int, units: int) -> str:
    return f"{contributors} × {rows} rows, {units} units"


def ruled(rule: str | None) -> str:
    """Return the row of a rule, or of the gradients."""
    return f"{rule or 'gradients'} of {_CONTRIBUTORS}"


def _our_ppo(minibatch: int) -> Work:
    import rallypoint

    world = rallypoint.make("torus-v0", num_agents=_AGENTS, copies=_COPIES)
    return ppo(world, minibatch=minibatch, steps=_STEPS, epochs=_EPOCHS)


def ppo(world: Any, *, minibatch: int, steps: int, epochs: int) -> Work:
    """Return iterations of our PPO by one contributor, in all copies of a world."""
    import numpy as np

    from rallypoint.agents.gradient.contributors import Contributors
    from rallypoint.agents.gradient.fragment import Rollout
    from rallypoint.agents.gradient.learners import PpoLearner
    from rallypoint.agents.gradient.rounds import Rounds
    from rallypoint.agents.gradient.server import Server
    from rallypoint.draws import Draws
    from rallypoint.safety.aggregation import Aggregator

    learner = PpoLearner(minibatch=minibatch, epochs=epochs)
    networks = learner.architecture(world.groups[0])
    start = networks.initial(np.random.default_rng(0))[None]
    rounds = Rounds(
        Rollout(world, Draws(0, "bench", world.copies)),
        networks,
        learner,
        Contributors(count=1),
        Server(start, [Aggregator.parse("mean")], f=0, seeds=[0], pace=learner.pace),
        steps=steps,
        seeds=[0],
        contribution=learner.contribution,
    )
    rounds.train_round()

    def iteration() -> int:
        rounds.train_round()
        return steps * world.num_copies * world.num_agents

    return iteration


def _sb3_ppo(minibatch: int) -> Work:
    import torch
    from stable_baselines3 import PPO

    import rallypoint
    from rallypoint.envs.views.sb3 import Sb3View

    torch.set_num_threads(1)
    model = PPO(
        "MlpPolicy",
        Sb3View(rallypoint.make("torus-v0", num_agents=_AGENTS, copies=_COPIES)),
        n_steps=_STEPS,
        batch_size=minibatch,
        n_epochs=_EPOCHS,
        device="cpu",
    )
    num_rows = _STEPS * _COPIES * _AGENTS
    model.learn(num_rows)

    def iteration() -> int:
        model.learn(num_rows, reset_num_timesteps=False)
        return num_rows

    return iteration


def _updates(contributors: int, rows: int, units: int, *, big: bool) -> Work:
    """Return policy gradients on CartPole's sizes, of actor and critic."""
    networks, parameters, batch, loss = _ready(
        (1, contributors * rows) if big else (contributors, rows), (4, 2), units
    )

    def update() -> int:
        told = networks.tell(parameters, batch)
        networks.gradient(batch, told, loss)
        return contributors * rows

    return update


def aggregation(rule: str | None, total: int) -> Work:
    """Return the gradients of 20 contributors, or the rule that combines them."""
    import numpy as np

    from rallypoint.safety.aggregation import Aggregator, Context

    rows = total // _CONTRIBUTORS
    networks, parameters, batch, loss = _ready((_CONTRIBUTORS, rows), (8, 4), 64)
    updates = networks.gradient(batch, networks.tell(parameters, batch), loss)[0]
    aggregator = None if rule is None else Aggregator.parse(rule)
    given = {
        "rng": np.random.default_rng(0),
        "trusted": [0, 1, 2],
        "previous": np.zeros_like(updates[0]),
        "root": updates.mean(axis=0),
    }
    needs = aggregator.needs if aggregator else ()
    context = Context(**{need: given[need] for need in needs})

    def update() -> int:
        if aggregator is None:
            told = networks.tell(parameters, batch)
            networks.gradient(batch, told, loss)
        else:
            aggregator(updates, 4, context=context)
        return total

    return update


def _ready(shape: tuple[int, int], sizes: tuple[int, int], units: int) -> tuple[Any, ...]:
    import numpy as np

    from rallypoint.agents.gradient.actor_critic import ActorCritic, Loss
    from rallypoint.agents.gradient.architecture import Architecture
    from rallypoint.agents.gradient.batch import Batch

    rng = np.random.default_rng(0)
    inputs, outputs = sizes
    hidden = (units, units)
    made = Architecture(
        inputs=inputs, outputs=outputs, kind="categorical", policy=hidden, value=hidden
    )
    by_log, by_value = rng.standard_normal((2, 1, *shape)).astype(np.float32)
    batch = Batch(
        rng.standard_normal((1, *shape, inputs)).astype(np.float32),
        rng.integers(outputs, size=(1, *shape)),
        by_log,
        np.ones((1, *shape), dtype=np.float32),
    )
    return ActorCritic(made), made.initial(rng)[None], batch, Loss(by_log, 0.0, by_value)
