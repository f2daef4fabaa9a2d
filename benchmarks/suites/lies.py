"""Lies about what agents see: a step of PGD beside the passes it is made of, and a certificate."""

from collections.abc import Sequence
from functools import partial

from goals import Faster, Goal, Within
from timing import Case, Work

from suites import Suite

_PERCEPTS = 1024
_STEPS = 10  # of an attack
_WORLDS = {"cartpole": ("cartpole-v1", 1), "pathfinding": ("pathfinding-v0", 4)}  # agents in each
_LEAST = 1 / 1.5  # a step costs at most so many times its forward and backward pass
_COLUMN = f"B={_PERCEPTS}"

_EPISODES = 10_000
_CERTIFIED = f"certifying {_EPISODES:,} smoothed episodes"
_LIMIT = 60.0  # s
_SIGMA, _ROUNDS = 0.1, 20


def cases(*, quick: bool) -> Sequence[Case]:
    """Return attacks and passes, a percept an agent-step; and a certificate."""
    del quick
    climbs = [
        Case(row=_row(world, climbs=climbs), column=_COLUMN, prepare=partial(prepare, world))
        for world in _WORLDS
        for climbs, prepare in ((True, _climb), (False, _passes))
    ]
    return [*climbs, Case(row=_CERTIFIED, prepare=_certificate, rounds=1)]


def goals(*, quick: bool) -> Sequence[Goal]:
    """Return what is expected of both."""
    del quick
    steps = [
        Faster(
            section="lies",
            row=_row(world, climbs=True),
            column=_COLUMN,
            case=f"{_row(world, climbs=True)} {_COLUMN}",
            than=(f"{_row(world, climbs=False)} {_COLUMN}",),
            called="its passes",
            least=_LEAST,
        )
        for world in _WORLDS
    ]
    return [*steps, Within(case=_CERTIFIED, cpu_seconds=_LIMIT)]


SUITE = Suite(cases=cases, goals=goals, packages=("rallypoint", "numpy", "scipy"))


def _row(world: str, *, climbs: bool) -> str:
    return f"a step of PGD, {world}" if climbs else f"forward and backward, {world}"


def _climb(world: str) -> Work:
    """Return attacks of several steps on everything that is seen."""
    return _attack(world)[0]


def _passes(world: str) -> Work:
    """Return as many passes forward and backward."""
    return _attack(world)[1]


def _attack(name: str) -> tuple[Work, Work]:
    import numpy as np

    import rallypoint
    from rallypoint.agents.gradient.architecture import architecture_for
    from rallypoint.agents.gradient.policy import GradientPolicy
    from rallypoint.draws import Draws
    from rallypoint.safety.perception.ascent import Climb
    from rallypoint.safety.perception.ledger import Measure
    from rallypoint.safety.perception.objectives import unlikely
    from rallypoint.safety.perception.reach import Reach

    called, agents = _WORLDS[name]
    world = rallypoint.make(called, copies=_PERCEPTS // agents)
    seen = world.reset(seed=0)
    (group,) = world.groups
    made = architecture_for(group, policy=(64, 64), value=(64, 64))
    policy = GradientPolicy(made, made.initial(np.random.default_rng(0)), group)
    objective = unlikely(policy.reads, policy.outputs(seen))
    measure = Measure(Reach(step=0.1), group, "bench")
    rooms = np.full((world.num_copies, agents), 0.1)
    draws = Draws(0, "bench/lies", world.copies)
    climb = Climb(steps=_STEPS, rate=0.25, scatter=0.0)

    def attack() -> int:
        truths = seen[group.name]
        climb.lies(policy, objective, truths, rooms=rooms, measure=measure, draws=draws)
        return _STEPS * _PERCEPTS

    def passes() -> int:
        for _ in range(_STEPS):
            policy.value_and_gradient(seen, objective)
        return _STEPS * _PERCEPTS

    return attack, passes


def _certificate() -> Work:
    """Return episodes of a policy that balances under noise, and what they certify."""
    import numpy as np

    import rallypoint
    from rallypoint.agents.evaluation import evaluate
    from rallypoint.agents.gradient.learners import PpoLearner
    from rallypoint.agents.gradient.trained import trained
    from rallypoint.safety.certificates.smoothed_return import certified_return
    from rallypoint.safety.smoothing import NoisyWorld, SmoothedPolicy

    learner = PpoLearner(value=(64,), minibatch=512, epochs=6, learning_rate=2e-3, gamma=0.98)
    noisy = NoisyWorld(rallypoint.make("cartpole-v1", copies=32), _SIGMA)
    policy = trained(noisy, learner, rounds=_ROUNDS, seed=0).greedily()

    def certify() -> int:
        world = rallypoint.make("cartpole-v1", copies=_EPISODES)
        played = evaluate(world, SmoothedPolicy(policy, _SIGMA), episodes=_EPISODES, seed=1)
        paid = np.asarray(played.returns)[:, 0]
        found = certified_return(
            paid, thresholds=range(1, 501), lowest=0.0, sigma=_SIGMA, alpha=0.05
        )
        assert 0 < found.expected(_SIGMA) < paid.mean()
        return int(played.lengths.sum())

    return certify
