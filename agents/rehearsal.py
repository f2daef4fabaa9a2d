"""Can threats that know a policy do with it what they mean to? Asked before anything is written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rallypoint.agents.build import build_world, now_acts
from rallypoint.batch_env import BatchEnv
from rallypoint.draws import Draws
from rallypoint.errors import RallypointError
from rallypoint.policies import Policy
from rallypoint.safety.limits import Schedule
from rallypoint.safety.threat_model import ThreatModel


def rehearse_knowing(
    model: ThreatModel | None,
    env: str,
    settings: Mapping[str, Any],
    policy_for: Callable[[BatchEnv], Policy],
) -> None:
    """Let each threat that knows the policy act for a step, at once, upon one that learned nothing.

    Which policies it can look into, only the threat knows: a gradient, a critic, layers. All agents
    act by one network, so one of them is enough.

    Args:
        model: of the threats of a world, if there are any.
        env: the id of the world.
        settings: the world's own.
        policy_for: makes the policy that is to learn there, for a world of one copy.

    Raises:
        RallypointError: what a threat cannot do; names it.
    """
    given = () if model is None else zip(model.numbers, model.threats, strict=True)
    for number, threat in given:
        if not {"policy", "value"} & set(threat.knowledge):
            continue
        victims = [_who_is_there(env, settings)]
        meant = replace(threat, when=Schedule(), victims=victims)
        alone = ThreatModel(threats=(meant,), numbers=(number,))
        world = build_world(env, copies=1, settings=settings, threats=alone, learns=True)
        try:
            now_acts(world, policy := policy_for(world))
            seen = world.reset(0)
            world.step(policy.act(seen, Draws(0, "rehearsal/act", world.copies)))
        except RallypointError as error:
            label = f"the threat {threat.kind!r} (threats[{number}])"
            if label in str(error):  # as frames name who breaks its contract
                raise
            raise type(error)(f"{label}: {error}") from error
        finally:
            world.close()


def _who_is_there(env: str, settings: Mapping[str, Any]) -> str:
    world = build_world(env, copies=1, settings=settings)
    world.reset(0)
    first = world.agents[int(world.alive[0].argmax())]
    world.close()
    return first
