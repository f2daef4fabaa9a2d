"""Blocks that are lost within a round of several pieces: the others finish it, and no more."""

import pytest

from rallypoint.agents.gradient.recipe import Recipe
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Server
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.protocols import Lost
from rallypoint.agents.rounds.protocols.synchronous import Synchronous
from rallypoint.safety.aggregation import Aggregator

PIECES = 4


class Loses(InProcess):
    """Nothing comes of the third worker from some piece of the first round on."""

    since = PIECES

    def order(self, work):
        """Compute, but for who is lost."""
        task = self._tasks[work.version]
        if task.round_number == 0 and task.piece >= self.since and 2 in work.contributors:
            whom = work.contributors
            self._told.append(Lost(work.version, whom[whom == 2], False, "late"))
            work = work._replace(contributors=whom[whom != 2])
        super().order(work)


@pytest.mark.parametrize("since", range(PIECES + 1))
def test_who_is_lost_in_a_piece_does_not_make_the_others_look_for_more(since):
    settings = {"policy": (8,), "value": (8,), "steps": 20, "minibatch": 30, "epochs": 1}
    recipe = Recipe(env="cartpole-v1", agent="ppo", copies=6, count=3, settings=settings)
    actors = recipe.actors(recipe.world())
    blocks = [[0], [1], [2]]
    delivery = Loses([recipe.workshop(block) for block in blocks], blocks)
    delivery.since = since
    server = Server(
        recipe.start(actors), [Aggregator.parse("median")], f=1, seeds=[0], parts=actors.parts
    )
    rounds = Rounds(
        delivery.workshops[0].rollout,
        actors,
        recipe.learner,
        recipe.contributors,
        server,
        steps=recipe.learner.steps,
        seeds=[0],
        protocol=Synchronous(failures=1),
        delivery=delivery,
    )
    for number in range(1, 3):
        rounds.train_round()
        assert server.time == PIECES * number
    assert rounds.tally["missing"] == (since < PIECES)
    assert rounds.tally["excused"] == max(0, PIECES - 1 - since)
