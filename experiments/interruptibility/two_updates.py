"""D5, ours: which joint learners depend on interruptions in one update, and which in two.

A learner of joint actions with a model of its teammates, frozen, in games of one state with two to
four agents, and on the road of two states. Cells are the states and executed joint actions of the
updates, and what is compared is all that has changed in table and model. See
docs/joint-proposed-model.md for what must come out, and why.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rallypoint.agents.tabular import JointQLearning
from rallypoint.agents.tabular.columns import Columns
from rallypoint.agents.tabular.encoding import encoding_for
from rallypoint.agents.tabular.joint_q_learning import JointState
from rallypoint.agents.tabular.transition import Transition, copied
from rallypoint.draws import Draws, Floats, Integers, stream
from rallypoint.experiments.experiment import Finding, Metric, Progress
from rallypoint.experiments.findings import rows_by_seed
from rallypoint.experiments.interruptibility import OURS
from rallypoint.experiments.interruptibility.config import InterruptibilityConfig
from rallypoint.experiments.interruptibility.joint_models import MODELS
from rallypoint.experiments.interruptibility.measure import TRAINING, interrupted
from rallypoint.experiments.interruptibility.rates import LEVEL, found_in, within_chance
from rallypoint.experiments.seeds import shards
from rallypoint.safety.certificates.cells import KeptUpdates, two_sample_cells
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threats.interruption import Interruption

_THETA = 0.9
_AT_ONCE = 200  # copies that play for one seed together
_LEAST = 100  # updates that a cell needs in each arm


class _Game(NamedTuple):
    """Where it is tested."""

    name: str
    world: str
    settings: Mapping[str, Any]
    brakes: Mapping[str, Any]  # of the interruption, theta aside
    prefers: int  # the action that everybody does by itself, but for exploration


_GAMES = (
    *(
        _Game(
            f"matching-{agents}",
            "matching-game-v0",
            {"num_agents": agents},
            {"policy": {"action": 0}},
            prefers=0,
        )
        for agents in (2, 3, 4)
    ),
    _Game(
        "road",
        "two-car-road-v0",
        {},
        {
            "initiation": {"region": "close"},
            "victims": ("leader",),
            "policy": {"actions": {"leader": 1}},
        },
        prefers=1,  # to close up, and to be slow
    ),
)
# In how many updates in a row each model shows that it depends; the others never do.
_SHOWS_IN = {"same_step": 1, "delayed": 2}

# By model and number of updates, the number of each update (n,) that says what has changed.
_Changes = dict[tuple[str, int], Floats]


class _Arm(NamedTuple):
    """What a frozen team's updates came to, copy by copy and in the order of time."""

    cells: dict[int, Integers]  # by number of updates: (R, n)
    changes: _Changes  # (R, n) each


