"""What a step under threats tells besides what the world tells."""

from typing import TYPE_CHECKING

from rallypoint.batch_env import Actions, Array
from rallypoint.safety.enforcement.sites import Overridden

if TYPE_CHECKING:
    from rallypoint.safety.frame import Threatened


def told(
    env: "Threatened", proposed: Actions, done: Overridden, so_far: dict[str, Array]
) -> dict[str, Array]:
    """Return the infos of a step, of which ``Feedback`` has told some; references, not copies.

    ====================================  =========================================================
    ``proposed/<group>`` (E, n, …)        actions as policies chose them
    ``executed/<group>`` (E, n, …)        actions as the world got them
    ``true_observations/<group>``         what would be seen if nobody deceived anybody
    ``true_rewards`` (E, N)               what was earned, whatever is told
    ``true_costs`` (E, N, k)              likewise, of a world that offers ``cost``
    ``interrupted`` (E, N)                whether a person overrode the agent in this step
    ``theta`` (E, N)                      how likely that was; NaN where a threat does not tell
    ``will_interrupt`` (E, N)             whether a person is set to, in this episode; see the frame
    ``crashed`` (E, N)                    who is down after the step, as ``alive`` is after it
    ``byzantine`` (E, N)                  who lies
    ====================================  =========================================================
    """
    infos = dict(so_far)
    true = env.true_observations
    for group in env.groups:
        name, kind = group.name, group.action_space.dtype
        # In the space's own type, however the caller spells actions; no copy if it is that.
        infos[f"proposed/{name}"] = proposed[name].astype(kind, copy=False)
        infos[f"executed/{name}"] = done.actions[name].astype(kind, copy=False)
        infos[f"true_observations/{name}"] = true[name]
    infos["interrupted"] = done.interrupted
    infos["theta"] = done.theta
    infos["will_interrupt"] = env.will_interrupt
    infos["crashed"] = env.crashed
    infos["byzantine"] = env.byzantine
    return infos
