"""An actor for each group: what each learns alone, learned together, and by the same bits."""

import numpy as np
import pytest

from rallypoint.agents.gradient.actor_critic import ActorCritic
from rallypoint.agents.gradient.batch import Batch
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.dealing import dealt_out
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.parts import Part
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.delivery import Brought
from rallypoint.agents.rounds.protocols import Combine
from rallypoint.agents.rounds.work import Task
from rallypoint.draws import Draws
from rallypoint.errors import InvalidConfig, InvalidUpdates, TooManyByzantine
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.conformance.proving_ground import ProvingGround
from tests.agents.gradient.learning import chance_of, gone_on
from tests.agents.gradient.trades import LEARNS, Trades, actors_of, learner_of, rounds_in

every_learner = pytest.mark.parametrize("agent", LEARNS)
both = pytest.mark.parametrize("who", ["workers", "team"])


class Told(Rollout):
    """Plays once, keeps what was lived, and tells it with other rewards if that is wanted."""

    kept = None
    paid = (0.0, 0.0)  # more than it was, to each group in every other step

    def steps_of_all(self, policies, count, *, seed=None):
        """Play so many steps."""
        return self._told(lambda: super(Told, self).steps_of_all(policies, count, seed=seed))

    def episodes_of_all(self, policies, *, seed=None, copies=None):
        """Play whole episodes."""
        return self._told(
            lambda: super(Told, self).episodes_of_all(policies, seed=seed, copies=copies)
        )

    def _told(self, play):
        self.kept = play() if self.kept is None else self.kept
        told = []
        for fragment, more in zip(self.kept, self.paid, strict=True):
            rewards = fragment.rewards.copy()
            rewards[::2] += np.float32(more)
            told.append(fragment._replace(rewards=rewards))
        return tuple(told)


def found_in(rounds):
    """Return all updates of the first piece: (R, n, D)."""
    (workshop,) = rounds.delivery.workshops
    task = Task(0, 0, rounds.server.parameters, rounds.server.parameters)
    workshop._open = None
    return workshop.compute(task), workshop


@both
@every_learner
def test_an_update_is_what_each_group_finds_alone(agent, who):
    learner = learner_of(agent, normalise_observations=True, central_critic=agent == "ppo")
    world = Trades(copies=9 if who == "workers" else 3)
    rounds = rounds_in(learner, world, who=who, rollout=Told)
    found, workshop = found_in(rounds)
    updates = found.updates.reshape(-1, rounds.server.parameters.shape[1])
    rest = np.ones_like(updates, dtype=bool)
    for number, actor in enumerate(rounds.actors.each):
        alone = Contributors(who=who, count=3 if who == "workers" else len(actor.group.agents))
        rows = slice(0, 3) if who == "workers" else actor.agents
        own = actor.part.of(rounds.server.parameters)
        fragment = workshop.rollout.kept[number]
        shown = actor.riding.shown(own, fragment)
        networks = ActorCritic(actor.networks)
        gradient = learner.gradient(networks, own, learner.prepare(networks, own, shown, alone))
        said, _ = actor.riding.said(
            own,
            fragment,
            alone,
            actor.riding.memories(world.num_copies, len(actor.group.agents), alone),
        )
        wanted = np.concatenate([gradient, said], axis=2)[0]
        np.testing.assert_allclose(
            actor.part.of(updates[rows]), wanted, rtol=2e-4, atol=1e-6 * np.abs(wanted).max()
        )
        for place in actor.part.places:
            rest[rows, place] = False
    assert not updates[rest].any()  # of an actor that is not theirs they say nothing


@both
@every_learner
def test_what_one_group_is_told_is_nothing_to_the_other(agent, who):
    learner = learner_of(agent)
    rounds = rounds_in(learner, Trades(copies=9 if who == "workers" else 3), who=who, rollout=Told)
    before = found_in(rounds)[0].updates
    sorters, tuners = rounds.delivery.workshops[0].rollout.kept
    assert not sorters.allowed[..., 2].any()  # the locked button
    assert (sorters.actions < 2).all()
    assert tuners.allowed is None
    rounds.delivery.workshops[0].rollout.paid = (0.0, 3.0)
    after = found_in(rounds)[0].updates
    first, second = (actor.part for actor in rounds.actors.each)
    assert first.of(after).tobytes() == first.of(before).tobytes()
    assert not np.array_equal(second.of(after), second.of(before))


