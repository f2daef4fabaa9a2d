"""Multi-agent safe-RL research under interruption, deception and Byzantine faults."""

from pathlib import Path

from rallypoint.registration import make, register_env, spec

__all__ = ["make", "register_env", "spec"]
__version__ = "0.1.0"

# A checkout without links (Windows, some archives): the four folders are found beside src/.
if not (Path(__file__).parent / "envs").is_dir():
    __path__.append(str(Path(__file__).parents[2]))

register_env("cartpole-v1", "rallypoint.envs.control.cartpole.world:CartPole")
register_env("gathering-v0", "rallypoint.envs.gathering.world:Gathering")
register_env("torus-v0", "rallypoint.envs.torus.world:Torus")
register_env("torus-small-v0", "rallypoint.envs.torus.world:Torus", kwargs={"width": 11})
register_env(
    "torus-hard-v0",
    "rallypoint.envs.torus.world:Torus",
    kwargs={"width": 21, "reward": "mix"},
)
