"""Small teams that learn, put together as tests want them."""

import numpy as np

import rallypoint
from rallypoint.agents.gradient.architecture import architecture_for
from rallypoint.agents.gradient.contribution import Contribution
from rallypoint.agents.gradient.contributors import Contributors
from rallypoint.agents.gradient.estimators.gpomdp import Gpomdp
from rallypoint.agents.gradient.estimators.ppo import Ppo
from rallypoint.agents.gradient.fragment import Rollout
from rallypoint.agents.gradient.rounds import Rounds
from rallypoint.agents.gradient.server import Pace, Server
from rallypoint.draws import Draws
from rallypoint.safety.aggregation import Aggregator
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.updates import UpdateThreats

ESTIMATORS = {
    "gpomdp": Gpomdp(gamma=0.99),
    "ppo": Ppo(epochs=2, minibatch=60),
}


def team_of(
    estimator="gpomdp",
    *,
    rule="mean",
    f=0,
    seeds=(0,),
    count=5,
    own=2,
    rate=1e-2,
    momentum=0.0,
    liars=None,
    steps=20,
    ids=None,
    max_cycles=40,
    **attack,
):
    """Return rounds of workers on carts; liars is a kind of threat to updates, two of them."""
    learner = ESTIMATORS[estimator]
    copies = ids if ids is not None else np.arange(len(seeds) * count * own)
    world = rallypoint.make("cartpole-v1", copies=copies, max_cycles=max_cycles)
    value = (16,) if learner.needs_critic else None
    made = architecture_for(world.groups[0], policy=(16, 16), value=value)
    start = [made.initial(np.random.default_rng(seed), scheme="uniform") for seed in seeds]
    threats = None
    if liars is not None:
        model = ThreatModel.from_dict(
            {
                "byzantine": {"members": [1, 3]},
                "threats": [{"kind": liars, "victims": "byzantine", **attack}],
            }
        )
        threats = [UpdateThreats(model, contributors=count, seed=seed) for seed in seeds]
    server = Server(
        np.stack(start),
        [Aggregator.parse(rule)] * len(seeds),
        f=f,
        seeds=seeds,
        pace=Pace(rate=rate),
    )
    return Rounds(
        Rollout(world, Draws(0, "test/gradient", world.copies)),
        made,
        learner,
        Contributors(count=count, runs=len(seeds)),
        server,
        steps=steps,
        seeds=seeds,
        contribution=Contribution(momentum=momentum),
        threats=threats,
    )
