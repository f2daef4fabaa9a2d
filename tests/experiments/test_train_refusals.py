"""What SB3 could not learn is refused before the folder of an earlier training is touched."""

import pytest

REFUSED = {
    "no such setting": (("--agent", "sb3:DQN", "--set", "gama=1"), "no setting 'gama'"),
    "no number": (("--agent", "sb3:PPO", "--set", "n_steps=abc"), "a whole number"),
    "actions": (("--agent", "sb3:SAC"), "cannot be made for this task"),
    "masks": (("--agent", "sb3:MaskablePPO"), "offers no action_mask"),
    "seed": (("--agent", "sb3:PPO", "--seed", 1 << 32), "SB3 takes seeds"),
    "groups": (
        ("--agent", "sb3:PPO", "--env", "mpe2.simple_tag_v3:parallel_env"),
        "has the groups ['adversary', 'agent']; take ppo",
    ),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_a_training_of_before_stays_where_one_is_refused(words, says, rallypoint, tmp_path):
    kept = tmp_path / "run"
    words = ("--env", "gathering-v0", *words, "--copies", 2, "--steps", 20)
    first = ("--env", "gathering-v0", "--agent", "q_learning", "--steps", 20)
    assert rallypoint("train", *first, "--out", kept).status == 0
    before = {file: file.read_bytes() for file in kept.rglob("*") if file.is_file()}
    done = rallypoint("train", *words, "--out", kept)
    assert done.status == 2, done.err
    assert says in done.err
    assert done.err.count("\n") == 1
    assert {file: file.read_bytes() for file in kept.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("name", ["PPO", "A2C", "DQN", "QRDQN", "TRPO", "RecurrentPPO", "ARS"])
def test_what_can_be_learned_is_not_refused(name, rallypoint):
    # One row in all would be too few for SB3, and there are two copies.
    words = ("--env", "cartpole-v1", "--agent", f"sb3:{name}", "--copies", 2, "--steps", 8)
    alone = ("--set", "n_steps=1") if name in {"PPO", "A2C", "TRPO"} else ()
    done = rallypoint("train", *words, *alone, "--out", "run")
    assert done.status == 0, done.err
