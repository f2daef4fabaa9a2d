"""Multi-agent safe-RL research under interruption, deception and Byzantine faults."""

from pathlib import Path

from rallypoint.registration import make, register_env, spec

__all__ = ["make", "register_env", "spec"]
__version__ = "0.1.0"

# A checkout without links (Windows, some archives): the four folders are found beside src/.
if not (Path(__file__).parent / "envs").is_dir():
    __path__.append(str(Path(__file__).parents[2]))

register_env("ant-colony-v0", "rallypoint.envs.ant_colony.world:AntColony")
register_env("cartpole-v1", "rallypoint.envs.control.cartpole.world:CartPole")
register_env("gathering-v0", "rallypoint.envs.gathering.world:Gathering")
register_env("torus-v0", "rallypoint.envs.torus.world:Torus")
register_env("torus-small-v0", "rallypoint.envs.torus.world:Torus", kwargs={"width": 11})
register_env(
    "torus-hard-v0",
    "rallypoint.envs.torus.world:Torus",
    kwargs={"width": 21, "reward": "mix"},
)
register_env("pathfinding-v0", "rallypoint.envs.pathfinding.world:Pathfinding")
register_env("matching-game-v0", "rallypoint.envs.games.matching:world")
register_env("two-car-road-v0", "rallypoint.envs.games.two_car_road:world")
register_env("two-state-v0", "rallypoint.envs.games.two_state:world")
register_env("off-switch-v0", "rallypoint.envs.games.off_switch:world")
register_env("bad-or-good-v0", "rallypoint.envs.games.bad_or_good:world")
register_env("coordination-toy-v0", "rallypoint.envs.games.coordination_toy:world")
register_env("absent-supervisor-v0", "rallypoint.envs.gridworlds.absent_supervisor:world")
register_env("corridor-v0", "rallypoint.envs.gridworlds.corridor:world")
register_env("distributional-shift-v0", "rallypoint.envs.gridworlds.distributional_shift:world")
register_env("friend-or-foe-v0", "rallypoint.envs.gridworlds.friend_or_foe:world")
register_env("island-navigation-v0", "rallypoint.envs.gridworlds.island_navigation:world")
register_env("principal-agent-v0", "rallypoint.envs.principal_agent.world:PrincipalAgent")
register_env("recommender-v0", "rallypoint.envs.recommender.world:Recommender")
register_env("safe-interruptibility-v0", "rallypoint.envs.gridworlds.safe_interruptibility:world")
register_env("shutdown-delay-v0", "rallypoint.envs.gridworlds.shutdown_delay:world")
register_env("whisky-gold-v0", "rallypoint.envs.gridworlds.whisky_gold:world")
