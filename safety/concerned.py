"""Which groups of a world a threat may have victims in."""

from rallypoint.batch_env import BatchEnv, Group
from rallypoint.safety.enforcement.ballot import named
from rallypoint.safety.known import spans_of
from rallypoint.safety.limits import as_victims
from rallypoint.safety.threats import Threat


def groups_concerned(threat: Threat, env: BatchEnv) -> list[Group]:
    """Return the groups in which a threat may have victims: all, unless it names them.

    Raises:
        UnknownName, InvalidConfig: it names an agent that is none.
    """
    victims = as_victims(threat.victims)
    if not isinstance(victims, tuple):
        return [group for group in env.groups if group.agents]
    meant = named(victims, env.agents)
    return [span.group for span in spans_of(env) if meant[span.columns].any()]
