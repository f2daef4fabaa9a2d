"""The policy that balances a pole, and the same one over-provisioned."""

import numpy as np

import rallypoint
from rallypoint.agents.gradient.architecture import Architecture
from rallypoint.agents.gradient.learners import PpoLearner
from rallypoint.agents.gradient.policy import GradientPolicy
from rallypoint.agents.gradient.trained import trained
from rallypoint.experiments.experiment import Advance
from rallypoint.experiments.neuron_faults.config import NeuronFaultsConfig
from rallypoint.safety.neurons.duplicates import duplicated

WORLD = "cartpole-v1"
_COPIES = 32  # of the world, to learn in


def learned(config: NeuronFaultsConfig, seed: int, advance: Advance) -> GradientPolicy:
    """Let PPO learn to balance a pole with one hidden layer of tanh; return it, greedy."""
    learner = PpoLearner(
        policy=(config.neurons,),
        value=(64,),
        learning_rate=2e-3,
        final_rate=2e-4,
        minibatch=512,
        epochs=6,
        gamma=0.98,
    )
    world = rallypoint.make(WORLD, copies=_COPIES)
    return trained(world, learner, rounds=config.rounds, seed=seed, advance=advance).greedily()


def provisioned(policy: GradientPolicy, times: int) -> GradientPolicy:
    """Return the same policy with each hidden neuron there so many times."""
    layers = duplicated(policy.layers(), 0, times)
    outputs, units = layers[1].weights.shape
    made = Architecture(
        inputs=layers[0].weights.shape[1],
        outputs=outputs,
        kind="categorical",
        policy=(units,),
        value=None,
    )
    parameters = np.empty(made.size, dtype=np.float32)
    for layer, (weights, biases) in zip(layers, made.actor, strict=True):
        parameters[weights.at] = layer.weights.ravel()
        parameters[biases.at] = layer.biases
    return GradientPolicy(made, parameters, policy.group, greedy=policy.greedy)