@both
@pytest.mark.parametrize("agent", ["decbyzpg", "fedpg_br", "ppo"])
def test_going_on_is_bit_for_bit(agent, who):
    own = {"ppo": {"minibatch": 30}, "decbyzpg": {"few": 2}}.get(agent, {})
    settings = {"momentum": 0.5, "normalise_observations": True, **own}

    def make():
        copies = 15 if who == "workers" else 3
        world = Trades(copies=copies, sorters=4, tuners=3)
        return rounds_in(
            learner_of(agent, **settings),
            world,
            count=5,
            who=who,
            rule="median",
            f=1,
            liars="alie",
            budget={"rounds": 3},
            own=lambda copies: Trades(copies=copies, sorters=4, tuners=3),
        )

    whole, second = gone_on(make, 5, at=2)
    assert whole.server.parameters.tobytes() == second.server.parameters.tobytes()
    third = make()
    third.restore({name: part.copy() for name, part in whole.snapshot().items()})
    told, again = (rounds.train_round().of_actors for rounds in (whole, third))
    for one, other in zip(told, again, strict=True):
        np.testing.assert_array_equal(one.returns, other.returns)


def test_runs_learn_the_same_bits_whoever_runs_beside_them():
    learner = learner_of("ppo", minibatch=30, normalise_observations=True)
    both_runs = rounds_in(learner, Trades(copies=range(12)), seeds=(0, 1))
    alone = rounds_in(learner, Trades(copies=range(6, 12)), seeds=(1,))
    alone.delivery.workshops[0]._world_seed = 0  # the world is that of the first run
    list(both_runs.run(3))
    list(alone.run(3))
    assert both_runs.server.parameters[1].tobytes() == alone.server.parameters[0].tobytes()


def test_each_further_piece_is_looked_at_where_the_server_is_then():
    rounds = rounds_in(learner_of("ppo", minibatch=30), Trades(copies=9))
    (workshop,) = rounds.delivery.workshops
    opening, start = rounds.server.parameters, workshop.snapshot()
    there = []
    for actor in rounds.actors.each:
        moved = opening.copy()
        moved[:, actor.weights] *= np.float32(1.5)
        workshop.compute(Task(0, 0, opening, opening), start)
        there.append(workshop.compute(Task(0, 1, opening, moved)).updates)
    first, second = (actor.part for actor in rounds.actors.each)
    for part in (first, second):
        assert not np.array_equal(part.of(there[0]), part.of(there[1]))


