"""Steps in which anything happened, whatever a world would make of it."""

from rallypoint.agents.tabular.transition import Transition


def some_transition(rng, shape, states, counts):
    """Draw one step of every copy: (E, N) by shape; counts of actions, for all or for each."""

    def actions():
        return rng.integers(counts, size=shape)

    return Transition(
        percepts=rng.integers(states, size=shape),
        proposed=actions(),
        executed=actions(),
        interrupted=rng.random(shape) < 0.4,
        rewards=rng.normal(size=shape),
        next_percepts=rng.integers(states, size=shape),
        terminated=rng.random(shape) < 0.2,
        truncated=rng.random(shape) < 0.2,
        present=rng.random(shape) < 0.8,
        next_proposed=actions(),
        next_executed=actions(),
        odds=rng.random(shape) * 2,
        second=actions(),
    )
