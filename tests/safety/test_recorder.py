"""Recordings: what they hold, over resets and parts, and receipts counted again from them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rallypoint.errors import InvalidConfig, NotOffered
from rallypoint.safety.conformance.proving_ground import ProvingGround
from rallypoint.safety.frame import Threatened
from rallypoint.safety.recorder import Recorder, account
from rallypoint.safety.recordings import recount
from rallypoint.safety.threat_model import ThreatModel
from tests.safety.recorded import MODEL, STEPS, recorder, whole
from tests.safety.stubs import Doze, actions_at, bits, ground, play


def test_recording_changes_nothing():
    bare = Threatened(ground(copies=7), MODEL)
    assert bits(play(recorder(), STEPS)) == bits(play(bare, STEPS))


def test_a_recording_holds_every_moment_and_every_step():
    env, again = recorder(), Threatened(ground(copies=7), MODEL)
    recording = whole(env)
    assert recording.num_steps == STEPS
    assert recording.began[1:].any()
    observations = again.reset(seed=0)
    moment = 0

    def same_moment(began):
        assert (recording.time[moment] == again.time).all()
        assert (recording.began[moment] == began).all()
        for name in ("alive", "crashed", "byzantine", "will_interrupt"):
            assert (getattr(recording, name)[moment] == getattr(again, name)).all()
        for group in recording.columns:
            assert (recording.observations[group][moment] == observations[group]).all()
            true = again.true_observations[group]
            assert (recording.true_observations[group][moment] == true).all()

    same_moment(np.ones(7, dtype=bool))
    for k in range(STEPS):
        assert recording.chosen_at[k] == moment
        actions = actions_at(again, k)
        step = again.step(actions)
        for group in recording.columns:
            assert (recording.proposed[group][k] == actions[group]).all()
            assert (recording.executed[group][k] == step.infos[f"executed/{group}"]).all()
        for name in ("rewards", "terminated", "truncated"):
            assert (getattr(recording, name)[k] == getattr(step, name)).all()
        for name in ("interrupted", "theta", "true_rewards"):
            assert (getattr(recording, name)[k] == step.infos[name]).all()
        observations = step.observations
        moment += 1
        same_moment(np.zeros(7, dtype=bool))
        if step.ended.any():
            observations = again.reset(mask=step.ended)
            moment += 1
            same_moment(step.ended)
    assert moment + 1 == len(recording.time)


def by_loops(recording):
    """Count again, the slow way."""
    num_copies, num_agents = recording.crashed.shape[1:]
    names = ("crashes", "deceived", "overridden", "misinformed", "interruptions")
    counts = {name: np.zeros(num_agents, int) for name in names}
    of_honest = Counter()

    def count(name, moment, copy, agent, happened):
        counts[name][agent] += happened
        of_honest[name] += happened and not recording.byzantine[moment, copy, agent]

    after = set((recording.chosen_at + 1).tolist())
    for moment in range(len(recording.time)):
        for copy in range(num_copies):
            if not (recording.began[moment, copy] or moment in after):
                continue
            for agent in range(num_agents):
                was = moment > 0 and recording.crashed[moment - 1, copy, agent]
                if recording.began[moment, copy]:
                    was = False
                fell = recording.crashed[moment, copy, agent] and not was
                count("crashes", moment, copy, agent, fell)
                group, place = ("walkers", agent) if agent < 3 else ("gliders", agent - 3)
                seen = recording.observations[group][moment, copy, place]
                true = recording.true_observations[group][moment, copy, place]
                count("deceived", moment, copy, agent, (seen != true).any())
    for step, moment in enumerate(recording.chosen_at):
        for copy in range(num_copies):
            for agent in range(num_agents):
                group, place = ("walkers", agent) if agent < 3 else ("gliders", agent - 3)
                same = np.array_equal(
                    recording.executed[group][step, copy, place],
                    recording.proposed[group][step, copy, place],
                )
                crashed = recording.crashed[moment, copy, agent]
                count("overridden", moment, copy, agent, not same and not crashed)
                told = recording.rewards[step, copy, agent], recording.costs[step, copy, agent]
                true = (
                    recording.true_rewards[step, copy, agent],
                    recording.true_costs[step, copy, agent],
                )
                false = told[0] != true[0] or (told[1] != true[1]).any()
                count("misinformed", moment, copy, agent, false)
                stopped = recording.interrupted[step, copy, agent]
                count("interruptions", moment, copy, agent, stopped)
    agents = recording.agents
    return {
        name: {agents[i]: int(n) for i, n in enumerate(numbers) if n}
        for name, numbers in counts.items()
    } | {"of_honest": +of_honest}


def test_a_recount_is_what_loops_count_and_what_receipts_say():
    env = recorder()
    recording = whole(env)
    found = recount(recording)
    slowly = by_loops(recording)
    for name, counts in slowly.items():
        assert getattr(found, name) == counts
        assert counts
    told = [receipt.applications for receipt in env.env.receipts()]
    crashes = {agent: sum(part.get(agent, 0) for part in told[:3]) for agent in env.agents}
    assert found.crashes == {agent: count for agent, count in crashes.items() if count}
    assert found.deceived == told[3]
    assert found.interruptions == told[5]
    assert found.misinformed == told[6]
    assert env.finish() == []


@pytest.mark.parametrize("part_bytes", [0, 3000, 20_000])
def test_parts_add_up_to_the_whole(part_bytes):
    recording = whole(recorder())
    env = recorder(part_bytes=part_bytes)
    list(play(env, STEPS))
    assert env.finish() == []
    assert len(env.parts) > 1
    assert sum(part.num_steps for part in env.parts) == STEPS
    rewards = np.concatenate([part.rewards for part in env.parts])
    assert (rewards == recording.rewards).all()
    added = {}
    for part in env.parts:
        for name, counts in recount(part)._asdict().items():
            for agent, count in counts.items():
                added.setdefault(name, Counter())[agent] += count
    for name, counts in recount(recording)._asdict().items():
        assert added.get(name, {}) == counts


@pytest.mark.parametrize(
    "site", ["crashes", "interruptions", "overridden", "deceived", "misinformed"]
)
def test_receipts_that_a_recording_belies_are_found(site):
    env = recorder()
    whole(env)
    more = {
        agent: count + 10**6 for agent, count in getattr(env._checks._recounts[0], site).items()
    }
    env._checks._recounts[0] = env._checks._recounts[0]._replace(**{site: more})
    assert env.finish()


@pytest.mark.parametrize(
    ("forged", "says"),
    [({"episodes": 10**6}, "episodes: "), ({"repeats": 10**6}, "coins came again 1000000 times")],
)
def test_receipts_of_more_episodes_than_the_recording_holds_are_found(forged, says):
    env = recorder()
    whole(env)
    first, *others = env.env.receipts()
    assert env._checks.faults([first, *others]) == []
    [fault] = env._checks.faults([replace(first, **forged), *others])
    assert says in fault


def test_what_is_not_a_number_is_no_lie_where_it_is_true():
    recording = whole(recorder(ThreatModel()))
    assert recount(recording).deceived == {}
    seen = {name: array.copy() for name, array in recording.observations.items()}
    seen["walkers"][2, 1, 0, 1] = np.nan
    recording = replace(recording, observations=seen, true_observations=seen)
    assert recount(recording).deceived == {}
    true = {name: np.nan_to_num(array) for name, array in seen.items()}
    assert recount(replace(recording, true_observations=true)).deceived == {"walker_0": 1}


def test_a_world_under_no_threats_is_recorded_too():
    env = Recorder(ground(copies=3))
    recording = whole(env, 20)
    assert bits(play(ground(copies=3), 20), infos=False) == bits(
        play(Recorder(ground(copies=3)), 20), infos=False
    )
    assert (recording.rewards == recording.true_rewards).all()
    assert env.finish() == []


def test_a_world_that_is_under_way_is_not_recorded():
    env = Threatened(ground(), MODEL)
    env.reset(seed=0)
    with pytest.raises(InvalidConfig, match="record proving-ground-v0 from its start"):
        Recorder(env)


def test_a_recording_goes_on_without_a_gap_so_nothing_is_restored():
    env = recorder()
    env.reset(seed=0)
    assert "snapshot" not in env.offers
    for call in (env.snapshot, lambda: env.restore({})):
        with pytest.raises(NotOffered, match="snapshot"):
            call()


def test_who_is_removed_by_hand_is_in_the_recording():
    env = recorder(ThreatModel(threats=(Doze(),)))
    env.reset(seed=0)
    mask = np.zeros((7, 5), dtype=bool)
    mask[2, 0] = True
    env.remove(mask)
    env.step(actions_at(env, 0))
    assert env.finish() == []
    [recording] = env.parts
    assert recording.alive[:, 2, 0].tolist() == [True, False, False]
    assert recording.chosen_at.tolist() == [1]


def test_an_account_is_given_of_any_world():
    bare, threatened, recorded = ground(), Threatened(ground(), MODEL), recorder()
    for world in (bare, threatened, recorded):
        list(play(world, 5))
    assert account(bare) == ((), [])
    assert account(threatened) == (threatened.receipts(), [])
    assert account(recorded) == (recorded.env.receipts(), [])
    recorded._checks._recounts[0] = recorded._checks._recounts[0]._replace(
        interruptions={"walker_0": 10**6}
    )
    assert "interruptions of walker_0" in account(recorded)[1][0]


class Reusing(ProvingGround):
    """A line that hands out the same arrays at every step, written to anew."""

    def step(self, actions):
        step = super().step(actions)
        if not hasattr(self, "buffers"):
            self.buffers = (step.rewards.copy(), step.terminated.copy())
        for buffer, array in zip(self.buffers, (step.rewards, step.terminated), strict=True):
            buffer[:] = array
        rewards, terminated = self.buffers
        return step._replace(rewards=rewards, terminated=terminated)


def test_what_a_world_writes_to_later_is_recorded_as_it_was():
    reusing, plain = (Recorder(kind(copies=5)) for kind in (Reusing, ProvingGround))
    one, other = whole(reusing, 10), whole(plain, 10)
    assert (one.rewards == other.rewards).all()
    assert (one.terminated == other.terminated).all()


def test_resetting_nobody_is_no_moment():
    env = recorder()
    env.reset(seed=0)
    env.reset(mask=np.zeros(7, dtype=bool))
    env.finish()
    assert len(env.parts[0].time) == 1
    assert env.parts[0].num_steps == 0
