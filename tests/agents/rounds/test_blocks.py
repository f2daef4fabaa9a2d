"""However contributors are dealt out to blocks, each finds the same bits."""

import numpy as np
import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.rounds.blocks import blocks_of
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement
from rallypoint.errors import CannotGoOn, InvalidConfig, NotReset
from tests.agents.rounds.toys import Toys, learned

CASES = {
    "ppo": ("cartpole-v1", "ppo", {"steps": 40, "minibatch": 128, "epochs": 2}),
    "ppo, many rows, which are whitened": (
        "cartpole-v1",
        "ppo",
        {"steps": 600, "minibatch": 10_000, "epochs": 1},
    ),
    "a2c, with riders": ("cartpole-v1", "a2c", {"steps": 30, "normalise_observations": True}),
    "a2c on a torus": ("torus-v0", "a2c", {"steps": 8}),
    "a2c with a central critic": ("torus-v0", "a2c", {"steps": 8, "central_critic": True}),
    "gpomdp": ("cartpole-v1", "gpomdp", {"learning_rate": 1e-2, "momentum": 0.5}),
    "fedpg_br": ("cartpole-v1", "fedpg_br", {"fewest": 2, "most": 4, "own_batch": 2}),
    "decbyzpg": ("cartpole-v1", "decbyzpg", {"many": 4, "few": 2, "chance": 0.5}),
}
DEALT = ([[0, 1, 2, 3]], [[0], [1], [2], [3]], [[0, 1, 2], [3]])


def rounds_of(env, agent, settings, blocks):
    training = TeamTraining(
        env=env, agent=agent, settings=settings, steps=10**6, seed=5, team=Team(workers=4)
    )
    delivery = InProcess([training.recipe.workshop(block) for block in blocks], blocks)
    return training._rounds(delivery)


@pytest.mark.parametrize("case", list(CASES))
def test_blocks_change_no_bit(case):
    env, agent, settings = CASES[case]
    found = []
    for blocks in DEALT:
        rounds = rounds_of(env, agent, settings, blocks)
        reports = [[np.asarray(part).tobytes() for part in report] for report in rounds.run(3)]
        found.append((rounds.server.parameters.tobytes(), reports))
    assert found[0] == found[1] == found[2]


def test_a_snapshot_knows_its_blocks_and_refuses_others():
    env, agent, settings = CASES["ppo"]
    first, second, third = (rounds_of(env, agent, settings, DEALT[i]) for i in (1, 1, 2))
    list(first.run(2))
    second.restore({name: part.copy() for name, part in first.snapshot().items()})
    for rounds in (first, second):
        list(rounds.run(1))
    assert first.server.parameters.tobytes() == second.server.parameters.tobytes()
    with pytest.raises(InvalidConfig, match="dealt out to blocks"):
        third.restore(first.snapshot())


def test_numbers_of_blocks_in_a_file_may_be_any():
    assert blocks_of({"delivery/block_of": np.array([2**20, -1, 2**20])}) == [[1], [0, 2]]


def test_whoever_waits_for_what_was_never_ordered_is_told_so():
    delivery = InProcess([Toys().workshop([0])], [[0]])
    with pytest.raises(NotReset, match="nothing is under way"):
        delivery.next()


def test_rounds_of_which_nobody_is_left_stop_with_a_line():
    rounds = rounds_of(*CASES["ppo"], DEALT[0])
    state = rounds._state
    rounds._state = state._replace(
        waits=np.zeros_like(state.waits), missing=np.ones_like(state.missing)
    )
    rounds._orders = rounds.protocol._open(0, np.ones(4, dtype=bool), state.tally)[1]
    with pytest.raises(CannotGoOn, match="every contributor is missing"):
        rounds.train_round()


@pytest.mark.parametrize(
    ("given", "cpus", "actors", "blocks"),
    [
        ({}, 4, 4, [[0, 1], [2], [3, 4], [5, 6]]),
        ({"actors": 2}, 16, 2, [[0, 1, 2], [3, 4, 5, 6]]),
        ({"blocks": 7, "actors": 2}, 16, 2, [[i] for i in range(7)]),
        ({"cpus": 2.0}, 4, 2, [[0, 1, 2], [3, 4, 5, 6]]),
        ({"actors": 20}, 16, 7, [[i] for i in range(7)]),
        ({"cpus": 0.0}, 1, 7, [[i] for i in range(7)]),
    ],
)
def test_contributors_are_dealt_out_evenly_and_in_order(given, cpus, actors, blocks):
    placement = Placement(**given)
    assert placement.num_actors(7, cpus) == actors
    dealt = placement.deal(7, actors)
    assert [c for block in dealt for c in block] == list(range(7))
    assert sorted(map(len, dealt)) == sorted(map(len, blocks))
    assert len(dealt) == len(blocks)


def test_toys_learn_alike_in_one_block_and_in_six():
    from rallypoint.agents.rounds.protocols.synchronous import Synchronous

    whole = InProcess([Toys().workshop(range(6))], [range(6)])
    parts = InProcess([Toys().workshop([i]) for i in range(6)], [[i] for i in range(6)])
    found = [learned(delivery, Synchronous(), 4)[0] for delivery in (whole, parts)]
    assert found[0].tobytes() == found[1].tobytes()
