"""Views start episodes themselves, or have them started: worlds that do so, too, are refused."""

from rallypoint.batch_env import BatchEnv, Step
from rallypoint.errors import InvalidConfig


def refuse_autoreset(env: BatchEnv, step: Step) -> None:
    """Refuse a step after which an ended copy is in its next episode already.

    What was seen last would be what is seen first in that episode, and whoever then calls
    ``reset``, as after every end, would skip it.

    Raises:
        InvalidConfig: the world starts anew by itself.
    """
    if f"final_observations/{env.groups[0].name}" in step.infos:
        raise InvalidConfig(
            f"this {env.id} starts anew by itself, and a view is reset, or resets, after each "
            "end, which would skip every other episode; give it the world without autoreset()"
        )
