"""An episode that is about to be watched: where, by whom, and under what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from rallypoint.envs.drawing.canvas import Frame
from rallypoint.experiments.show.actors import actor, settings_for, told_of
from rallypoint.experiments.show.board import boards
from rallypoint.experiments.show.scenes import Cast, Scene, Watched, scenes
from rallypoint.experiments.show.sights import Sight, make_shown
from rallypoint.policies import Policy
from rallypoint.safety.frame import Threatened
from rallypoint.safety.threat_model import ThreatModel
from rallypoint.safety.threats import OF_ROUNDS

_FASTEST = 25.0  # pictures a second, if nobody says how many

Heard = Callable[[], Any]


class Showing:
    """Episodes of one world, played as they are looked at."""

    def __init__(
        self,
        watched: Watched,
        sight: Sight,
        policy: Policy,
        cast: Cast,
        *,
        seed: int,
        most_steps: int,
    ) -> None:
        """Prepare; nothing is played yet."""
        self.world = watched.env
        self.cast = cast
        fps = float(watched.metadata.get("render_fps") or 10)
        self.fps = min(fps, _FASTEST)
        self._watched, self._sight, self._policy = watched, sight, policy
        self._seed, self._most_steps = seed, most_steps
        self.left_out: tuple[str, ...] = ()  # threats to what contributors send
        self._ends: list[Scene] = []

    @classmethod
    def of(
        cls,
        env: str,
        names: Sequence[str] = (),
        *,
        threats: ThreatModel | None = None,
        seed: int = 0,
        episodes: int = 1,
        most_steps: int = 300,
        greedy: bool = False,
        settings: Mapping[str, Any] | None = None,
        env_settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Make the world and those who act in it.

        Args:
            env: its id, or another library's environment, see ``adapt``.
            names: who acts; see ``actor``.
            threats: what goes wrong.
            seed: of the world, its threats and what is done by chance.
            episodes: how many follow one another.
            most_steps: after which an episode is cut short.
            greedy: whether those who were trained do what they hold for best.
            settings: of the rule.
            env_settings: of the world; those of the training, where they say nothing else.

        Raises:
            RallypointError: what cannot be meant; says what, and how to go on.
        """
        shown = make_shown(env, settings_for(names) | dict(env_settings or {}))
        policy = actor(names, shown, settings or {}, greedy=greedy, seed=seed)
        model = threats or ThreatModel()
        in_world = model.in_world()
        world = Threatened(shown, in_world, policy=policy)
        sight = Sight(shown)
        watched = Watched(world, sight)
        cast = Cast(
            title=env,
            subtitle=_subtitle(names, world.model, seed),
            groups=world.groups,
            time_limit=world.time_limit,
            num_episodes=episodes,
            marks=watched.marks,
        )
        showing = cls(watched, sight, policy, cast, seed=seed, most_steps=most_steps)
        showing.left_out = tuple(
            threat.kind for threat in model.threats if threat.site in OF_ROUNDS
        )
        return showing

    @property
    def failure(self) -> str:
        """Why the world's own picture is missing, if it should be there."""
        return self._sight.failure

    def scenes(self, heard: Heard = lambda: None) -> Iterator[Scene]:
        """Play, and yield the start and each step of each episode."""
        for scene in scenes(
            self._watched,
            self._policy,
            seed=self._seed,
            episodes=self.cast.num_episodes,
            most_steps=self._most_steps,
        ):
            heard()
            if scene.is_last:
                self._ends.append(scene._replace(picture=None))
            yield scene

    def boards(self, heard: Heard = lambda: None) -> Iterator[Frame]:
        """Play, and yield a picture of each scene."""
        return boards(self.scenes(heard), self.cast)

    def told(self) -> Iterator[str]:
        """Say what came of each episode that was played to its end."""
        for end in self._ends:
            yield (
                f"{self.cast.title}, episode {end.episode + 1}: {end.step} steps, return per agent "
                f"{end.returns.mean():.4g}"
            )

    def close(self) -> None:
        """Close the world."""
        self._watched.close()


def _subtitle(names: Sequence[str], model: ThreatModel, seed: int) -> str:
    who = " and ".join(told_of(name) for name in names) or "actions by chance"
    kinds = dict.fromkeys(threat.kind for threat in model.threats)
    return f"{who}, seed {seed}; threats: {', '.join(kinds) or 'none'}"
