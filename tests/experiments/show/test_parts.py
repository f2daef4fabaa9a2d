"""What stands beside a picture: rows, counts, percepts, the curve, and a ledger of actions."""

import numpy as np
import pytest

from rallypoint.envs.drawing.canvas import Canvas
from rallypoint.envs.drawing.dots import MARK_COLOURS
from rallypoint.experiments.show import curve, ledger, legend
from rallypoint.experiments.show.board import boards
from rallypoint.experiments.show.percepts import Percept, draw_percept, percept_of
from rallypoint.experiments.show.rows import RIGHT, draw_rows, num_columns
from rallypoint.experiments.show.showing import Showing
from rallypoint.safety.threat_model import ThreatModel


def a_showing(env, *threats, **settings):
    model = ThreatModel.from_dict({"threats": list(threats)})
    return Showing.of(env, threats=model, **settings)


def lies_to(*victims, **settings):
    return {"kind": "wrong_observation", "victims": list(victims)} | settings


def is_colour(frame, colour):
    return (frame == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=-1)


def test_a_row_tells_of_its_agent_and_its_steps_only():
    threat = lies_to("agent_1", "agent_4", when={"from": 2, "until": 4})
    showing = a_showing("gathering-v0", threat, most_steps=5)
    past = list(showing.scenes())
    columns, room = 6, 300
    canvas = Canvas(480, room)
    draw_rows(canvas, 0, room, past, showing.cast, columns=columns)
    blue = is_colour(canvas.frame(), MARK_COLOURS["deceived"])
    lanes = blue[:, 58 : 480 - RIGHT].reshape(10, 30, -1).any(axis=1)  # (N, pixels)
    shares = np.array([part.mean(axis=-1) for part in np.array_split(lanes, columns, axis=1)]).T
    for agent, row in enumerate(shares.tolist()):
        met = [step in {2, 3} and agent in {1, 4} for step in range(columns)]
        assert [share > 0.5 for share in row] == met


def test_the_step_in_which_an_agents_part_ends_is_in_its_row():
    showing = a_showing("cartpole-v1")
    past = list(showing.scenes())
    assert not past[-1].alive[0]
    canvas = Canvas(480, 40)
    draw_rows(canvas, 0, 40, past, showing.cast, columns=len(past))
    filled = (canvas.frame()[20, 58 : 480 - RIGHT] != 255).any(axis=-1)
    assert filled[-8:].any()


def test_only_the_last_scenes_are_shown_where_there_is_no_room_for_all():
    showing = a_showing("gathering-v0", lies_to("agent_0", when={"until": 2}), most_steps=8)
    past = list(showing.scenes())
    frames = []
    for columns in (9, 5):
        canvas = Canvas(480, 300)
        draw_rows(canvas, 0, 300, past, showing.cast, columns=columns)
        frames.append(is_colour(canvas.frame(), MARK_COLOURS["deceived"]).any())
    assert frames == [True, False]


@pytest.mark.parametrize(("limit", "columns"), [(5, 25), (40, 41), (999, 81)])
def test_short_episodes_are_not_drawn_out_and_long_ones_pass_by(limit, columns):
    cast = a_showing("gathering-v0").cast._replace(time_limit=limit)
    assert {num_columns(cast, so_far) for so_far in (1, 30, 500)} == {columns}


def test_where_nobody_knows_how_long_it_will_be_the_room_grows_with_the_episode():
    cast = a_showing("gathering-v0").cast._replace(time_limit=None)
    room = [num_columns(cast, so_far) for so_far in range(1, 200)]
    assert list(dict.fromkeys(room)) == [24, 36, 54, 80]
    assert all(columns >= min(so_far, 80) for so_far, columns in enumerate(room, start=1))


