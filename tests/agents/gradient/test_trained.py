"""A policy trained in one call."""

import rallypoint
from rallypoint.agents.evaluation import evaluate
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.trained import trained

LEARNER = PpoLearner(policy=(32,), value=(32,), learning_rate=3e-3, minibatch=512, epochs=6)


def poles(copies=16):
    return rallypoint.make("cartpole-v1", copies=copies, max_cycles=200)


def test_it_learns_and_the_same_from_the_same_seed():
    counted = []
    policy = trained(poles(), LEARNER, rounds=10, seed=3, advance=lambda: counted.append(1))
    again = trained(poles(), LEARNER, rounds=10, seed=3)
    assert len(counted) == 10
    assert (policy.parameters == again.parameters).all()
    played = evaluate(poles(), policy.greedily(), episodes=16, seed=0)
    assert played.returns.mean() > 100  # at random it is about 20
