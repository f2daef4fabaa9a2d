"""As small as it can be run."""

from contextlib import contextmanager

from rallypoint.experiments.deep_gathering.config import DeepGatheringConfig

SEEDS = (0, 1)
MINIATURE = DeepGatheringConfig(sizes=("small",), test_episodes=20, budget=0.2)
REFUSED = [
    ({"sizes": ("smal",)}, "size"),
    ({"num_agents": 0}, "num_agents"),
    ({"test_episodes": 0}, "test_episodes"),
    ({"budget": 0.0}, "budget"),
    ({"budget": float("inf")}, "a finite share"),
]


@contextmanager
def progress(label, total):
    """Show nothing; a training ends with the fragment in which it has the steps it was given."""
    del label, total
    yield lambda units=1: None