def findings(
    config: InterruptibilityConfig, seeds: tuple[int, ...], progress: Progress
) -> Iterator[Finding]:
    """Test every model in every game."""
    wanted = config.joint_repetitions * config.joint_updates
    pairs = -(-wanted // _AT_ONCE)
    with progress("D5: joint learners, one update and two", len(_GAMES) * 2 * pairs) as advance:
        for game in _GAMES:
            arms = []
            for theta in (0.0, _THETA):
                threat = Interruption(theta=theta, **game.brakes)
                ids = shards(seeds, _AT_ONCE)
                env = interrupted(
                    game.world, ids, threat, **game.settings, max_cycles=2 * pairs + 1
                )
                team = _Team(env, game.prefers)
                steps = []
                for _ in range(pairs):
                    steps.append(team.updates())
                    advance()
                arms.append(_joined(steps, len(seeds), wanted))
            yield from _judge(game, config, seeds, *arms)


class _Team:
    """A frozen team that plays on and on, and what pairs of updates would make of it."""

    def __init__(self, env: Threatened, prefers: int) -> None:
        settings: dict[str, Any] = {"alpha": 0.1, "gamma": 0.9, "epsilon": 0.5}
        self._learners = {
            name: JointQLearning(**model, **settings) for name, model in MODELS.items()
        }
        self._env, self._columns, self._encoding = env, Columns.of(env), encoding_for(env)
        learner = self._learners["executed"]  # all act alike as long as they are frozen
        self._learner = learner
        frozen = learner.init(
            env.num_copies, env.num_agents, self._encoding.num_states, self._columns.num_actions
        )
        rng = stream(TRAINING, "interruptibility/joint tables")
        # Overrides do what everybody would mostly do: so cells are seen in both arms, and it is
        # hard to tell a choice from an override, which is what tells on a model.
        noise = rng.random(frozen.tables.shape[1:])
        frozen.tables[:] += np.where(np.isfinite(frozen.tables), noise, 0)
        frozen.tables[:, :, :, prefers] += 1
        self._frozen: JointState = frozen
        self._memories = {name: copied(frozen) for name in MODELS}
        self._weights = [rng.uniform(0.5, 1.5, part.shape[2:]) for part in _learned(frozen)]
        self._draws = [
            Draws(TRAINING, f"interruptibility/joint {what}", env.copies)
            for what in ("first", "second")
        ]
        self._percepts = self._columns.percepts(self._encoding, env.reset(TRAINING))

    def updates(self) -> _Arm:
        """Play two steps, and learn from them as if they were the first."""
        for memory in self._memories.values():
            for now, before in zip(_arrays(memory), _arrays(self._frozen), strict=True):
                np.copyto(now, before)
        cells: dict[int, Integers] = {}
        changes: _Changes = {}
        so_far = np.zeros(self._env.num_copies, dtype=np.int64)
        for number in (1, 2):
            transition = self._step()
            counts = self._columns.num_actions
            strides = np.append(np.cumprod(counts[::-1])[::-1][1:], 1)
            cell = transition.percepts[:, 0] * int(counts.prod()) + transition.executed @ strides
            so_far = so_far * self._encoding.num_states * int(counts.prod()) + cell
            cells[number] = so_far
            for name, learner in self._learners.items():
                learner.learn(self._memories[name], transition)
                changes[name, number] = self._changed(self._memories[name])
        return _Arm(cells, changes)

    def _step(self) -> Transition:
        proposed, second = (
            self._learner.act(self._frozen, self._percepts, draws) for draws in self._draws
        )
        step = self._env.step(self._columns.actions(proposed))
        executed = self._columns.indices(step.infos, "executed")
        assert executed is not None, "a world under threats tells what was executed"
        transition = Transition(
            percepts=self._percepts,
            proposed=proposed,
            executed=executed,
            interrupted=step.infos["interrupted"],
            rewards=step.rewards,
            next_percepts=self._columns.percepts(self._encoding, step.observations),
            terminated=step.terminated,
            truncated=step.truncated,
            present=np.ones_like(step.alive),
            second=second,
        )
        self._percepts = transition.next_percepts
        return transition

    def _changed(self, memory: JointState) -> Floats:
        """Sum up in a number how the first agent's table and model have changed: (E,)."""
        total = np.zeros(self._env.num_copies)
        for now, before, weight in zip(
            _learned(memory), _learned(self._frozen), self._weights, strict=True
        ):
            moved = np.where(np.isfinite(before[:, 0]), now[:, 0], 0)
            moved = moved - np.where(np.isfinite(before[:, 0]), before[:, 0], 0)
            total += moved.reshape(len(moved), -1) @ weight.ravel()
        return total


def _learned(memory: JointState) -> tuple[Floats, Floats]:
    return memory.tables, memory.model


def _arrays(memory: JointState) -> list[Any]:
    return [memory.tables, memory.totals, memory.model, memory.samples, memory.held]


def _joined(steps: list[_Arm], num_seeds: int, wanted: int) -> _Arm:
    def by_seed(parts: list[Any]) -> Any:
        # (pairs, E) -> (R, pairs * copies of one seed)
        stacked = np.stack(parts).reshape(len(parts), num_seeds, _AT_ONCE)
        return stacked.transpose(1, 0, 2).reshape(num_seeds, -1)[:, :wanted]

    return _Arm(
        {number: by_seed([step.cells[number] for step in steps]) for number in (1, 2)},
        {key: by_seed([step.changes[key] for step in steps]) for key in steps[0].changes},
    )


def _judge(
    game: _Game, config: InterruptibilityConfig, seeds: tuple[int, ...], at_0: _Arm, at_theta: _Arm
) -> Iterator[Finding]:
    shape = (len(seeds), config.joint_repetitions, config.joint_updates)
    for model in MODELS:
        for number in (1, 2):
            name = f"D5/{game.name}/{model}/{number}-update{'s' * (number > 1)}"
            arms = [
                (arm.cells[number].reshape(shape), arm.changes[model, number].reshape(shape))
                for arm in (at_0, at_theta)
            ]
            p_values, cells = np.ones(shape[:2]), []
            for place, seed in enumerate(seeds):
                for repetition in range(config.joint_repetitions):
                    kept = [
                        KeptUpdates(where[place, repetition], what[place, repetition], shape[2])
                        for where, what in arms
                    ]
                    rng = stream(TRAINING, "interruptibility/joint", name, seed, repetition)
                    test = two_sample_cells(
                        kept[0], kept[1], rng, level=LEVEL, least_updates=min(_LEAST, shape[2])
                    )
                    p_values[place, repetition] = test.p_value
                    cells.append(len(test.cells))
            yield from rows_by_seed(name, seeds, rejected=(p_values <= LEVEL).mean(axis=1))
            yield Metric(f"{name}/rejected", float((p_values <= LEVEL).mean()))
            yield Metric(f"{name}/cells-compared", float(np.mean(cells)))
            depends = number >= _SHOWS_IN.get(model, 3)
            judge = found_in if depends else within_chance
            yield judge(
                name,
                p_values.ravel(),
                statement=f"{number} update{'s in a row' * (number > 1)} of a joint table with a "
                f"model of {model}, {game.name}, at theta {_THETA:g} and 0",
                source=OURS,
                is_enough=min(cells) > 0,
            )