def test_numbers_in_the_legend_are_those_of_the_receipts():
    threats = [
        {"kind": "interruption", "policy": "freeze"},
        {"kind": "crash", "victims": ["agent_5"], "when": {"from": 2}},
    ]
    showing = a_showing("gathering-v0", *threats, most_steps=6)
    past = list(showing.scenes())
    interruption = showing.world.receipts()[0]
    assert legend.counted(past, showing.cast) == {
        "crashed": 1,
        "interrupted": sum(interruption.applications.values()),
    }
    assert legend.counted(past[:2], showing.cast)["crashed"] == 0


def test_the_percept_is_that_of_the_deceived_whatever_their_group():
    env = "mpe2.simple_tag_v3:parallel_env"
    showing = a_showing(env, lies_to("agent_0", mode="zeros"), most_steps=1)
    start, end = showing.scenes()
    for scene in (start, end):
        found = percept_of(scene, showing.cast, None)
        assert found.agent == 3
        np.testing.assert_array_equal(found.true, scene.true["agent"][0])
        np.testing.assert_array_equal(found.seen, scene.seen["agent"][0])
    quiet = end._replace(marks={"deceived": np.zeros(4, dtype=bool)})
    assert percept_of(quiet, showing.cast, None) is None
    before = percept_of(quiet, showing.cast, 2)
    np.testing.assert_array_equal(before.seen, end.seen["adversary"][2])


def test_what_is_seen_wrongly_is_underlined_and_nothing_else():
    true = np.arange(4.0)
    frames = []
    for seen in (true, np.array([0.0, 1.0, 3.0, 3.0])):
        canvas = Canvas(480, 96)
        draw_percept(canvas, 0, Percept(0, true, seen, 0.0, 3.0, 1))
        frames.append(is_colour(canvas.frame(), MARK_COLOURS["deceived"]))
    assert not frames[0].any()
    (columns,) = frames[1].any(axis=0).nonzero()
    assert 58 + 2 * 84 - 1 <= columns.min() <= columns.max() <= 58 + 3 * 84


def test_of_a_long_percept_the_worst_entries_are_kept():
    threat = {"kind": "observation_noise", "victims": ["agent_1"]}
    showing = a_showing("pathfinding-v0", threat, most_steps=1)
    scene = next(showing.scenes())
    found = percept_of(scene, showing.cast, None)
    true, seen = (told["agents"][1].ravel() for told in (scene.true, scene.seen))
    assert len(found.true) == -(-len(true) // found.each) <= 48
    apart = np.abs(true - seen)
    worst = [apart[i : i + found.each].max() for i in range(0, len(true), found.each)]
    np.testing.assert_array_equal(np.abs(found.true - found.seen), worst)


def test_the_curve_ends_at_the_mean_return(monkeypatch):
    told = []
    monkeypatch.setattr(curve, "short", lambda value: told.append(value) or "")
    showing = a_showing("gathering-v0", most_steps=4)
    past = list(showing.scenes())
    curve.draw_curve(Canvas(480, 120), 0, 120, past, columns=10)
    assert told == [past[-1].returns.mean()]


def test_episodes_do_not_run_into_one_another(monkeypatch):
    lengths = []
    count = legend.counted
    monkeypatch.setattr(
        legend, "counted", lambda past, c: lengths.append(len(past)) or count(past, c)
    )
    showing = a_showing("gathering-v0", lies_to("agent_0"), most_steps=2, episodes=2)
    list(boards(showing.scenes(), showing.cast))
    assert lengths == [1, 2, 3] * 2


def test_a_ledger_tells_what_was_proposed_and_what_was_done_instead(monkeypatch):
    written = []
    monkeypatch.setattr(ledger, "_write", lambda _, said, *__: written.append(said))
    frozen = {"kind": "constant_action", "action": 0, "victims": ["follower"]}
    showing = a_showing("two-car-road-v0", frozen, most_steps=6)
    past = list(showing.scenes())
    frame = ledger.draw_ledger(past, showing.cast)
    proposed = [int(scene.proposed["follower"][0]) for scene in past[1:]]
    assert written[:6] == [f"{action}>0" if action else "0" for action in proposed]
    assert any(proposed)
    assert is_colour(frame, MARK_COLOURS["altered"]).any()
