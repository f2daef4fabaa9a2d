"""Trajectories are filtered on a cluster as in this process, and as many are left out."""

import pytest

from rallypoint.agents.gradient.by_name import Team, TeamTraining
from rallypoint.agents.rounds.cluster import Cluster
from rallypoint.agents.rounds.in_process import InProcess
from rallypoint.agents.rounds.placement import Placement

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize("agent", ["gpomdp", "ppo"])
def test_actors_leave_out_what_this_process_does(agent):
    training = TeamTraining(
        env="cartpole-v1",
        agent=agent,
        steps=10**6,
        seed=3,
        settings={"steps": 32, "trajectory_filter": "sever", "poisoned_share": 0.3}
        | ({"minibatch": 512, "epochs": 2} if agent == "ppo" else {}),
        team=Team(workers=4),
    )

    def learned(delivery):
        rounds = training._rounds(delivery)
        told = [report.filtered for report in rounds.run(5)]
        return rounds.server.parameters.tobytes(), told

    parameters, told = learned(InProcess([training.recipe.workshop()], [range(4)]))
    assert sum(one.left_out for of_round in told for one in of_round) > 0
    placement = Placement(address="auto", actors=2, cpus=0.5, source="installed")
    cluster = Cluster(training.recipe, 4, placement)
    try:
        assert learned(cluster) == (parameters, told)
    finally:
        cluster.close()
