"""Other people's environments in a batch: PettingZoo's, and Gymnasium's as worlds of one agent."""

from collections.abc import Callable
from typing import Any

from rallypoint.envs.batch import Copies
from rallypoint.envs.views.adapter.outside import outside_of
from rallypoint.envs.views.adapter.sources import make_one, source_of
from rallypoint.envs.views.adapter.world import Adapted

__all__ = ["Adapted", "adapt"]


def adapt(
    env: str | Callable[..., Any],
    *,
    copies: Copies = 1,
    max_cycles: int | None = None,
    noop: Any = None,
    render_mode: str | None = None,
    outside: str | None = None,
    anew: bool = False,
    **settings: Any,
) -> Adapted:
    """Make E copies of somebody else's environment, stepped together.

    It is as fast as that environment. Everything it returns is looked at, and what is against its
    own spaces or PettingZoo's rules is refused with agent, step and value. Agents with equal spaces
    form a group, named after what their names share; ``agents`` if there is but one group. Dict and
    Tuple observations become one flat array; action masks in them, or in infos, are offered as
    ``action_mask``; ``state`` is offered where the environment has one. Nobody can be removed, and
    there is a no-op only if you say which action does nothing: threats that crash agents need it.

    Args:
        env: ``"pettingzoo:ID"`` or ``"gymnasium:ID"`` of their registries,
            ``"package.module:factory"``, or something to call that makes one environment.
        copies: how many, or the global id of each.
        max_cycles: steps after which an episode is cut short. It is handed on to environments that
            have such a setting, and kept by the batch otherwise. Not given, it is what the
            environment says of itself, if it does (``max_cycles``, or its Gymnasium spec).
        noop: the action that does nothing, or one for each group by name.
        render_mode: handed on, if given.
        outside: what becomes of an observation outside of its declared Box. ``"refuse"``: an error
            with agent, step and value. ``"clip"``: it is cut off there. ``"allow"``: it is shown
            as it is, and no Box of the world has bounds. Not given, it is ``"refuse"``, and
            ``"allow"`` where an environment of Gymnasium's is known to be right and its Box wrong:
            LunarLander. Numbers that are not finite are refused always.
        anew: whether to make a new environment for every episode: slow, and needed where one
            carries something over from one episode to the next, so that a seed does not say all.
        **settings: handed on.

    Raises:
        UnknownName: no environment of that name is registered.
        Unavailable: it does not import; says why.
        InvalidConfig: it cannot be a batch, or a setting is wrong; says why.
        NotConformant: its copies differ in what they say of themselves, or its first reset is
            against the rules.

    >>> cart = adapt("gymnasium:CartPole-v1", copies=64)
    >>> cart.reset(seed=0)["agents"].shape, cart.time_limit
    ((64, 1, 4), 500)
    """
    source = source_of(env)
    if render_mode is not None:
        settings["render_mode"] = render_mode
    return Adapted(
        lambda: make_one(source, settings, max_cycles),
        id=source.name,
        copies=copies,
        max_cycles=max_cycles,
        noop=noop,
        outside=outside_of(source.name, outside),
        anew=anew,
    )