@pytest.mark.parametrize("lengths", [(12, 12), (40, 3), (7, 50, 1), (96,)])
@pytest.mark.parametrize(("minibatch", "count"), [(1, 4), (30, 2), (64, 3), (10**6, 2)])
def test_minibatches_hold_some_of_every_group_and_all_of_it_once(lengths, minibatch, count):
    estimator = Ppo(minibatch=minibatch, epochs=2)
    seen = []
    for length in lengths:
        marks = np.tile(np.arange(length, dtype=np.float32), (1, count, 1))
        batch = Batch(marks[..., None], marks, marks, np.ones_like(marks))
        draws = Draws(0, "test/passes", np.arange(count))
        seen.append([piece.gains for piece in estimator.passes(batch, draws, count, lengths)])
    assert len({len(pieces) for pieces in seen}) == 1
    for length, pieces in zip(lengths, seen, strict=True):
        assert min(piece.shape[2] for piece in pieces) > 0
        epoch = np.concatenate(pieces[: len(pieces) // 2], axis=2)
        assert (np.sort(epoch, axis=2) == np.arange(length)).all()


@pytest.mark.parametrize(
    "rule",
    ["krum", "per_layer+geometric_median", "mean", "centered_clipping", "bucketing(size=2)+median"],
)
def test_the_rule_is_asked_about_each_actor_by_itself(rule, rng):
    parts = [
        Part((slice(0, 3), slice(10, 12)), layout=(2, 1, 2)),
        Part((slice(3, 10),), layout=(3, 4), path=(1,)),
    ]
    server = Server(
        np.zeros((1, 10), np.float32), [Aggregator.parse(rule)], f=1, seeds=[0], parts=parts
    )
    server.parameters = np.zeros((1, 12), np.float32)
    server.rules.previous = rng.standard_normal((1, 12)).astype(np.float32)
    updates = rng.standard_normal((7, 12)).astype(np.float32)
    updates[:, 3:10] *= 1000  # whom Krum believed of the whole would be decided here alone
    speaks = np.ones((7, 2), dtype=bool)
    speaks[[2, 5], 0] = False
    told = server.rules.aggregate(0, updates, np.arange(7), explain=True, speaks_of=speaks)
    for part, judged, rows in zip(parts, told.parts, ([0, 1, 3, 4, 6], range(7)), strict=True):
        own = part.of(updates)[list(rows)]
        context = server.rules.context(0, np.array(list(rows)), part)
        wanted = Aggregator.parse(rule)(own, 1, context=context)
        assert judged.aggregate.tobytes() == wanted.tobytes()
        assert part.of(told.aggregate).tobytes() == wanted.tobytes()
        assert len(judged.explanation.weights) == len(own)


class Silent(Rollout):
    """The tuners of the first worker's copies never act."""

    def _acting(self):
        acting = super()._acting()
        acting[:3, 3:] = False
        return acting


def test_who_has_lived_nothing_as_a_group_is_absent_there_only():
    learner = learner_of("a2c")
    rounds = rounds_in(learner, Trades(copies=9), rollout=Silent)
    heard = []
    ask = rounds.server.rules.aggregate
    rounds.server.rules.aggregate = lambda *given, **named: (
        heard.append(named["speaks_of"].tolist()) or ask(*given, **named)
    )
    report = rounds.train_round()
    assert heard == [[[True, False], [True, True], [True, True]]]
    np.testing.assert_allclose(report.believed, [[1 / 6, 5 / 12, 5 / 12]], rtol=1e-6)
    strict = rounds_in(learner, Trades(copies=9), rollout=Silent, rule="median", f=1)
    with pytest.raises(TooManyByzantine, match=r"group 'tuners': median needs .* gets n = 2"):
        strict.train_round()


def test_the_dead_of_both_groups_are_learned_from_up_to_their_end():
    """Discrete in one group, numbers in the other, and agents that fall in both."""
    learner = learner_of("ppo", minibatch=40, central_critic=True)
    rounds = rounds_in(learner, ProvingGround(copies=6), own=ProvingGround)
    reports = list(rounds.run(3))
    assert np.isfinite(rounds.server.parameters).all()
    for report in reports:
        assert report.steps[0] == sum(own.steps[0] for own in report.of_actors)
        assert report.episodes[0] == sum(own.episodes[0] for own in report.of_actors)


@both
def test_both_groups_learn_beside_a_liar(who):
    learner = learner_of("ppo", minibatch=200, epochs=4, learning_rate=2e-2, gamma=0.0, steps=16)
    seeds = tuple(range(7))
    copies = 5 * len(seeds) if who == "workers" else 4 * len(seeds)
    world = Trades(copies=copies, sorters=5, tuners=5)
    rounds = rounds_in(
        learner, world, count=5, seeds=seeds, who=who, rule="krum", f=1, liars="sign_flip"
    )
    told = [report.of_actors for report in rounds.run(8)]
    for group in range(2):
        returns = np.array([actors[group].returns for actors in told])
        gains = returns[-2:].mean(axis=0) - returns[:2].mean(axis=0)
        assert chance_of(gains) < 0.02


def test_one_policy_for_several_groups_is_refused():
    world = Trades(copies=2)
    rollout = Rollout(world, Draws(0, "test/trades", world.copies))
    learner = learner_of("gpomdp")
    with pytest.raises(InvalidConfig, match="give a policy for each"):
        rollout.steps(None, 3)
    with pytest.raises(InvalidConfig, match="an actor each"):
        actors_of(learner, world).of(learner.architecture(world.groups[0]), world.groups, ())
    with pytest.raises(InvalidConfig, match="say which"):
        _ = actors_of(learner, world).only


@pytest.mark.parametrize("rule", ["mean", "median"])
def test_who_is_missing_counts_against_f_in_every_group_that_it_learns(rule):
    """Workers in two blocks, of which the second does not answer in time."""
    rounds = rounds_in(learner_of("a2c"), Trades(copies=9), rule=rule, f=1)
    found, _ = found_in(rounds)
    heard = found.speaks_of[:2]
    brought = Brought(np.arange(2), found.lived, more=False, speaks_of=heard)
    combine = Combine(0, np.arange(2), found.updates[:2], np.array([2]))
    dealt = dealt_out(combine, brought, rounds._members, 1)
    assert dealt.speaks_of[0].tolist() == [[True, True], [True, True], [False, False]]
    before = rounds.server.parameters.copy()
    rounds._learn(dealt)
    assert (rounds.server.parameters != before).any()
    few = Combine(0, np.arange(1), found.updates[:1], np.arange(1, 3))
    alone = brought._replace(contributors=np.arange(1), speaks_of=heard[:1])
    with pytest.raises(InvalidUpdates, match="group 'sorters': at most f = 1"):
        rounds._learn(dealt_out(few, alone, rounds._members, 1))
