"""Interruptions that people made, made again to the letter."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rallypoint.errors import InvalidConfig, UnknownName, UnreadableFile
from rallypoint.safety.frame import Threatened
from rallypoint.safety.interruption.human_log import Line, Script
from rallypoint.safety.receipts import disagreements
from rallypoint.safety.threats.interruption import Interruption
from tests.safety.stubs import actions_at, ground, moving


@pytest.fixture
def log(tmp_path):
    """Return a writer of logs."""

    def write(*lines):
        path = tmp_path / "people.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("\n".join(texts) + "\n")
        return str(path)

    return write


def under(path, *, copies=4, **settings):
    threat = Interruption(initiation={"log": path}, **settings)
    return Threatened(ground(copies=copies), [threat])


def test_a_log_is_followed_to_the_letter_over_episodes_copies_and_actions(log):
    lines = [
        {"episode": 0, "step": 1, "agent": "walker_1"},
        {"episode": 0, "step": 1, "agent": "glider_0", "action": [0.25, -1.0]},
        {"copy": 2, "episode": 0, "step": 1, "agent": "walker_1", "action": 2},
        {"copy": 3, "episode": 1, "step": 0, "agent": 0, "action": 1},
        {"copy": 9, "episode": 0, "step": 0, "agent": 0},
    ]
    env = under(log(*lines))
    happened = []
    for episode in range(3):
        env.reset(seed=0) if episode == 0 else env.reset()
        for step in range(3):
            infos = env.step(moving(env)).infos
            for copy, agent in np.argwhere(infos["interrupted"]):
                if agent < 3:
                    action = int(infos["executed/walkers"][copy, agent])
                else:
                    action = infos["executed/gliders"][copy, agent - 3].tolist()
                happened.append((episode, step, int(copy), env.agents[agent], action))
    everybody = [0, 1, 2, 3]
    assert sorted(happened) == sorted(
        [
            *((0, 1, copy, "walker_1", 2 if copy == 2 else 0) for copy in everybody),
            *((0, 1, copy, "glider_0", [0.25, -1.0]) for copy in everybody),
            (1, 0, 3, "walker_0", 1),
        ]
    )
    assert disagreements(env.model, env.receipts()) == []


def test_where_a_log_gives_no_action_the_policy_does(log):
    lines = [{"episode": 0, "step": 0, "agent": agent} for agent in ("walker_0", "walker_1")]
    lines[0]["action"] = 1
    env = under(log(*lines), policy={"action": 2}, victims=["walker_0", "walker_1"])
    env.reset(seed=0)
    still = {name: np.zeros_like(array) for name, array in moving(env).items()}
    walkers = env.step(still).infos["executed/walkers"]
    assert walkers.tolist() == [[1, 2, 0]] * 4


def test_replaying_what_a_run_recorded_gives_the_same_run_again(log):
    by_coin = Threatened(ground(copies=5), [Interruption(theta=0.4, policy="uniform")])
    lines, first = [], []
    for episode in range(3):
        by_coin.reset(seed=0) if episode == 0 else by_coin.reset()
        for step in range(4):
            alive = by_coin.alive
            done = by_coin.step(actions_at(by_coin, step))
            first.append(done.rewards)
            for copy, agent in np.argwhere(done.infos["interrupted"] & alive):
                group, place = ("walkers", agent) if agent < 3 else ("gliders", agent - 3)
                action = done.infos[f"executed/{group}"][copy, place].tolist()
                line = {"copy": int(copy), "episode": episode, "step": step, "action": action}
                lines.append(line | {"agent": by_coin.agents[agent]})
    replay = under(log(*lines), copies=5)
    for episode in range(3):
        replay.reset(seed=0) if episode == 0 else replay.reset()
        for step in range(4):
            rewards = replay.step(actions_at(replay, step)).rewards
            assert (rewards == first[4 * episode + step]).all()


def test_copies_reset_early_are_in_episodes_of_their_own(log):
    env = under(log({"episode": 1, "step": 0, "agent": "walker_0"}), copies=2)
    env.reset(seed=0)
    env.step(moving(env))
    env.reset(mask=np.array([False, True]))
    interrupted = env.step(moving(env)).infos["interrupted"]
    assert np.argwhere(interrupted).tolist() == [[1, 0]]


def test_copies_have_their_global_ids(log):
    path = log({"copy": 7, "episode": 0, "step": 0, "agent": "walker_0"})
    env = under(path, copies=range(5, 9))
    env.reset(seed=0)
    interrupted = env.step(moving(env)).infos["interrupted"]
    assert np.argwhere(interrupted).tolist() == [[2, 0]]


GOOD = {"episode": 0, "step": 1, "agent": "walker_1"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("not json", "line 2 of the log .*people.jsonl is no interruption"),
        ("", "line 2 .* is no interruption"),
        ('{"episode": 0, "step": 1, "agent": "\ud800"}'.encode("utf-8", "surrogatepass"), "line 2"),
        ([1, 2], "line 2"),
        ({"episode": 0, "step": 1}, "line 2 .*agent"),
        (GOOD | {"agnet": 1}, "line 2 .*agnet"),
        (GOOD | {"step": "1"}, "line 2 .*step"),
        (GOOD | {"step": 1.5}, "line 2 .*step"),
        (GOOD | {"episode": -1}, "line 2 .* has a episode below 0"),
        (GOOD | {"copy": -1}, "line 2 .* has a copy below 0"),
        (GOOD | {"agent": -1}, "line 2 .* has a agent below 0"),
        (GOOD | {"agent": -(2**64)}, "line 2 .* has a agent below 0"),
        (GOOD | {"episode": 2**200}, "line 2 .* has no episode that can be"),
        (GOOD | {"copy": 2**63}, "line 2 .* has no copy that can be"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(log, line, sentence):
    path = log(GOOD, "" if isinstance(line, bytes) else line, GOOD | {"step": 4})
    if isinstance(line, bytes):
        from pathlib import Path

        Path(path).write_bytes(json.dumps(GOOD).encode() + b"\n" + line + b"\n")
    with pytest.raises(UnreadableFile, match=sentence) as refused:
        under(path)
    assert "the threat 'interruption' (threats[0])" in str(refused.value)


@pytest.mark.parametrize(
    ("line", "error", "sentence"),
    [
        (GOOD | {"agent": "walker_8"}, UnknownName, "line 2 .*did you mean 'walker_"),
        (GOOD | {"agent": 5}, InvalidConfig, "line 2 .*no agent 5"),
        (GOOD | {"step": 12}, InvalidConfig, "line 2 .* is for step 12: an episode of .* has 12"),
        (GOOD, InvalidConfig, "lines 1 and 2 of the log .* for one moment"),
        (GOOD | {"step": 2, "action": 3}, InvalidConfig, r"line 2 .*Discrete\(3\), got 3"),
        (GOOD | {"step": 2, "action": [1]}, InvalidConfig, r"got \[1\]"),
        (GOOD | {"step": 2, "action": 0.5}, InvalidConfig, "got 0.5"),
        (GOOD | {"step": 2, "action": True}, InvalidConfig, "got True"),
        (GOOD | {"step": 2, "action": "up"}, InvalidConfig, "got 'up'"),
        (GOOD | {"agent": "glider_0", "action": [0, 2]}, InvalidConfig, r"Box.*got \[0, 2\]"),
        (GOOD | {"agent": "glider_0", "action": [[0], []]}, InvalidConfig, r"got \[\[0\], \[\]\]"),
    ],
)
def test_a_line_that_this_world_cannot_have_is_refused_before_any_step(log, line, error, sentence):
    with pytest.raises(error, match=sentence):
        under(log(GOOD, line))


def test_a_log_of_somebody_who_is_no_victim_is_refused(log):
    with pytest.raises(InvalidConfig, match="interrupts walker_1, who is none of the victims"):
        under(log(GOOD), victims=["walker_0"])


def test_an_empty_or_missing_log_is_refused(tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(UnreadableFile, match="holds no interruption"):
        under(str(empty))
    with pytest.raises(UnreadableFile, match=r"cannot read the log .*: No such file"):
        under(str(tmp_path / "missing.jsonl"))


moments = st.tuples(
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(0, 2),
    st.integers(0, 4),
    st.integers(0, 4),
)


@given(st.lists(moments, min_size=1, max_size=30, unique=True), st.randoms())
def test_every_moment_is_found_and_no_other(told, rng):
    """Against a loop over the lines."""
    lines = [Line(copy=c, episode=e, step=s, agent=a) for c, e, s, a in told]
    script = Script(lines, ground(), "log")
    for _ in range(20):
        copies, episodes, steps = (np.array([rng.randrange(6) for _ in range(3)]) for _ in range(3))
        for columns in (slice(0, 3), slice(3, 5)):
            found = script.find(copies, episodes, steps, columns)
            for row in range(3):
                here = (int(episodes[row]), int(steps[row]))
                expected = [
                    (int(copies[row]), *here, agent) in told or (None, *here, agent) in told
                    for agent in range(columns.start, columns.stop)
                ]
                assert found.logged[row].tolist() == expected
            assert not found.has_action.any()
